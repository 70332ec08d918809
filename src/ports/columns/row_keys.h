#pragma once
// SPDX-License-Identifier: Apache-2.0
// Under which keys a captured row is found when its time is not known, and the stretches of time
// that such a look-up gives. Used by the columns' adapters and by their readers. Pure functions,
// any thread.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ports/columns/columns.h"
#include "records/id_key.h"

namespace flywheel {

/// An id is made when its request arrives: its rows are served within this, so nearly always their
/// id says where they stand.
inline constexpr std::chrono::seconds kIdSlack{2};

/// Where rows stand whose id says their time.
[[nodiscard]] inline TimeRange around(const Uuid& id) {
    return {id.time() - kIdSlack, id.time() + kIdSlack};
}

[[nodiscard]] inline Time stands_at(const Prediction& row) {
    return row.time;
}

[[nodiscard]] inline Time stands_at(const Feedback& said) {
    return said.arrived;
}

/// Calls `take` with the keys of a row: of its request id when a client made it, of its base id
/// when that does not say its time. Most rows have none.
template <class Take>
void each_key(const Prediction& row, const Take& take) {
    if (!row.id.uuid.with_row(0).is_text(row.request_id)) {
        take(key_of(row.model, row.request_id));
    }
    const TimeRange said = around(row.id.uuid);
    if (row.time < said.begin || row.time >= said.end) {
        take(key_of(row.model, row.id.uuid));
    }
}

/// Of feedback: always that of its target.
template <class Take>
void each_key(const Feedback& said, const Take& take) {
    take(key_of(said.model, said.target));
}

/// Adds a stretch: to the last one when it begins in it or soon after, so that an id which is used
/// again and again does not give as many stretches.
inline void add_range(std::vector<TimeRange>& ranges, TimeRange next) {
    constexpr std::chrono::minutes kNear{1};
    if (!ranges.empty() && ranges.back().begin <= next.begin &&
        next.begin - kNear <= ranges.back().end) {
        ranges.back().end = std::max(ranges.back().end, next.end);
    } else {
        ranges.push_back(next);
    }
}

/// The same stretches, rising and apart.
[[nodiscard]] inline std::vector<TimeRange> apart(std::vector<TimeRange> ranges) {
    std::ranges::sort(ranges, {}, &TimeRange::begin);
    std::vector<TimeRange> joined;
    for (const TimeRange& range : ranges) {
        add_range(joined, range);
    }
    return joined;
}

}  // namespace flywheel
