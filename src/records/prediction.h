#pragma once
// SPDX-License-Identifier: Apache-2.0
// Prediction: one served row, as captured: what came, what was answered, by which version, how
// fast. Written by the room capture only (through the journal); it stands in the journal and in
// Parquet, not in SQL. Also the form in which serving hands a row to the Recorder.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "records/field.h"

namespace flywheel {

struct Rollout;

enum class Route { Stable, Canary, Pinned, Shadow };

inline std::span<const std::string_view> names_of(Route) {
    static constexpr std::array<std::string_view, 4> kNames = {
        "stable", "canary", "pinned", "shadow"
    };
    return kNames;
}

/// Did the shadow version give the same label?
enum class Agreement { Unknown, Agrees, Differs };

inline std::span<const std::string_view> names_of(Agreement) {
    static constexpr std::array<std::string_view, 3> kNames = {"unknown", "agrees", "differs"};
    return kNames;
}

struct Prediction {
    /// While capture thins, a payload is kept with this probability.
    static constexpr double kThinShare = 0.25;
    /// Up to so many classes all scores are kept, of more the greatest kTopScores.
    static constexpr std::size_t kScoresMax = 64;
    static constexpr std::size_t kTopScores = 32;

    Id<Prediction> id;       ///< UUIDv7; the lowest 16 bits are the row within the request.
    std::string request_id;  ///< As the client gave it, else the text of the base id.
    Time time;               ///< Arrival.
    std::string model;
    std::string version;  ///< Number of the ModelVersion that ran, as text.
    Route route = Route::Stable;
    Digest payload_digest;   ///< SHA-256 of the payload as it is kept; zero = not known.
    std::string payload;     ///< What came (records/payload.h); empty when it is not kept.
    std::string media_type;  ///< Of the payload; "" in rows of older formats, which are text.
    std::uint64_t payload_bytes = 0;  ///< Size of the payload; 0 = it is not kept.
    Digest subject;                   ///< HMAC-SHA-256 of whose data this is; zero = nobody's.
    std::string raw_subject;    ///< From serving to capture only, which makes `subject` of it.
    std::string row_id;         ///< The row's name as the client gave it; may be empty.
    std::string params;         ///< The caller's own parameters as JSON, at most 2 KiB; "" = none.
    std::int64_t label = -1;    ///< Class index answered; -1 when the row failed or has no classes.
    std::vector<float> scores;  ///< [K] as served: calibrated, after label-shift correction.
    /// Of more than kScoresMax classes only the greatest scores are kept: their classes, and
    /// `scores` has one item more, the sum of all others. Empty: a score for each class.
    std::vector<std::int32_t> score_classes;
    std::vector<float> base_scores;  ///< [K] calibrated, before correction; empty when none is on.
    std::vector<std::uint16_t> embedding;  ///< [E] IEEE half bits; may be empty.
    std::string outputs;          ///< All outputs, when capture keeps them (formats.md, 2.1).
    float confidence = 0;         ///< As served; see records/uncertainty.h. 0 when it failed.
    float margin = 0;             ///< Likewise.
    float entropy = 0;            ///< Likewise, in nats.
    std::int32_t us_queue = 0;    ///< Wait for the engine, microseconds.
    std::int32_t us_pre = 0;      ///< Decoding, microseconds.
    std::int32_t us_infer = 0;    ///< Engine time, microseconds.
    std::int32_t us_post = 0;     ///< Encoding, microseconds.
    std::int32_t us_total = 0;    ///< From parsed request to encoded answer, microseconds.
    std::int32_t batch_rows = 0;  ///< Rows of the engine call that this row was part of; 0 = none.
    std::int32_t status = 200;    ///< HTTP status of the row.
    std::string error;            ///< At most 200 bytes; empty when status is 200.
    bool cancelled = false;       ///< The client had left.
    bool redacted = false;        ///< Something in it was masked, dropped or hashed.
    bool thin = false;  ///< Payload and embedding were kept with probability kThinShare only.
    Agreement agreement = Agreement::Unknown;
    std::uint32_t attempt = 0;  ///< 1 = first request with this client's id; 0 = not counted.
    Uuid instance;              ///< The process that answered; zero = not said.
    Id<Rollout> rollout;        ///< What chose the version; zero = not said.
    std::string key_name;       ///< Name of the caller's key; "" = none.
    std::string engine;         ///< That ran the version.
    std::string policy;         ///< The capture rule that kept this row.
    double propensity = 1.0;    ///< Probability with which capture kept this row, in (0, 1].

    /// Becomes what a new one is, but keeps the memory of what is large: rows are made by thousands
    /// a second.
    void clear() {
        Prediction empty;
        const auto keep = [](auto& kept, auto& mine) {
            kept.swap(mine);
            kept.clear();
        };
        keep(empty.request_id, request_id);
        keep(empty.payload, payload);
        keep(empty.media_type, media_type);
        keep(empty.params, params);
        keep(empty.scores, scores);
        keep(empty.base_scores, base_scores);
        keep(empty.embedding, embedding);
        keep(empty.outputs, outputs);
        *this = std::move(empty);
    }

    /// Probability with which this row was kept together with its payload, if it had one.
    [[nodiscard]] double payload_propensity() const {
        return thin ? propensity * kThinShare : propensity;
    }

    /// Scores before any label-shift correction.
    [[nodiscard]] const std::vector<float>& calibrated() const {
        return base_scores.empty() ? scores : base_scores;
    }
};

}  // namespace flywheel
