#pragma once
// SPDX-License-Identifier: Apache-2.0
// LabelEvent: one thing an actor did to a label. Append-only and chained by SHA-256; labels, undo,
// audit and agreement are derived from it. Written by the room labeling only.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "records/field.h"
#include "records/label_task.h"

namespace flywheel {

enum class ActorKind { Human, Model, Rule, Import };
/// Adjudicate and GoldSet state what an item's label is, whatever the answers say; an item with a
/// gold label may also be asked about again, to see how well people answer.
enum class LabelAction { Answer, Skip, Flag, Undo, Adjudicate, GoldSet };
/// Whether a person sees what the model would say. Hidden is the random share that shows how much
/// a suggestion pulls people to it; off, it has not proved itself or pulls too much.
enum class SuggestionState { Shown, Hidden, Off, None };

inline std::span<const std::string_view> names_of(ActorKind) {
    static constexpr std::array<std::string_view, 4> kNames = {"human", "model", "rule", "import"};
    return kNames;
}

inline std::span<const std::string_view> names_of(LabelAction) {
    static constexpr std::array<std::string_view, 6> kNames = {
        "answer", "skip", "flag", "undo", "adjudicate", "gold_set"
    };
    return kNames;
}

inline std::span<const std::string_view> names_of(SuggestionState) {
    static constexpr std::array<std::string_view, 4> kNames = {"shown", "hidden", "off", "none"};
    return kNames;
}

struct LabelEvent {
    static constexpr std::string_view kTable = "label_event";

    Id<LabelEvent> id;     ///< Idempotency key, made by the client (imports derive it).
    std::int64_t seq = 0;  ///< Gapless, from 1, given by the server: the order of events.
    Digest chain;          ///< SHA-256(previous chain, canonical event).
    std::string model;
    std::int64_t schema_version = 1;
    Digest item;                        ///< Example labelled.
    std::optional<Id<LabelTask>> task;  ///< Absent for imports.
    ActorKind actor_kind = ActorKind::Human;
    std::string actor;  ///< Opaque id of the person, model or file.
    LabelAction action = LabelAction::Answer;
    /// label_id of an answer or decision of kind `choice`, else null.
    std::optional<std::int64_t> choice;
    std::string reason;                    ///< Of a skip, flag or decision.
    std::optional<Id<LabelEvent>> target;  ///< What an undo undoes.
    std::optional<Arm> arm;                ///< Copied from the task.
    std::optional<double> probability;     ///< Copied from the task.
    bool holdout = false;                  ///< Copied from the task; imports: split `test`.
    /// A second answer to an item that was drawn for one, by a person who saw nothing of the first.
    bool blind = false;
    bool gold = false;  ///< An answer to an item whose gold label is known: measured, no vote.
    std::int64_t t_shown = 0;  ///< Client milliseconds UTC; 0 = unknown.
    std::int64_t t_saved = 0;
    Time received;
    std::string value;  ///< Of an answer of a kind other than `choice`: its canonical JSON.
    std::optional<double> blind_probability;  ///< With which the item was drawn; null unless blind.
    std::optional<SuggestionState> suggestion;  ///< As the person saw it; null = not known.
    std::optional<std::int64_t> suggested;      ///< label_id that the model proposed.
    std::optional<double> suggested_probability;

    static void fields(auto&& visit) {
        visit("id", &LabelEvent::id);
        visit("seq", &LabelEvent::seq);
        visit("chain", &LabelEvent::chain);
        visit("model", &LabelEvent::model);
        visit("schema_version", &LabelEvent::schema_version);
        visit("item", &LabelEvent::item);
        visit("task", &LabelEvent::task);
        visit("actor_kind", &LabelEvent::actor_kind);
        visit("actor", &LabelEvent::actor);
        visit("action", &LabelEvent::action);
        visit("choice", &LabelEvent::choice);
        visit("reason", &LabelEvent::reason);
        visit("target", &LabelEvent::target);
        visit("arm", &LabelEvent::arm);
        visit("probability", &LabelEvent::probability);
        visit("holdout", &LabelEvent::holdout);
        visit("t_shown", &LabelEvent::t_shown);
        visit("t_saved", &LabelEvent::t_saved);
        visit("received", &LabelEvent::received);
        visit("value", &LabelEvent::value);
        visit("blind", &LabelEvent::blind);
        visit("blind_probability", &LabelEvent::blind_probability);
        visit("gold", &LabelEvent::gold);
        visit("suggestion", &LabelEvent::suggestion);
        visit("suggested", &LabelEvent::suggested);
        visit("suggested_probability", &LabelEvent::suggested_probability);
    }
};

extern template struct RecordCodec<LabelEvent>;

}  // namespace flywheel
