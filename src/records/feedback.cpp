// SPDX-License-Identifier: Apache-2.0
#include "records/feedback.h"

#include <algorithm>
#include <utility>

namespace flywheel {

namespace {

/// The row within its request, by the caller's name for it or by its number.
bool means_number(const Feedback& said, const Prediction& row) {
    if (!said.row_id.empty()) {
        return said.row_id == row.row_id;
    }
    return said.row == Feedback::kTheOnlyRow || said.row == row.id.uuid.row();
}

bool means_by_id(const Feedback& said, const Result<Uuid>& target, const Prediction& row) {
    if (!target) {
        return false;
    }
    if (target->row() != 0) {
        return *target == row.id.uuid;
    }
    return *target == row.id.uuid.with_row(0) && means_number(said, row);
}

bool means_by_request(const Feedback& said, const Result<Uuid>& target, const Prediction& row) {
    if (row.route == Route::Shadow || !means_number(said, row)) {
        return false;
    }
    if (!target || said.target == row.request_id) {
        return said.target == row.request_id;
    }
    const auto own = Uuid::parse(row.request_id);
    return own && *own == *target;
}

/// Feedback that names no row is about nothing when the request had several.
bool needs_index(
    const Feedback& said,
    const Result<Uuid>& target,
    const Prediction& meant,
    std::span<const Prediction> rows
) {
    const bool by_row = target && target->row() != 0 && *target == meant.id.uuid;
    if (said.row != Feedback::kTheOnlyRow || !said.row_id.empty() || by_row) {
        return false;
    }
    return std::ranges::any_of(rows, [&](const Prediction& row) {
        return row.id.uuid.row() != 0 && row.id.uuid.with_row(0) == meant.id.uuid.with_row(0);
    });
}

}  // namespace

AttemptRank rank_attempt(Time served, std::int32_t status, Time arrived) {
    const bool before = served <= arrived;
    const std::int64_t at = micros(served);
    return {before, status == 200, before ? at : -at};
}

const Prediction* row_meant(const Feedback& said, std::span<const Prediction> rows) {
    const auto target = Uuid::parse(said.target);
    const Prediction* meant = nullptr;
    bool by_id = false;
    const auto rank = [&](const Prediction& row) {
        return std::pair(rank_attempt(row.time, row.status, said.arrived), row.id);
    };
    for (const Prediction& row : rows) {
        if (means_by_id(said, target, row)) {
            meant = by_id && rank(row) <= rank(*meant) ? meant : &row;
            by_id = true;
        } else if (!by_id && means_by_request(said, target, row)) {
            meant = meant != nullptr && rank(row) <= rank(*meant) ? meant : &row;
        }
    }
    if (meant != nullptr && needs_index(said, target, *meant, rows)) {
        return nullptr;
    }
    return meant;
}

}  // namespace flywheel
