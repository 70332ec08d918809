#pragma once
// SPDX-License-Identifier: Apache-2.0
// MemoryCaptured: CapturedRows over two vectors, for tests of the rooms that read captured rows.
// Rows are added by hand, in any order; one thread. Also makes Predictions that are valid in all
// their fields.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/rng.h"
#include "ports/recorder.h"
#include "records/feedback.h"
#include "records/prediction.h"

namespace flywheel::testing {

class MemoryCaptured final : public CapturedRows {
  public:
    void add(Prediction row) { predictions_.push_back(std::move(row)); }

    void add(Feedback said) { feedback_.push_back(std::move(said)); }

    Result<std::vector<Prediction>> predictions(const std::string& model, TimeRange range)
        const override {
        std::vector<Prediction> rows;
        for (const auto& row : predictions_) {
            const bool live = row.route == Route::Stable || row.route == Route::Canary;
            if (live && row.status == 200 && row.model == model && within(range, row.time)) {
                rows.push_back(row);
            }
        }
        std::sort(rows.begin(), rows.end(), [](const Prediction& a, const Prediction& b) {
            return std::pair(a.time, a.id) < std::pair(b.time, b.id);
        });
        return rows;
    }

    Result<std::vector<Feedback>> feedback(const std::string& model, TimeRange arrived)
        const override {
        std::vector<Feedback> found;
        for (const auto& said : feedback_) {
            if (said.model == model && within(arrived, said.arrived)) {
                found.push_back(said);
            }
        }
        std::stable_sort(found.begin(), found.end(), [](const Feedback& a, const Feedback& b) {
            return a.arrived < b.arrived;
        });
        return found;
    }

    Result<std::vector<CapturedPayload>> recent_payloads(const std::string& model, std::size_t most)
        const override {
        std::vector<CapturedPayload> payloads;
        for (auto row = predictions_.rbegin(); row != predictions_.rend(); ++row) {
            if (row->model == model && row->status == 200 && payloads.size() < most) {
                payloads.push_back({row->media_type, row->payload});
            }
        }
        return payloads;
    }

    Result<CapturedRequest> find(const std::string& model, const std::string& id) const override {
        CapturedRequest request;
        for (const auto& row : predictions_) {
            if (row.model == model && (row.request_id == id || row.id.text() == id)) {
                request.rows.push_back(row);
            }
        }
        std::sort(request.rows.begin(), request.rows.end(), [](const auto& a, const auto& b) {
            return a.id < b.id;
        });
        for (const auto& said : feedback_) {
            const bool about =
                said.target == id ||
                std::any_of(request.rows.begin(), request.rows.end(), [&](const auto& row) {
                    return said.target == row.request_id || said.target == row.id.text();
                });
            if (said.model == model && about) {
                request.feedback.push_back(said);
                const Prediction* row = row_meant(said, request.rows);
                request.about.push_back(row != nullptr ? row->id : Id<Prediction>{});
            }
        }
        if (request.rows.empty() && request.feedback.empty()) {
            return not_found("No such request: " + id);
        }
        return request;
    }

    Result<void> flush() const override { return {}; }

  private:
    static bool within(TimeRange range, Time time) {
        return range.begin <= time && time < range.end;
    }

    std::vector<Prediction> predictions_;
    std::vector<Feedback> feedback_;
};

/// One served row with these scores; the label is the largest of them. A fresh id from `rng`.
inline Prediction served_row(
    const std::string& model,
    const std::string& text,
    Time time,
    std::vector<float> scores,
    Rng& rng
) {
    Prediction row;
    row.id = Id<Prediction>::random(time, rng);
    row.request_id = row.id.text();
    row.time = time;
    row.model = model;
    row.version = "1";
    row.payload = text;
    row.payload_digest = sha256(text);
    row.label =
        scores.empty() ? -1 : std::max_element(scores.begin(), scores.end()) - scores.begin();
    row.scores = std::move(scores);
    return row;
}

}  // namespace flywheel::testing
