#pragma once
// SPDX-License-Identifier: Apache-2.0
// ErasedSubjects: whose rows must be seen no more, and the erase frames that say so in the journal
// (docs/internals/formats.md, 3.1). Written by the thread that erases or recovers, asked by readers
// and by roll; any thread.

#include <atomic>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "ports/journal/journal.h"
#include "records/prediction.h"

namespace flywheel {

/// Rows of this subject up to a time are gone.
struct Erasure {
    Digest subject;
    Time until;

    bool operator==(const Erasure&) const = default;
};

class ErasedSubjects {
  public:
    /// Of several erasures of one subject the latest counts.
    void add(const Erasure& erasure);

    [[nodiscard]] bool covers(const Prediction& row) const;

    [[nodiscard]] bool empty() const { return empty_.load(std::memory_order_relaxed); }

  private:
    mutable std::shared_mutex mutex_;
    std::unordered_map<Digest, Time, DigestHash> until_;
    std::atomic<bool> empty_ = true;
};

[[nodiscard]] Frame erase_frame(const std::vector<Erasure>& erasures);
/// Corrupt when the frame is no erase frame.
Result<std::vector<Erasure>> erasures_of(const Frame& frame);

}  // namespace flywheel
