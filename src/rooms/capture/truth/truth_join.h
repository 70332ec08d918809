#pragma once
// SPDX-License-Identifier: Apache-2.0
// The as-of join of what was served with what was said about it later, for tables of any length:
// feedback is read first and held (signal_table.h), then the rows pass by once, only their key
// columns read. Memory grows with the feedback (about 250 bytes for a signal and the row it meets),
// not with the rows. Called by whoever makes a training set or a measurement; one thread.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "ports/columns/joined_rows.h"
#include "rooms/capture/capture.h"
#include "rooms/capture/truth/row_truth.h"

namespace flywheel {

struct TruthPlan {
    std::string model;
    TimeRange served;       ///< Which rows; none that were served after `as_of`.
    Time as_of;             ///< Only what had arrived by then.
    bool all_rows = false;  ///< Also rows whose truth nothing says.
    /// Name of a version's class; "" when it is not known. Valid as long as the plan.
    std::function<std::string_view(std::string_view version, std::int64_t label)> label_name;
    /// What people who label said of a payload. Valid as long as the plan; may be empty.
    std::function<std::span<const LabelledTruth>(const Digest& payload)> labelled = {};
    const std::atomic<bool>* stop = nullptr;  ///< Set by another thread: the join ends, Cancelled.
};

struct TruthCounts {
    std::int64_t rows = 0;  ///< Answered with 200 in the range, shadows left out.
    std::int64_t with_truth = 0;
    std::array<std::int64_t, 6> by_source{};  ///< Of these, by TruthSource.
    std::int64_t conflicting = 0;             ///< Rows with a source that says otherwise.
    std::int64_t signals = 0;                 ///< Lines of feedback that had arrived.
    std::int64_t joined = 0;                  ///< Of these, about a row of the range.
    std::int64_t index_needed = 0;  ///< Of these, about a request of several rows and naming none.
};

/// Calls `emit` with each row of the table, in no order. Feedback on a request id that several
/// attempts share counts for one of them (records/feedback.h): of those served before it arrived
/// the newest that was answered with 200, of whichever day; for no row of the table when none was.
Result<TruthCounts> join_truth(
    const Capture& capture,
    const TruthPlan& plan,
    const std::function<Result<void>(const JoinedRow&)>& emit
);

}  // namespace flywheel
