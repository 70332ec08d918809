#pragma once
// SPDX-License-Identifier: Apache-2.0
// Feedback: what a user or system said about a served row, however late. Written by the room
// capture only (through the journal); joined to its Prediction by id.

#include <array>
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

    /// Of the rows of a request, is it this one? Feedback that names no row may mean the first
    /// only, and nobody's when there is a second.
    [[nodiscard]] bool names(const Prediction& served) const {
        const auto uuid = Uuid::parse(target);
        if (uuid && uuid->row() != 0 && uuid->with_row(0) == served.id.uuid.with_row(0)) {
            return *uuid == served.id.uuid;
        }
        if (!row_id.empty()) {
            return row_id == served.row_id;
        }
        return row == served.id.uuid.row() || (row == kTheOnlyRow && served.id.uuid.row() == 0);
    }
};

}  // namespace flywheel
