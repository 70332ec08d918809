#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a fuzzer gets: bytes. The first ones may choose among what is read and how, the rest is
// read. A property that does not hold is a CHECK. Used by the *_fuzz.cpp only; see
// tests/fuzz/README.md.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel::testing {

class FuzzInput {
  public:
    FuzzInput(const std::uint8_t* bytes, std::size_t size)
        : rest_(reinterpret_cast<const char*>(bytes), size) {}

    /// One of 0 to `choices` - 1, by the next byte; 0 when none is left.
    std::size_t choose(std::size_t choices) {
        if (rest_.empty()) {
            return 0;
        }
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return byte % choices;
    }

    /// All that was not taken yet.
    [[nodiscard]] std::string_view rest() const { return rest_; }

    /// The text up to the next line end, which is taken, too.
    std::string_view line() {
        const std::string_view taken = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(taken.size() + (taken.size() < rest_.size() ? 1 : 0));
        return taken;
    }

  private:
    std::string_view rest_;
};

/// True when `inner` looks into `outer`, or nowhere.
[[nodiscard]] inline bool is_within(std::string_view inner, std::string_view outer) {
    return inner.empty() || (inner.data() >= outer.data() &&
                             inner.data() + inner.size() <= outer.data() + outer.size());
}

}  // namespace flywheel::testing
