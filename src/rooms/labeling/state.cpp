// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/state.h"

#include <algorithm>

namespace flywheel::labeling {

std::int64_t Labeling::Model::contested_of(const Digest& item) const {
    const auto label = fold.label(item);
    return label && !label->decided && label->agreeing < label->answers ? 1 : 0;
}

void Labeling::Model::take(const LabelEvent& event) {
    contested -= contested_of(event.item);
    fold.add(event);
    contested += contested_of(event.item);
    tail = {event.seq, event.chain};
    second.note(event);
    gold.note(event);
    anchoring.add(event);
    if (event.actor_kind == ActorKind::Human && event.action != LabelAction::Undo) {
        done[event.actor].push_back({event.id, event.task, event.received});
    }
    double_answers += event.action == LabelAction::Answer && event.blind ? 1 : 0;
    audited += event.actor_kind == ActorKind::Human && event.action == LabelAction::Answer &&
                       event.arm == Arm::Audit && !event.blind && !event.gold
                   ? 1
                   : 0;
    const bool decides =
        event.action == LabelAction::Adjudicate || event.action == LabelAction::GoldSet;
    anchoring_seq_ = decides || event.action == LabelAction::Undo ? -1 : anchoring_seq_;
    refresh(event.item);
    second.refresh(event.item, fold);
    gold.refresh(event.item, fold);
}

TaskStatus Labeling::Model::status_of(const Digest& item, const std::vector<Id<LabelTask>>& tasks)
    const {
    if (fold.label(item)) {
        return TaskStatus::Answered;
    }
    const bool skipped = std::any_of(tasks.begin(), tasks.end(), [&](const Id<LabelTask>& task) {
        return fold.skipped(task);
    });
    return skipped ? TaskStatus::Skipped : TaskStatus::Open;
}

void Labeling::Model::refresh(const Digest& item) {
    const auto tasks = queue.tasks_of(item);
    if (!tasks.empty()) {
        queue.set_status(item, status_of(item, tasks));
    }
}

Result<void> Labeling::load_events(const std::string& name) const {
    auto& model = state_->model(name);
    const auto events = events_.reader();
    const auto newest =
        TRY(events.first(Where<LabelEvent>().eq(&LabelEvent::model, name).newest(&LabelEvent::seq))
        );
    const std::int64_t newest_seq = newest ? newest->seq : 0;
    if (newest_seq == model.tail.seq && (!newest || newest->chain == model.tail.chain)) {
        return {};
    }
    // From our last event on, which must still be the one we know: a rollback may have replaced it.
    bool known = model.tail.seq == 0;
    const auto from_ours = Where<LabelEvent>()
                               .eq(&LabelEvent::model, name)
                               .ge(&LabelEvent::seq, model.tail.seq)
                               .order(&LabelEvent::seq);
    const auto added = TRY(events.select(from_ours));
    if (!known && !added.empty()) {
        known = added.front().seq == model.tail.seq && added.front().chain == model.tail.chain;
    }
    if (!known) {
        model = Model(plan_);
        return load_events(name);
    }
    for (const auto& event : added) {
        if (event.seq > model.tail.seq) {
            model.take(event);
        }
    }
    return {};
}

Result<void> Labeling::add_tasks(Model& model, const Where<LabelTask>& wanted) const {
    return tasks_.each(wanted, [&](const LabelTask& task) -> Result<void> {
        if (!model.queue.knows(task.id)) {
            model.queue.add(task, model.status_of(task.item, {task.id}));
            model.refresh(task.item);
        }
        return {};
    });
}

Result<void> Labeling::load_tasks(const std::string& name, bool exactly) const {
    auto& model = state_->model(name);
    // The greatest id is one step into the key's index; ids begin with the time of their turn.
    const auto newest = TRY(tasks_.first(Where<LabelTask>().newest(&LabelTask::id)));
    const auto stamp = newest ? newest->id : Id<LabelTask>();
    if (stamp == model.newest_task && !exactly) {
        return {};
    }
    const auto of_model = [&] { return Where<LabelTask>().eq(&LabelTask::model, name); };
    const auto load = [&]() -> Result<void> {
        if (stamp > model.newest_task) {
            TRY(add_tasks(model, of_model().ge(&LabelTask::turn, model.queue.newest_turn())));
            // What a file brought belongs to no turn and stands before all of them.
            TRY(add_tasks(
                model,
                of_model().eq(&LabelTask::turn, Id<Turn>()).gt(&LabelTask::id, model.newest_task)
            ));
        }
        if (TRY(tasks_.count(of_model())) == static_cast<std::int64_t>(model.queue.size())) {
            return {};
        }
        // Tasks that we know were rolled back, or some came late in an older turn: begin anew.
        model.queue = TaskQueue();
        return add_tasks(model, of_model());
    };
    auto loaded = load();
    if (!loaded) {
        model.queue = TaskQueue();  // half of a turn must not look like all of it
        model.newest_task = {};
        return loaded;
    }
    model.newest_task = stamp;
    return {};
}

Result<Labeling::Model*> Labeling::fresh_model(const std::string& name) const {
    TRY(load_events(name));
    TRY(load_tasks(name, false));
    return &state_->model(name);
}

}  // namespace flywheel::labeling
