#pragma once
// SPDX-License-Identifier: Apache-2.0
// Feedback: what a user or system said about a served row, however late. Written by the room
// capture only (through the journal); joined to its Prediction by id: here is the rule which of
// several attempts at a request (a client that retries) it means.

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>

#include "records/field.h"
#include "records/prediction.h"

namespace flywheel {

enum class FeedbackKind { Label, Correct, Score, Retract };
enum class FeedbackSource { Annotator, User, System };

inline std::span<const std::string_view> names_of(FeedbackKind) {
    static constexpr std::array<std::string_view, 4> kNames = {
        "label", "correct", "score", "retract"
    };
    return kNames;
}

inline std::span<const std::string_view> names_of(FeedbackSource) {
    static constexpr std::array<std::string_view, 3> kNames = {"annotator", "user", "system"};
    return kNames;
}

struct Feedback {
    static constexpr std::int64_t kTheOnlyRow = -1;

    Id<Feedback> id;
    std::string model;
    std::string target;    ///< Request id or Prediction id, as the caller gave it.
    std::int64_t row = 0;  ///< Row within the request; kTheOnlyRow when no row was named.
    std::string row_id;    ///< The caller's name of the row, instead of its number; may be empty.
    FeedbackKind kind = FeedbackKind::Label;
    std::string label;  ///< Label name for kind Label.
    double value = 0;   ///< 0 or 1 for Correct, the number for Score.
    FeedbackSource source = FeedbackSource::User;
    Time at;  ///< When it happened, by the caller; default arrival.
    Time arrived;
    std::string by;       ///< Pseudonym, at most 128 bytes.
    std::string comment;  ///< At most 2 KiB.
};

/// How much an attempt deserves feedback that arrived then; the greatest gets it: the newest that
/// was answered (status 200), if none was, the newest. What was served after the feedback had
/// arrived comes last, the first of it before others: a later retry takes nothing away.
struct AttemptRank {
    bool before = false;  ///< Served before the feedback arrived.
    bool answered = false;
    std::int64_t nearness = 0;  ///< Microseconds, greater is nearer to the arrival.

    auto operator<=>(const AttemptRank&) const = default;
};

[[nodiscard]] AttemptRank rank_attempt(Time served, std::int32_t status, Time arrived);

/// The row that `said` is about: by Prediction id that row, by request id the row of the attempt
/// with the greatest rank; a shadow is meant only by its own id. Null: none of these, or it names
/// no row and the request has several. `rows` of one model, all attempts of the request among them.
[[nodiscard]] const Prediction* row_meant(const Feedback& said, std::span<const Prediction> rows);

}  // namespace flywheel
