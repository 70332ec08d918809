#pragma once
// SPDX-License-Identifier: Apache-2.0
// Served rows with their truth as of a time: the table that people train and measure from. Made by
// capture's join, written by an adapter (parquet) to a file of the user's choice. One thread.

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "records/prediction.h"

namespace flywheel {

/// One row of the table; views live as long as the call that is handed it.
struct JoinedRow {
    Id<Prediction> id = {};
    std::string_view request_id = {};
    std::string_view row_id = {};
    Time time = {};
    std::string_view version = {};
    Route route = Route::Stable;
    std::int64_t label = -1;             ///< Class index as served.
    std::string_view served_label = {};  ///< Its name; "" when it is not known.
    float confidence = 0;
    double propensity = 1;
    std::string_view truth = {};         ///< Name of the right label; "" when nothing says it.
    std::string_view truth_source = {};  ///< "adjudicated" ... "confirmed"; "" likewise.
    Time truth_arrived = {};             ///< Meaningless then.
    std::int32_t agreeing = 0;
    std::int32_t conflicting = 0;
};

class JoinedFile {
  public:
    JoinedFile() = default;
    JoinedFile(const JoinedFile&) = delete;
    JoinedFile& operator=(const JoinedFile&) = delete;
    virtual ~JoinedFile() = default;  ///< Without finish(): nothing of it stays.

    virtual Result<void> write(const JoinedRow& row) = 0;
    /// Durable on return; its bytes.
    virtual Result<std::uint64_t> finish() = 0;
};

}  // namespace flywheel
