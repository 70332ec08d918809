#pragma once
// SPDX-License-Identifier: Apache-2.0
// MemoryColumns: the columns of turn tests, and of tests under the thread sanitizer (which cannot
// see into Arrow's libraries). Keeps the rows of each segment in memory. Any thread.

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "ports/columns/columns.h"
#include "ports/columns/row_keys.h"

namespace flywheel {

class MemoryColumns final : public Columns {
  public:
    Result<void> roll_segment(std::uint64_t segment, SegmentSource& rows) override {
        ColumnSegment made;
        TRY(rows.each_prediction([&](Prediction& row) {
            made.predictions.push_back(row);
            return Result<void>();
        }));
        made.feedback = rows.feedback();
        made.payloads = rows.payloads();
        const std::lock_guard lock(mutex_);
        segments_[segment] = std::move(made);
        return {};
    }

    Result<bool> has_segment(std::uint64_t segment) const override {
        const std::lock_guard lock(mutex_);
        return segments_.contains(segment);
    }

    Result<std::vector<std::uint64_t>> segments() const override {
        const std::lock_guard lock(mutex_);
        std::vector<std::uint64_t> numbers;
        for (const auto& [number, segment] : segments_) {
            numbers.push_back(number);
        }
        return numbers;
    }

    Result<ColumnSegment> read_segment(std::uint64_t segment) const override {
        const std::lock_guard lock(mutex_);
        const auto found = segments_.find(segment);
        if (found == segments_.end()) {
            return not_found("No such segment in the columns");
        }
        return found->second;
    }

    Result<void> scan_predictions(
        const std::string& model,
        TimeRange range,
        RowParts parts,
        const std::function<Result<void>(const Prediction&)>& visit
    ) const override {
        std::vector<Prediction> found;
        {
            const std::lock_guard lock(mutex_);
            for (const auto& [number, segment] : segments_) {
                for (const auto& row : segment.predictions) {
                    if (row.model == model && within(range, row.time)) {
                        found.push_back(row);
                    }
                }
            }
        }
        for (auto& row : found) {
            if (parts != RowParts::Whole) {
                row.embedding.clear();
            }
            TRY(visit(row));
        }
        return {};
    }

    Result<void> scan_feedback(
        const std::string& model,
        TimeRange arrived,
        const std::function<Result<void>(const Feedback&)>& visit
    ) const override {
        std::vector<Feedback> found;
        {
            const std::lock_guard lock(mutex_);
            for (const auto& [number, segment] : segments_) {
                for (const auto& said : segment.feedback) {
                    if (said.model == model && within(arrived, said.arrived)) {
                        found.push_back(said);
                    }
                }
            }
        }
        for (const auto& said : found) {
            TRY(visit(said));
        }
        return {};
    }

    Result<std::vector<TimeRange>> times_of(
        NamedBy named, const std::string& model, std::span<const std::uint64_t> keys
    ) const override {
        std::vector<TimeRange> found;
        const std::lock_guard lock(mutex_);
        for (const auto& [number, segment] : segments_) {
            if (named == NamedBy::RequestId) {
                add_times(segment.predictions, model, keys, found);
            } else {
                add_times(segment.feedback, model, keys, found);
            }
        }
        return apart(std::move(found));
    }

    Result<std::vector<std::string>> models() const override {
        const std::lock_guard lock(mutex_);
        std::set<std::string> names;
        for (const auto& [number, segment] : segments_) {
            for (const auto& row : segment.predictions) {
                names.insert(row.model);
            }
            for (const auto& said : segment.feedback) {
                names.insert(said.model);
            }
            for (const auto& payload : segment.payloads) {
                names.insert(payload.model);
            }
        }
        return std::vector<std::string>(names.begin(), names.end());
    }

    Result<ColumnUpkeep> expire(Time before) override {
        return remove(
            {[&](const Prediction& row) { return day_is_over(row.time, before); },
             [&](const Feedback& said) { return day_is_over(said.arrived, before); },
             [&](const Payload& payload) { return day_is_over(payload.first_seen, before); }}
        );
    }

    Result<ColumnUpkeep> strip(ShortLived field, Time before) override {
        const std::lock_guard lock(mutex_);
        ColumnUpkeep done;
        for (auto& [number, segment] : segments_) {
            if (field == ShortLived::Payload) {
                done.payloads_removed +=
                    std::erase_if(segment.payloads, [&](const Payload& payload) {
                        return day_is_over(payload.first_seen, before);
                    });
            }
            for (auto& row : segment.predictions) {
                if (!day_is_over(row.time, before)) {
                    continue;
                }
                if (field == ShortLived::Payload) {
                    row.payload.clear();
                } else {
                    row.embedding.clear();
                }
            }
        }
        return done;
    }

    Result<ColumnUpkeep> remove(const RowsToRemove& gone) override {
        const std::lock_guard lock(mutex_);
        ColumnUpkeep done;
        for (auto& [number, segment] : segments_) {
            done.predictions_removed += erase(segment.predictions, gone.prediction);
            done.feedback_removed += erase(segment.feedback, gone.feedback);
            done.payloads_removed += erase(segment.payloads, gone.payload);
        }
        return done;
    }

    Result<ColumnUpkeep> merge(Time) override { return ColumnUpkeep{}; }

    Result<void> find_payloads(
        const PayloadsWanted& wanted, const std::function<Result<void>(Payload&&)>& visit
    ) const override {
        std::vector<Payload> found;
        {
            const std::lock_guard lock(mutex_);
            for (const auto& [number, segment] : segments_) {
                for (const Payload& payload : segment.payloads) {
                    if (payload.model == wanted.model &&
                        within(whole_days(wanted.days), payload.first_seen) &&
                        wanted.wants(payload.digest)) {
                        found.push_back(payload);
                    }
                }
            }
        }
        for (Payload& payload : found) {
            TRY(visit(std::move(payload)));
        }
        return {};
    }

    Result<std::uint64_t> bytes() const override {
        const std::lock_guard lock(mutex_);
        std::uint64_t bytes = 0;
        for (const auto& [number, segment] : segments_) {
            for (const auto& row : segment.predictions) {
                bytes += sizeof(row) + row.payload.size() + 2 * row.embedding.size();
            }
            bytes += segment.feedback.size() * sizeof(Feedback);
            for (const Payload& payload : segment.payloads) {
                bytes += sizeof(payload) + payload.bytes.size();
            }
        }
        return bytes;
    }

  private:
    template <class Row>
    static std::size_t erase(std::vector<Row>& rows, const std::function<bool(const Row&)>& gone) {
        return gone ? std::erase_if(rows, gone) : 0;
    }

    template <class Row>
    static void add_times(
        const std::vector<Row>& rows,
        const std::string& model,
        std::span<const std::uint64_t> keys,
        std::vector<TimeRange>& found
    ) {
        for (const Row& row : rows) {
            each_key(row, [&](std::uint64_t key) {
                if (row.model == model && std::ranges::find(keys, key) != keys.end()) {
                    found.push_back({stands_at(row), stands_at(row) + Duration(1)});
                }
            });
        }
    }

    static bool day_is_over(Time time, Time before) {
        return std::chrono::floor<std::chrono::days>(time) + std::chrono::days(1) <= before;
    }

    static bool within(TimeRange range, Time time) {
        return range.begin <= time && time < range.end;
    }

    mutable std::mutex mutex_;
    std::map<std::uint64_t, ColumnSegment> segments_;
};

}  // namespace flywheel
