#pragma once
// SPDX-License-Identifier: Apache-2.0
// What was said, looked back at: how far a queue is, and events one by one. Shapes of Labeling.

#include <cstdint>
#include <optional>
#include <string>

#include "records/label_event.h"
#include "rooms/labeling/anchoring.h"
#include "stats/interval.h"

namespace flywheel::labeling {

struct Progress {
    std::int64_t tasks = 0;
    std::int64_t answered = 0;  ///< Their item has a label.
    std::int64_t skipped = 0;   ///< Somebody skipped and nobody answered.
    std::int64_t open = 0;
    std::int64_t audits = 0;  ///< Of all but the skipped ones, those that measure accuracy.
    std::int64_t audits_open = 0;
    std::int64_t contested =
        0;  ///< Items on which people differ and nothing was decided; of all turns.
};

/// What of a model's labelling deserves an alarm.
struct LabelWatch {
    bool anchored =
        false;            ///< Suggestions are off under the present schema since they pull people.
    Anchoring anchoring;  ///< Why; as it was when it was last judged.
    /// Of the newest complete block of blind double answers, against all before.
    std::optional<stats::Contrast> disagreement;
};

/// Which events history() gives, newest first.
struct HistoryWish {
    std::string model;
    std::string actor{};           ///< "" = everybody's.
    std::optional<Digest> item{};  ///< Nothing = of all items.
    std::optional<LabelAction> action{};
    std::int64_t before_seq = 0;  ///< Older ones than this; 0 = from the newest on.
    std::int64_t limit = 100;
};

/// An event, and whether it still counts.
struct PastEvent {
    LabelEvent event;
    bool undone = false;
    std::string payload;  ///< The text of its item; "" when it was erased.
};

}  // namespace flywheel::labeling
