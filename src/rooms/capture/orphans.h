#pragma once
// SPDX-License-Identifier: Apache-2.0
// Orphans: targets of feedback for which no row is known (yet). Bounded; one thread at a time.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "records/feedback.h"
#include "rooms/capture/journal_index.h"

namespace flywheel {

struct Orphan {
    std::uint64_t key = 0;  ///< See captured_keys.h.
    std::string model;
    std::string target;
};

class Orphans {
  public:
    /// Takes the target of this feedback if the journal holds no row that it means.
    void note(const Feedback& said, const JournalIndex& index);
    /// Rows with these keys are known now.
    void found(std::span<const std::uint64_t> keys);
    /// Some hundred whose rows nobody has looked for in the columns; they count as looked for.
    [[nodiscard]] std::vector<Orphan> unchecked();

    [[nodiscard]] std::size_t size() const { return orphans_.size(); }

  private:
    struct Entry {
        Orphan orphan;
        bool checked = false;
    };

    std::unordered_map<std::uint64_t, Entry> orphans_;
};

}  // namespace flywheel
