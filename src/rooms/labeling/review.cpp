// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/review.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <ranges>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "rooms/labeling/labeling.h"
#include "rooms/labeling/state.h"

namespace flywheel::labeling {

namespace {

constexpr std::size_t kCommentBytesMax = 1000;

/// Of answers in order of seq: the label of most, ties to the one said first, and how many say it.
std::pair<std::int64_t, std::int64_t> majority_of(const std::vector<ReviewAnswer>& answers) {
    std::pair<std::int64_t, std::int64_t> best{-1, 0};
    for (const ReviewAnswer& answer : answers) {
        const auto votes = std::ranges::count(answers, answer.choice, &ReviewAnswer::choice);
        if (votes > best.second) {
            best = {answer.choice, votes};
        }
    }
    return best;
}

bool says_the_same(const LabelEvent& stored, const LabelEvent& asked) {
    return stored.model == asked.model && stored.item == asked.item &&
           stored.actor_kind == asked.actor_kind && stored.actor == asked.actor &&
           stored.action == asked.action && stored.choice == asked.choice &&
           stored.value == asked.value && stored.reason == asked.reason;
}

}  // namespace

double ReviewItem::majority_probability(std::size_t labels) const {
    if (suggested < 0) {
        return 1;
    }
    return suggested == majority || labels < 2
               ? suggested_probability
               : (1 - suggested_probability) / static_cast<double>(labels - 1);
}

void ReviewFold::add(const LabelEvent& event) {
    fold_.add(event);
    if (!event.choice && event.value.empty()) {
        return;
    }
    const auto choice = event.choice ? *event.choice : sets_.place_of(event.value);
    const bool votes =
        event.actor_kind == ActorKind::Human || event.actor_kind == ActorKind::Import;
    if (event.action == LabelAction::Answer && votes && !event.gold) {
        items_[event.item].said.push_back(
            {event.id, {event.actor, event.actor_kind, choice, event.value, event.blind}}
        );
    }
    if (event.action == LabelAction::Adjudicate || event.action == LabelAction::GoldSet) {
        items_[event.item].decided.push_back(
            {event.id,
             event.actor,
             event.choice.value_or(-1),
             event.value,
             event.action == LabelAction::GoldSet,
             event.reason,
             event.received}
        );
    }
}

/// In order of seq.
std::vector<ReviewAnswer> ReviewFold::live_answers(const OfItem& item) const {
    std::map<std::pair<ActorKind, std::string>, std::size_t> newest;
    for (std::size_t i = 0; i < item.said.size(); ++i) {
        if (fold_.live(item.said[i].id)) {
            newest[{item.said[i].answer.actor_kind, item.said[i].answer.actor}] = i;
        }
    }
    std::vector<std::size_t> places;
    places.reserve(newest.size());
    for (const auto& [actor, place] : newest) {
        places.push_back(place);
    }
    std::ranges::sort(places);
    std::vector<ReviewAnswer> answers;
    answers.reserve(places.size());
    for (const std::size_t place : places) {
        answers.push_back(item.said[place].answer);
    }
    return answers;
}

std::optional<Decided> ReviewFold::live_decision(const OfItem& item) const {
    const auto newest = std::ranges::find_if(
        item.decided | std::views::reverse, [&](const auto& one) { return fold_.live(one.event); }
    );
    return newest == item.decided.rend() ? std::nullopt : std::optional(*newest);
}

Review ReviewFold::review(bool decided) const {
    Review review;
    for (const auto& [id, of_item] : items_) {
        ReviewItem item;
        item.item = id;
        item.decided = live_decision(of_item);
        item.answers = live_answers(of_item);
        const auto [label, votes] = majority_of(item.answers);
        const auto all = static_cast<std::int64_t>(item.answers.size());
        const bool differ = votes < all;
        review.decided += item.decided ? 1 : 0;
        review.waiting += !item.decided && differ ? 1 : 0;
        if (item.decided.has_value() != decided || (!decided && !differ)) {
            continue;
        }
        item.majority = label;
        if (const auto said = std::ranges::find(item.answers, label, &ReviewAnswer::choice);
            said != item.answers.end()) {
            item.majority_value = said->value;
        }
        item.agreement = all == 0 ? 0 : static_cast<double>(votes) / static_cast<double>(all);
        // The order of answers must not tell who gave them.
        std::ranges::stable_sort(item.answers, {}, &ReviewAnswer::choice);
        review.items.push_back(std::move(item));
    }
    return review;
}

CrowdTable ReviewFold::crowd(std::size_t labels) const {
    CrowdTable table;
    for (const auto& [id, of_item] : items_) {
        table.items.push_back(id);
    }
    std::ranges::sort(table.items);
    std::map<std::pair<ActorKind, std::string>, std::uint32_t> numbers;
    for (std::size_t i = 0; i < table.items.size(); ++i) {
        for (const ReviewAnswer& answer : live_answers(items_.at(table.items[i]))) {
            if (answer.choice < 0 || answer.choice >= static_cast<std::int64_t>(labels)) {
                continue;
            }
            const auto next = static_cast<std::uint32_t>(table.people.size());
            const std::pair person(answer.actor_kind, answer.actor);
            const auto [who, added] = numbers.try_emplace(person, next);
            if (added) {
                table.people.push_back(person);
            }
            table.answers.push_back(
                {static_cast<std::uint32_t>(i),
                 who->second,
                 static_cast<std::uint32_t>(answer.choice)}
            );
        }
    }
    return table;
}

std::int64_t CrowdTable::shared() const {
    std::vector<std::int64_t> of_item(items.size(), 0);
    for (const auto& answer : answers) {
        ++of_item[answer.item];
    }
    return std::ranges::count_if(of_item, [](auto n) { return n > 1; });
}

void CrowdTable::judge(ReviewItem& item) const {
    const auto found = std::ranges::lower_bound(items, item.item);
    if (judged.label.empty() || found == items.end() || *found != item.item) {
        return;
    }
    const auto place = static_cast<std::size_t>(found - items.begin());
    item.likeliest = judged.label[place];
    if (const double quality = judged.quality[place]; !std::isnan(quality)) {
        item.quality = quality;
    }
}

std::optional<double> CrowdTable::score(ActorKind kind, const std::string& actor) const {
    const auto found = std::ranges::find(people, std::pair(kind, actor));
    if (judged.person.empty() || found == people.end()) {
        return std::nullopt;
    }
    const double score = judged.person[static_cast<std::size_t>(found - people.begin())];
    return std::isnan(score) ? std::nullopt : std::optional(score);
}

void sort_for_review(std::vector<ReviewItem>& items, std::size_t labels) {
    const auto key = [&](const ReviewItem& item) {
        // Decided ones, newest first; else the worst first.
        const std::int64_t newest = item.decided ? -micros(item.decided->received) : 0;
        return std::tuple(
            newest,
            item.quality.value_or(2),
            item.agreement,
            item.majority_probability(labels),
            item.item
        );
    };
    std::ranges::sort(items, {}, key);
}

/// With what the served rows said of the items: each was served before anybody saw its item.
Result<CrowdTable> Labeling::crowd(const ReviewFold& fold, const Schema& schema) const {
    const std::size_t labels = schema.labels.size();
    CrowdTable table = fold.crowd(labels);
    std::vector<stats::CrowdPrior> priors(table.items.size());
    {
        const std::lock_guard lock(mutex_);
        const Model& known = *TRY(fresh_model(schema.model));
        for (std::size_t i = 0; i < priors.size(); ++i) {
            for (const auto& id : known.queue.tasks_of(table.items[i])) {
                const LabelTask* task = known.queue.find(id);
                if (task->suggested >= 0 && task->suggested < static_cast<std::int64_t>(labels)) {
                    priors[i] = {task->suggested, task->suggested_probability};
                }
            }
        }
    }
    if (table.shared() >= kCrowdItemsMin) {
        table.judged = stats::crowdlab({labels, table.people.size(), priors, table.answers});
    }
    return table;
}

Result<Review> Labeling::review(const ReviewWish& wish) const {
    ReviewFold fold;
    TRY(each_event(wish.model, [&](const LabelEvent& event) { fold.add(event); }));
    const Schema labels = TRY(schema(wish.model));
    Review review = fold.review(wish.decided);
    {
        const std::lock_guard lock(mutex_);
        const Model& known = *TRY(fresh_model(wish.model));
        for (ReviewItem& item : review.items) {
            for (const auto& id : known.queue.tasks_of(item.item)) {
                const LabelTask* task = known.queue.find(id);
                item.suggested = task->suggested;
                item.suggested_probability = task->suggested_probability;
            }
        }
    }
    if (labels.kind == TaskKind::Choice && !wish.decided) {
        const CrowdTable table = TRY(crowd(fold, labels));
        for (ReviewItem& item : review.items) {
            table.judge(item);
        }
    }
    sort_for_review(review.items, labels.labels.size());
    std::vector<ReviewItem> shown;
    for (ReviewItem& item : review.items) {
        if (static_cast<std::int64_t>(shown.size()) == wish.limit) {
            break;
        }
        const auto example = TRY(examples_.find(item.item));
        if (example && !example->payload.empty()) {  // else erased: nobody can judge it any more
            item.payload = example->payload;
            shown.push_back(std::move(item));
        }
    }
    review.items = std::move(shown);
    return review;
}

Result<Receipt> Labeling::decide(const Decision& decision) {
    TRY(check_name("actor", decision.actor));
    if (!decision.comment.empty()) {
        TRY(check_name("comment", decision.comment, kCommentBytesMax));
    }
    const Schema labels = TRY(schema(decision.model));
    LabelEvent event;
    event.model = decision.model;
    event.schema_version = labels.version;
    event.item = decision.item;
    event.actor_kind = ActorKind::Human;
    event.actor = decision.actor;
    event.action = decision.action;
    TRY(set_value(event, labels, decision.label, decision.labels));
    event.reason = decision.comment;
    event.received = clock_.now();
    const auto transaction = TRY(events_.begin());
    const std::lock_guard lock(mutex_);
    if (TRY(examples_.count(Where<Example>().eq(&Example::id, decision.item))) == 0) {
        return not_found("field 'item': no such example: " + decision.item.hex());
    }
    event.id = decision.event_id.empty()
                   ? Id<LabelEvent>::random(event.received, state_->rng)
                   : TRY(Id<LabelEvent>::parse(decision.event_id).within("field 'event_id'"));
    if (const auto stored = TRY(events_.reader().find(event.id))) {
        if (!says_the_same(*stored, event)) {
            return make_error(
                Code::Conflict,
                fmt::format(
                    "This event id was used for something else; make a new one: {}", event.id.text()
                )
            );
        }
        return Receipt{stored->id, stored->seq, true};
    }
    // What was drawn for the hold-out stays out of training, whoever states its label.
    event.holdout = TRY(tasks_.count(Where<LabelTask>()
                                         .eq(&LabelTask::model, decision.model)
                                         .eq(&LabelTask::item, decision.item)
                                         .eq(&LabelTask::holdout, true))) > 0;
    Model& known = *TRY(fresh_model(decision.model));
    Tail tail = known.tail;  // the model moves only after the commit
    TRY(append(tail, event));
    TRY(transaction->commit());
    known.take(event);
    return Receipt{event.id, event.seq, false};
}

}  // namespace flywheel::labeling
