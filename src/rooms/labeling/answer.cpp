// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "rooms/labeling/chain.h"
#include "rooms/labeling/labeling.h"
#include "rooms/labeling/state.h"
#include "tasks/text/choice.h"

namespace flywheel::labeling {

namespace {

constexpr std::size_t kReasonBytesMax = 512;
constexpr std::size_t kRemarkBytesMax = 8000;

template <class Record>
Result<Id<Record>> id_field(std::string_view field, const std::string& text) {
    return Id<Record>::parse(text).within(fmt::format("field '{}'", field));
}

Result<void> check_request(const AnswerRequest& request) {
    TRY(check_name("actor", request.actor));
    if (!request.reason.empty()) {
        TRY(check_name("reason", request.reason, kReasonBytesMax));
    }
    if (request.t_shown < 0 || request.t_saved < 0) {
        return invalid_argument(fmt::format(
            "field '{}': milliseconds since 1970 are needed, or 0: {}",
            request.t_shown < 0 ? "t_shown" : "t_saved",
            std::min(request.t_shown, request.t_saved)
        ));
    }
    return {};
}

/// What the client decides about an event; the rest follows from the ledger.
bool says_the_same(
    const LabelEvent& stored, const LabelEvent& asked, const AnswerRequest& request
) {
    const bool newest_meant = request.action == LabelAction::Undo && request.target.empty();
    return stored.action == asked.action && stored.actor == asked.actor &&
           stored.actor_kind == asked.actor_kind && stored.reason == asked.reason &&
           stored.t_shown == asked.t_shown && stored.t_saved == asked.t_saved &&
           (newest_meant || (stored.task == asked.task && stored.choice == asked.choice &&
                             stored.value == asked.value && stored.target == asked.target));
}

Error used_otherwise(const Id<LabelEvent>& id) {
    return make_error(
        Code::Conflict,
        fmt::format("This event id was used for something else; make a new one: {}", id.text())
    );
}

}  // namespace

Result<void> set_value(
    LabelEvent& event,
    const Schema& schema,
    const std::string& label,
    const std::optional<std::vector<std::string>>& labels
) {
    if (schema.kind == TaskKind::Choice) {
        if (labels) {
            return invalid_argument(fmt::format(
                "field 'labels': rows of '{}' have one label; say it in the field 'label'",
                schema.model
            ));
        }
        event.choice = TRY(text::choice_of(schema, label).within("field 'label'"));
        return {};
    }
    if (!labels) {
        return invalid_argument(fmt::format(
            "field 'labels': rows of '{}' may have several labels; give a list of them, [] for "
            "none",
            schema.model
        ));
    }
    event.value = TRY(text::choices_of(schema, *labels).within("field 'labels'"));
    return {};
}

Result<std::optional<LabelEvent>> Labeling::newest_live(const AnswerRequest& request) const {
    std::optional<Id<LabelTask>> task;
    if (!request.task_id.empty()) {
        task = TRY(id_field<LabelTask>("task_id", request.task_id));
    }
    // Tasks name their model; without one, the newest of all models is meant.
    std::vector<std::string> models;
    if (task) {
        models.push_back(TRY(tasks_.get(*task)).model);
    } else {
        for (const auto& schema : TRY(schemas_.reader().select())) {
            models.push_back(schema.model);
        }
    }
    std::optional<Model::Done> newest;
    for (const auto& name : models) {
        const Model& model = *TRY(fresh_model(name));
        const auto mine = model.done.find(request.actor);
        if (mine == model.done.end()) {
            continue;
        }
        const auto live =
            std::find_if(mine->second.rbegin(), mine->second.rend(), [&](const Model::Done& done) {
                return (!task || done.task == task) && model.fold.live(done.event);
            });
        if (live != mine->second.rend() && (!newest || newest->received < live->received)) {
            newest = *live;
        }
    }
    return newest ? events_.reader().find(newest->event) : std::optional<LabelEvent>();
}

Result<LabelEvent> Labeling::undo_of(const AnswerRequest& request) const {
    std::optional<LabelEvent> target;
    if (request.target.empty()) {
        target = TRY(newest_live(request));
        if (!target) {
            return not_found(fmt::format("Nothing left to undo: '{}'", request.actor));
        }
    } else {
        const auto id = TRY(id_field<LabelEvent>("target", request.target));
        target = TRY(events_.reader().find(id));
        if (!target) {
            return not_found(fmt::format("field 'target': no such event: {}", request.target));
        }
    }
    if (target->actor_kind != ActorKind::Human || target->actor != request.actor) {
        return invalid_argument(fmt::format(
            "field 'target': only one's own events can be undone: {}", target->id.text()
        ));
    }
    if (!request.task_id.empty() &&
        target->task != TRY(id_field<LabelTask>("task_id", request.task_id))) {
        return invalid_argument(fmt::format(
            "field 'task_id': the event to undo belongs to another task: {}", request.task_id
        ));
    }
    LabelEvent event;
    event.model = target->model;
    event.schema_version = target->schema_version;
    event.item = target->item;
    event.task = target->task;
    event.arm = target->arm;
    event.probability = target->probability;
    event.holdout = target->holdout;
    event.gold = target->gold;
    event.target = target->id;
    return event;
}

Result<LabelEvent> Labeling::event_of(const AnswerRequest& request) const {
    LabelEvent event;
    if (request.action == LabelAction::Undo) {
        event = TRY(undo_of(request));
    } else {
        const auto id = TRY(id_field<LabelTask>("task_id", request.task_id));
        const LabelTask task = TRY(tasks_.get(id));
        event.model = task.model;
        event.item = task.item;
        event.task = task.id;
        event.arm = task.arm;
        event.probability = task.probability;
        event.holdout = task.holdout;
        const Schema labels = TRY(schema(task.model));
        event.schema_version = labels.version;
        if (request.action == LabelAction::Answer) {
            TRY(set_value(event, labels, request.label, request.labels));
        }
    }
    event.actor_kind = ActorKind::Human;
    event.actor = request.actor;
    event.action = request.action;
    event.reason = request.action == LabelAction::Answer ? "" : request.reason;
    event.t_shown = request.t_shown;
    event.t_saved = request.t_saved;
    event.received = clock_.now();
    return event;
}

Result<void> Labeling::append(Tail& tail, LabelEvent& event) {
    event.seq = tail.seq + 1;
    event.chain = chain_of(tail.chain, event);
    TRY(events_.insert(event));
    tail = {event.seq, event.chain};
    return {};
}

Result<Receipt> Labeling::answer(const AnswerRequest& request) {
    TRY(check_request(request));
    std::optional<Id<LabelEvent>> id;
    if (!request.event_id.empty()) {
        id = TRY(id_field<LabelEvent>("event_id", request.event_id));
    }
    // The ledger's lock first, then ours: the loop calls us from inside a transaction of its own.
    const auto transaction = TRY(events_.begin());
    const std::lock_guard lock(mutex_);
    const auto stored = id ? TRY(events_.reader().find(*id)) : std::optional<LabelEvent>();
    auto resolved = event_of(request);
    if (stored && !resolved && request.action == LabelAction::Undo && request.target.empty() &&
        resolved.error().code == Code::NotFound) {
        resolved = *stored;  // the retried undo was of the last thing there was to undo
    }
    LabelEvent event = TRY(std::move(resolved));
    if (stored) {
        if (!says_the_same(*stored, event, request)) {
            return used_otherwise(stored->id);
        }
        return Receipt{stored->id, stored->seq, true};
    }
    Model& model = *TRY(fresh_model(event.model));
    if (event.target && !model.fold.live(*event.target)) {
        return make_error(
            Code::Conflict,
            fmt::format(
                "This event is undone already; undo the undo to redo it: {}", event.target->text()
            )
        );
    }
    event.id = id ? *id : Id<LabelEvent>::random(event.received, state_->rng);
    note_circumstances(model, event);
    Tail tail = model.tail;  // the model moves only after the commit
    TRY(append(tail, event));
    TRY(transaction->commit());
    model.take(event);
    if (event.action == LabelAction::Undo) {
        model.lend_again(event, {event.actor, event.received, event.received + plan_.lease});
    }
    return Receipt{event.id, event.seq, false};
}

Result<Receipt> Labeling::remark(
    const std::string& model, const Digest& item, const std::string& actor, const std::string& text
) {
    TRY(check_name("who", actor));
    TRY(check_name("text", text, kRemarkBytesMax));
    const Schema labels = TRY(schema(model));
    const auto transaction = TRY(events_.begin());
    const std::lock_guard lock(mutex_);
    if (TRY(examples_.count(Where<Example>().eq(&Example::id, item))) == 0) {
        return not_found("field 'item': no such example: " + item.hex());
    }
    Model& known = *TRY(fresh_model(model));
    LabelEvent event;
    event.model = model;
    event.schema_version = labels.version;
    event.item = item;
    event.actor_kind = ActorKind::Human;
    event.actor = actor;
    event.action = LabelAction::Flag;
    event.reason = text;
    event.received = clock_.now();
    event.id = Id<LabelEvent>::random(event.received, state_->rng);
    Tail tail = known.tail;  // the model moves only after the commit
    TRY(append(tail, event));
    TRY(transaction->commit());
    known.take(event);
    return Receipt{event.id, event.seq, false};
}

}  // namespace flywheel::labeling
