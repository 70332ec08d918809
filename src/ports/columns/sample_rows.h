#pragma once
// SPDX-License-Identifier: Apache-2.0
// Captured rows that fill every field, for tests and benchmarks of the journal, the columns and
// capture. The same Rng makes the same rows.

#include <string>
#include <vector>

#include "base/rng.h"
#include "records/feedback.h"
#include "records/payload.h"
#include "records/prediction.h"
#include "records/uncertainty.h"

namespace flywheel::testing {

inline Time sample_day(int day) {
    return Time(std::chrono::sys_days(std::chrono::year(2017) / 3 / 1) + std::chrono::days(day));
}

/// A headline-like row: 7 scores, 128 halves, about 90 bytes of text.
inline Prediction sample_prediction(Time time, Rng& rng, const std::string& model = "news") {
    Prediction row;
    row.id = Id<Prediction>{Id<Prediction>::random(time, rng).uuid.with_row(0)};
    row.request_id = row.id.text();
    row.time = time;
    row.model = model;
    row.version = "3";
    row.route = rng.below(10) == 0 ? Route::Canary : Route::Stable;
    row.payload = "\xEB\x89\xB4\xEC\x8A\xA4 headline number " + std::to_string(rng.next()) +
                  " of a stream of many headlines";
    row.payload_digest = sha256(row.payload);
    row.payload_bytes = row.payload.size();
    row.media_type = kTextPayload;
    row.label = static_cast<std::int64_t>(rng.below(7));
    for (int i = 0; i < 7; ++i) {
        row.scores.push_back(static_cast<float>(rng.uniform()));
        row.base_scores.push_back(static_cast<float>(rng.uniform()));
    }
    for (int i = 0; i < 128; ++i) {
        row.embedding.push_back(static_cast<std::uint16_t>(0x2000U + rng.below(0x1000)));
    }
    const Uncertainty sure = uncertainty_of(row.scores);
    row.confidence = sure.confidence;
    row.margin = sure.margin;
    row.entropy = sure.entropy;
    row.us_infer = static_cast<std::int32_t>(rng.below(100));
    row.us_total = static_cast<std::int32_t>(rng.below(1000));
    row.batch_rows = 1;
    row.attempt = 1;
    row.engine = "linear";
    row.policy = "default";
    row.propensity = 0.25;
    return row;
}

inline Feedback sample_feedback(const std::string& target, Time arrived, Rng& rng) {
    Feedback said;
    said.id = Id<Feedback>::random(arrived, rng);
    said.model = "news";
    said.target = target;
    said.kind = FeedbackKind::Label;
    said.label = "politics";
    said.at = arrived - std::chrono::hours(1);
    said.arrived = arrived;
    said.by = "reader-" + std::to_string(rng.below(50));
    said.comment = "wrong topic";
    return said;
}

/// The same row with every field that is seldom set.
inline Prediction with_rare_fields(Prediction row, Rng& rng) {
    row.subject = sha256("subject " + std::to_string(rng.below(10)));
    row.row_id = "row-" + std::to_string(rng.below(1000));
    row.params = R"({"user_tier":"gold"})";
    row.us_queue = static_cast<std::int32_t>(rng.below(50));
    row.us_pre = static_cast<std::int32_t>(rng.below(50));
    row.us_post = static_cast<std::int32_t>(rng.below(50));
    row.batch_rows = 8;
    row.cancelled = rng.below(2) == 0;
    row.redacted = rng.below(2) == 0;
    row.thin = rng.below(2) == 0;
    row.agreement = static_cast<Agreement>(rng.below(3));
    row.policy = "unsure rows";
    row.attempt = static_cast<std::uint32_t>(1 + rng.below(3));
    row.instance = Uuid::random(row.time, rng);
    row.rollout.uuid = Uuid::random(row.time, rng);
    row.key_name = "shop";
    row.outputs = "outputs";
    row.score_classes = {3, 1};
    return row;
}

/// All fields equal; for EXPECT_TRUE and RC_ASSERT.
inline bool same(const Prediction& a, const Prediction& b) {
    return a.id == b.id && a.request_id == b.request_id && a.time == b.time && a.model == b.model &&
           a.version == b.version && a.route == b.route && a.payload_digest == b.payload_digest &&
           a.payload == b.payload && a.label == b.label && a.scores == b.scores &&
           a.base_scores == b.base_scores && a.embedding == b.embedding && a.subject == b.subject &&
           a.row_id == b.row_id && a.params == b.params && a.confidence == b.confidence &&
           a.margin == b.margin && a.entropy == b.entropy && a.us_queue == b.us_queue &&
           a.us_pre == b.us_pre && a.us_infer == b.us_infer && a.us_post == b.us_post &&
           a.us_total == b.us_total && a.batch_rows == b.batch_rows && a.status == b.status &&
           a.error == b.error && a.cancelled == b.cancelled && a.redacted == b.redacted &&
           a.thin == b.thin && a.agreement == b.agreement && a.policy == b.policy &&
           a.propensity == b.propensity && a.media_type == b.media_type &&
           a.payload_bytes == b.payload_bytes && a.attempt == b.attempt &&
           a.instance == b.instance && a.rollout == b.rollout && a.key_name == b.key_name &&
           a.engine == b.engine && a.outputs == b.outputs && a.score_classes == b.score_classes;
}

inline bool same(const Feedback& a, const Feedback& b) {
    return a.id == b.id && a.model == b.model && a.target == b.target && a.row == b.row &&
           a.kind == b.kind && a.label == b.label && a.value == b.value && a.source == b.source &&
           a.at == b.at && a.arrived == b.arrived && a.by == b.by && a.comment == b.comment &&
           a.row_id == b.row_id;
}

template <class Row>
bool same(const std::vector<Row>& a, const std::vector<Row>& b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same(a[i], b[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace flywheel::testing
