#pragma once
// SPDX-License-Identifier: Apache-2.0
// Orphans: targets of feedback for which no row is known (yet). They wait for 30 days from the
// newest such feedback, then they are forgotten and counted; the feedback stays where it is.
// Bounded; one thread at a time.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "ports/columns/columns.h"
#include "records/feedback.h"
#include "rooms/capture/journal_index.h"

namespace flywheel {

struct Orphan {
    std::uint64_t key = 0;  ///< See captured_keys.h.
    std::string model;
    std::string target;
    Time arrived;  ///< The newest feedback.
};

class Orphans {
  public:
    static constexpr std::chrono::days kWait{30};

    /// Takes the target of this feedback if the journal holds no row that it means.
    void note(const Feedback& said, const JournalIndex& index);
    /// Those of an earlier process, whose rows are not in the columns either.
    void take_over(std::vector<Orphan> stored, const JournalIndex& index);
    /// Rows with these keys are known now.
    void found(std::span<const std::uint64_t> keys);
    /// Some hundred whose rows nobody has looked for in the columns; they count as looked for.
    [[nodiscard]] std::vector<Orphan> unchecked();
    /// Forgets those that have waited long enough.
    void expire(Time now);

    [[nodiscard]] std::size_t size() const { return orphans_.size(); }

    /// How many were forgotten unfound.
    [[nodiscard]] std::uint64_t expired() const { return expired_; }

  private:
    struct Entry {
        Orphan orphan;
        bool checked = false;
    };

    std::unordered_map<std::uint64_t, Entry> orphans_;
    std::uint64_t expired_ = 0;
};

/// Targets of the feedback in the columns that still waits, and has no row there: all feedback of
/// the last 30 days, and the keys of all rows that it may mean, are read once.
Result<std::vector<Orphan>> orphans_in(const Columns& columns, Time now);

}  // namespace flywheel
