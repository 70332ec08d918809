// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/column_roller.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "rooms/capture/privacy/column_eraser.h"
#include "rooms/capture/segment_rows.h"

namespace flywheel {

Result<RollReport> ColumnRoller::roll() {
    const std::lock_guard lock(mutex_);
    if (const auto open = parts_.journal.open_segment();
        open != 0 && parts_.index.rows(open) >= plan_.roll_rows) {
        TRY(parts_.committer.seal());
    }
    RollReport report;
    TRY(roll_sealed(report));
    TRY(erase_rolled(report));
    const Time now = parts_.clock.now();
    if (const auto today = std::chrono::floor<std::chrono::days>(now); today != kept_on_) {
        report.upkeep = TRY(keep_columns(parts_.columns, plan_.lifetimes, now));
        expired_rows_ += report.upkeep.predictions_removed + report.upkeep.feedback_removed;
        kept_on_ = today;
    }
    // After the upkeep, which gives old files the indexes that make this cheap.
    TRY(look_after_orphans(now));
    return report;
}

Result<EraseReport> ColumnRoller::erase(const Erasure& erasure) {
    TRY(parts_.committer.write_erasures({erasure}));
    parts_.erased.add(erasure);
    const std::lock_guard lock(mutex_);
    columns_clean_ = false;
    RollReport rolled;
    EraseReport report = TRY(erase_rolled(rolled));
    report.subject = erasure.subject;
    report.until = erasure.until;
    return report;
}

void ColumnRoller::count(CaptureCounters& out) const {
    out.rolled_segments = segments_;
    out.rolled_rows = rows_;
    out.expired_rows = expired_rows_;
}

/// Does it hold erasures and nothing else? Then it stays in the journal.
Result<bool> ColumnRoller::holds_only_erasures(std::uint64_t segment) {
    if (parts_.index.rows(segment) > 0) {
        return false;
    }
    bool erases = false;
    SegmentRows rows(
        parts_.journal,
        segment,
        {.row = [](const Prediction&) {},
         .erasures =
             [&](const std::vector<Erasure>&) {
                 erases = true;
                 return Result<void>();
             }}
    );
    TRY(rows.each_prediction([](Prediction&) { return Result<void>(); }));
    return erases && rows.predictions() == 0 && rows.feedback().empty() && rows.payloads().empty();
}

/// Columns first, then the index, then the journal: readers look at them in the other order.
Result<void> ColumnRoller::roll_segment(std::uint64_t segment, RollReport& report) {
    if (!TRY(parts_.columns.has_segment(segment))) {
        if (only_erasures_.contains(segment) || TRY(holds_only_erasures(segment))) {
            only_erasures_.insert(segment);
            return {};
        }
        bool to_erase = false;
        SegmentRows rows(
            parts_.journal,
            segment,
            {.row = [&](const Prediction& row
                    ) { to_erase = to_erase || parts_.erased.covers(row); },
             .erasures = [&](const std::vector<Erasure>& found
                         ) { return parts_.committer.write_erasures(found); }}
        );
        const auto rolled = parts_.columns.roll_segment(segment, rows);
        columns_clean_ = columns_clean_ && !to_erase;
        TRY(rolled);
        ++report.segments;
        report.predictions += rows.predictions();
        report.feedback += rows.feedback().size();
        ++segments_;
        rows_ += rows.predictions();
    }
    parts_.index.forget(segment);
    return parts_.journal.drop(segment);
}

Result<void> ColumnRoller::roll_sealed(RollReport& report) {
    const auto segments = TRY(parts_.journal.sealed());
    for (const auto segment : segments) {
        TRY(roll_segment(segment, report));
    }
    return {};
}

/// Looks for their rows in the columns, for some hundred a call. Those of an earlier process are
/// found in the columns once: what they hold now was rolled by it, or a moment ago.
Result<void> ColumnRoller::look_after_orphans(Time now) {
    if (!orphans_known_) {
        auto stored = TRY(orphans_in(parts_.columns, now));
        parts_.committer.with_orphans([&](Orphans& orphans, const JournalIndex& index) {
            orphans.take_over(std::move(stored), index);
        });
        orphans_known_ = true;
    }
    std::vector<Orphan> unchecked;
    parts_.committer.with_orphans([&](Orphans& orphans, const JournalIndex&) {
        unchecked = orphans.unchecked();
    });
    for (const Orphan& orphan : unchecked) {
        if (TRY(parts_.reader.has_row(orphan.model, orphan.target))) {
            parts_.committer.with_orphans([&](Orphans& orphans, const JournalIndex&) {
                orphans.found(std::array{orphan.key});
            });
        }
    }
    parts_.committer.with_orphans([&](Orphans& orphans, const JournalIndex&) {
        orphans.expire(now);
    });
    return {};
}

/// Rows of erased subjects that reached the columns go. Once a start, and after each erasure.
/// Everything is rolled before: only then do the columns say which payloads others refer to.
Result<EraseReport> ColumnRoller::erase_rolled(RollReport& report) {
    if (columns_clean_ || parts_.erased.empty()) {
        return EraseReport{};
    }
    TRY(parts_.committer.seal_payloads());
    TRY(roll_sealed(report));
    auto erased = TRY(erase_from_columns(parts_.columns, parts_.erased, plan_.forget));
    columns_clean_ = true;
    return erased;
}

}  // namespace flywheel
