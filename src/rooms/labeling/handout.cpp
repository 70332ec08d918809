// SPDX-License-Identifier: Apache-2.0
// Who gets which tasks: open ones in their order, and among them a share of second and of gold
// ones, which look alike.
#include <algorithm>
#include <cmath>
#include <mutex>

#include <fmt/format.h>

#include "base/hash.h"
#include "rooms/labeling/labeling.h"
#include "rooms/labeling/state.h"

namespace flywheel::labeling {

namespace {

constexpr double kMostDue = 10;
constexpr std::size_t kShownMax = 200'000;
constexpr std::int64_t kLookEvery = 50;  // events

std::size_t whole(double due, std::size_t most) {
    return std::min(static_cast<std::size_t>(std::floor(std::max(due, 0.0))), most);
}

/// Each extra goes to a place that its id decides: behind the others it would be known by it.
void mix_in(std::vector<const LabelTask*>& tasks, const std::vector<const LabelTask*>& extras) {
    for (const LabelTask* extra : extras) {
        const auto place = xxh3(fmt::format("place\n{}", extra->id.text())) % (tasks.size() + 1);
        tasks.insert(tasks.begin() + static_cast<std::ptrdiff_t>(place), extra);
    }
}

}  // namespace

Labeling::Model::Due& Labeling::Model::due_of(const std::string& actor) {
    // A first one after n tasks for everybody would be known by its place.
    const double begin = unit_interval(xxh3(fmt::format("due\n{}", actor)));
    return due.try_emplace(actor, Due{begin, 1 - begin}).first->second;
}

std::int64_t Labeling::Model::left_for(const std::string& actor) const {
    return queue.open() + second.waiting_for(actor) + gold.held(actor);
}

void Labeling::Model::remember_shown(
    const Id<LabelTask>& task, const std::string& actor, SuggestionState suggestion
) {
    if (shown.size() >= kShownMax) {
        shown.clear();  // answers to those say that it is not known
    }
    shown[{task, actor}] = suggestion;
}

void Labeling::Model::lend_again(const LabelEvent& undo, const TaskQueue::Borrower& borrower) {
    if (!undo.task) {
        return;
    }
    queue.lend_again(*undo.task, borrower);
    second.lend_again(undo.item, borrower);
    gold.lend_again(undo.item, borrower);
}

void Labeling::Model::look_at_anchoring(double most, std::int64_t schema_version) {
    if (anchoring_seq_ >= 0 && tail.seq - anchoring_seq_ < kLookEvery &&
        schema_version == anchoring_schema_) {
        return;
    }
    anchoring_schema_ = schema_version;
    anchoring_seq_ = tail.seq;
    judged = anchoring.report(fold, schema_version, most);
    anchored = judged.exceeds();
}

Result<std::vector<const LabelTask*>> Labeling::lend(
    Model& model, const std::string& name, const std::string& actor, std::size_t count
) const {
    const Time now = clock_.now();
    const TaskQueue::Borrower borrower{actor, now, now + plan_.lease};
    std::vector<const LabelTask*> extras;
    const auto add = [&](const Id<LabelTask>& id) {
        if (const LabelTask* task = model.queue.find(id)) {
            extras.push_back(task);
        }
    };
    const auto add_gold = [&](const Digest& item) {
        if (const auto tasks = model.queue.tasks_of(item); !tasks.empty()) {
            add(tasks.front());
        }
    };
    std::ranges::for_each(model.second.renew(borrower, count), add);
    std::ranges::for_each(model.gold.renew(borrower, count - extras.size()), add_gold);
    const std::size_t room = count - extras.size();
    const std::size_t held = std::min(model.queue.held(actor), room);
    Result<void> asked;
    const auto may_ask = [&](const Digest& item) {
        const auto own = events_.reader().count(Where<LabelEvent>()
                                                    .eq(&LabelEvent::model, name)
                                                    .eq(&LabelEvent::item, item)
                                                    .eq(&LabelEvent::actor, actor));
        if (!own && asked) {
            asked = own.error();
        }
        return own && *own == 0 && !model.queue.tasks_of(item).empty();
    };
    auto& due = model.due_of(actor);
    const auto seconds = model.second.lend(borrower, whole(due.second, room - held));
    std::ranges::for_each(seconds, add);
    const auto golds =
        model.gold.lend(borrower, whole(due.gold, room - held - seconds.size()), may_ask);
    TRY(std::move(asked));
    std::ranges::for_each(golds, add_gold);
    auto tasks = model.queue.lend(borrower, room - seconds.size() - golds.size());
    // Where nothing else is left to ask, all that waits for a second answer may be asked.
    const auto rest =
        model.second.lend(borrower, room - seconds.size() - golds.size() - tasks.size());
    std::ranges::for_each(rest, add);
    const auto handed = static_cast<double>(
        seconds.size() + golds.size() + rest.size() + tasks.size() - std::min(held, tasks.size())
    );
    const auto moved = [&](double before, double share, std::size_t given) {
        return std::clamp(before + share * handed - static_cast<double>(given), 0.0, kMostDue);
    };
    due.second = moved(due.second, model.second.share(), seconds.size());
    due.gold = moved(due.gold, model.gold_share, golds.size());
    mix_in(tasks, extras);
    return tasks;
}

void Labeling::note_circumstances(const Model& model, LabelEvent& event) const {
    if (event.action != LabelAction::Answer || !event.task) {
        return;
    }
    event.gold = model.gold.is_gold(event.item);
    event.blind = !event.gold && model.second.handed_to(event.item, event.actor);
    if (event.blind) {
        event.blind_probability = model.second.share();
    }
    const LabelTask* task = model.queue.find(*event.task);
    if (task == nullptr) {
        return;
    }
    if (const auto seen = model.shown.find({task->id, event.actor}); seen != model.shown.end()) {
        event.suggestion = seen->second;
    }
    if (task->suggested >= 0) {
        event.suggested = task->suggested;
        event.suggested_probability = task->suggested_probability;
    }
}

Result<Anchoring> Labeling::anchoring(const std::string& model) const {
    const Schema labels = TRY(schema(model));
    const std::lock_guard lock(mutex_);
    const Model& known = *TRY(fresh_model(model));
    return known.anchoring.report(known.fold, labels.version, plan_.anchoring_most);
}

Result<LabelWatch> Labeling::watch(const std::string& model) const {
    const Schema labels = TRY(schema(model));
    constexpr auto kBlock = static_cast<std::int64_t>(kDisagreementBlock);
    std::unique_lock lock(mutex_);
    Model& known = *TRY(fresh_model(model));
    known.look_at_anchoring(plan_.anchoring_most, labels.version);
    if (known.double_answers / kBlock != known.compared / kBlock) {
        const std::int64_t seen = known.double_answers;
        lock.unlock();  // reading the whole log must keep nobody waiting
        AgreementCount count;
        TRY(each_event(model, [&](const LabelEvent& event) { count.add(event); }));
        const auto measured = newest_disagreement(count.blind_pairs());
        lock.lock();
        Model& later = *TRY(fresh_model(model));
        later.compared = seen;
        later.disagreement = measured;
    }
    const Model& judged = *TRY(fresh_model(model));
    return LabelWatch{judged.anchored, judged.judged, judged.disagreement};
}

}  // namespace flywheel::labeling
