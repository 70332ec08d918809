#pragma once
// SPDX-License-Identifier: Apache-2.0
// MemoryColumns: the columns of turn tests, and of tests under the thread sanitizer (which cannot
// see into Arrow's libraries). Keeps the rows of each segment in memory. Any thread.

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "ports/columns/columns.h"

namespace flywheel {

class MemoryColumns final : public Columns {
  public:
    Result<void> write_segment(std::uint64_t segment, const ColumnSegment& rows) override {
        const std::lock_guard lock(mutex_);
        segments_[segment] = rows;
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
        bool with_embeddings,
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
            if (!with_embeddings) {
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
                        std::ranges::binary_search(wanted.digests, payload.digest)) {
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
    static bool within(TimeRange range, Time time) {
        return range.begin <= time && time < range.end;
    }

    mutable std::mutex mutex_;
    std::map<std::uint64_t, ColumnSegment> segments_;
};

}  // namespace flywheel
