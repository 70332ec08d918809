// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/state.h"

#include <algorithm>

namespace flywheel::labeling {

void Labeling::Model::take(const LabelEvent& event) {
    fold.add(event);
    tail = {event.seq, event.chain};
    if (event.actor_kind == ActorKind::Human && event.action != LabelAction::Undo) {
        done[event.actor].push_back({event.id, event.task, event.received});
    }
    refresh(event.item);
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
    auto& model = state_->models[name];
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
        model = Model();
        return load_events(name);
    }
    for (const auto& event : added) {
        if (event.seq > model.tail.seq) {
            model.take(event);
        }
    }
    return {};
}

Result<void> Labeling::load_tasks(const std::string& name, bool exactly) const {
    auto& model = state_->models[name];
    const auto newest = TRY(tasks_.first(Where<LabelTask>()
                                             .eq(&LabelTask::model, name)
                                             .newest(&LabelTask::turn)
                                             .newest(&LabelTask::rank)));
    const auto seen = model.queue.newest();
    const auto there = newest ? std::pair(newest->turn, newest->rank) : decltype(seen){};
    const auto of_model = [&] { return Where<LabelTask>().eq(&LabelTask::model, name); };
    bool same = there == seen;
    bool all = there < seen;
    if (exactly && same) {
        const auto count = TRY(tasks_.count(of_model()));
        same = count == static_cast<std::int64_t>(model.queue.size());
        all = !same;
    }
    if (same) {
        return {};
    }
    if (all) {
        // Tasks that we know are gone (rolled back) or were added in an older turn: begin anew.
        model.queue = TaskQueue();
    }
    const auto wanted = all ? of_model() : of_model().ge(&LabelTask::turn, seen.first);
    auto loaded = tasks_.each(wanted, [&](const LabelTask& task) -> Result<void> {
        if (!model.queue.knows(task.id)) {
            model.queue.add(task, model.status_of(task.item, {task.id}));
            model.refresh(task.item);
        }
        return {};
    });
    if (!loaded) {
        model.queue = TaskQueue();  // half of a turn must not look like all of it
    }
    return loaded;
}

Result<Labeling::Model*> Labeling::fresh_model(const std::string& name) const {
    TRY(load_events(name));
    TRY(load_tasks(name, false));
    return &state_->models[name];
}

}  // namespace flywheel::labeling
