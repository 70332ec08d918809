// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/rolled_rows.h"

#include <algorithm>

#include "rooms/capture/frames/captured_keys.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

namespace {

constexpr Duration kTick{1};

}  // namespace

void RolledRows::widen(RecentMap<TimeRange>& spans, std::uint64_t key, Time time) {
    TimeRange span{time, time + kTick};
    if (const TimeRange* known = spans.find(key)) {
        span.begin = std::min(span.begin, known->begin);
        span.end = std::max(span.end, known->end);
    }
    spans.put(key, span);
}

void RolledRows::remember(std::span<const Prediction> rows) {
    const std::lock_guard lock(mutex_);
    for (const Prediction& row : rows) {
        if (!is_base_text(row.request_id, row.id.uuid)) {
            widen(rows_, key_of(row.model, row.request_id), row.time);
        }
    }
}

void RolledRows::remember(std::span<const Feedback> said) {
    const std::lock_guard lock(mutex_);
    for (const Feedback& one : said) {
        widen(feedback_, key_of(one.model, one.target), one.arrived);
    }
}

Result<void> RolledRows::load(const std::string& model, Time now) {
    {
        const std::lock_guard lock(mutex_);
        if (loaded_.contains(model)) {
            return {};
        }
    }
    const TimeRange history{now - plan_.history, Time::max()};
    TRY(columns_.scan_predictions(model, history, RowParts::Keys, [&](const Prediction& row) {
        remember(std::span(&row, 1));
        return Result<void>();
    }));
    TRY(columns_.scan_feedback(model, {Time::min(), Time::max()}, [&](const Feedback& said) {
        remember(std::span(&said, 1));
        return Result<void>();
    }));
    const std::lock_guard lock(mutex_);
    loaded_.insert(model);
    return {};
}

std::optional<TimeRange> RolledRows::served(std::uint64_t key, Time now) const {
    const std::lock_guard lock(mutex_);
    if (const TimeRange* span = rows_.find(key)) {
        return *span;
    }
    if (rows_.forgot()) {
        return TimeRange{now - plan_.history, Time::max()};
    }
    return std::nullopt;
}

std::optional<TimeRange> RolledRows::arrived(std::uint64_t key) const {
    const std::lock_guard lock(mutex_);
    if (const TimeRange* span = feedback_.find(key)) {
        return *span;
    }
    if (feedback_.forgot()) {
        return kAllTimes;
    }
    return std::nullopt;
}

}  // namespace flywheel
