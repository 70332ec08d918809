#pragma once
// SPDX-License-Identifier: Apache-2.0
// Little-endian numbers in and out of bytes, for the formats of docs/internals/. Used by the
// journal, the codecs of capture and the worker protocol. Pure functions, any thread.

#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace flywheel {

static_assert(std::endian::native == std::endian::little, "formats are written as memory lies");

/// Writes `value` at `to`.
template <class T>
requires std::is_trivially_copyable_v<T>
inline char* put_bytes(char* to, const T& value) {
    std::memcpy(to, &value, sizeof(T));
    return to + sizeof(T);
}

inline char* put_bytes(char* to, std::string_view bytes) {
    if (!bytes.empty()) {
        std::memcpy(to, bytes.data(), bytes.size());
    }
    return to + bytes.size();
}

/// Reads a number that certainly is there.
template <class T>
requires std::is_trivially_copyable_v<T>
[[nodiscard]] inline T bytes_at(const char* from) {
    T value{};
    std::memcpy(&value, from, sizeof(T));
    return value;
}

/// Walks over bytes that may end too early. After an end that came too early, ok() is false and
/// everything read is zero or empty.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : left_(bytes) {}

    template <class T>
    requires std::is_trivially_copyable_v<T>
    T take() {
        const std::string_view bytes = take_bytes(sizeof(T));
        return ok_ ? bytes_at<T>(bytes.data()) : T{};
    }

    std::string_view take_bytes(std::size_t size) {
        if (size > left_.size()) {
            ok_ = false;
            left_ = {};
            return {};
        }
        const std::string_view bytes = left_.substr(0, size);
        left_.remove_prefix(size);
        return bytes;
    }

    [[nodiscard]] bool ok() const { return ok_; }

    [[nodiscard]] bool at_end() const { return left_.empty(); }

    [[nodiscard]] std::size_t left() const { return left_.size(); }

  private:
    std::string_view left_;
    bool ok_ = true;
};

}  // namespace flywheel
