// SPDX-License-Identifier: Apache-2.0
#include "rooms/selection/selection.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "records/label_fold.h"
#include "rooms/selection/arms.h"

namespace flywheel::selection {

namespace {

constexpr double kSmallestSharedAudit = 5;

/// A task in the making.
struct Pick {
    std::size_t place = 0;  ///< In the frame's rows.
    Digest item;            ///< To ask about.
    bool paid = true;       ///< Costs a question.
};

struct Picks {
    std::vector<Pick> audit;
    std::vector<Pick> strategy;
    double audit_probability = 0;
};

Result<void> check(const Plan& plan) {
    if (plan.budget < 0) {
        return invalid_argument(fmt::format("A label budget is 0 or more: {}", plan.budget));
    }
    const auto is_share = [](double share) { return share >= 0 && share <= 1; };
    if (!is_share(plan.audit_share) || !is_share(plan.holdout_share)) {
        return invalid_argument(fmt::format(
            "Shares of audit and hold-out lie in [0, 1]: {} and {}",
            plan.audit_share,
            plan.holdout_share
        ));
    }
    return {};
}

/// Rows to audit out of `eligible`. An audit of fewer than 5 shows nothing, so then it takes
/// everything.
std::size_t audit_count(const Plan& plan, std::size_t eligible) {
    const auto budget = static_cast<double>(plan.budget);
    const double wanted = plan.audit_share * budget;
    const double count = wanted < kSmallestSharedAudit ? budget : std::round(wanted);
    return std::min(static_cast<std::size_t>(count), eligible);
}

std::vector<Pick> audit(
    const std::vector<Candidate>& rows,
    const std::vector<std::size_t>& sample,
    const GroupBook& book
) {
    std::unordered_map<Digest, Digest, DigestHash> asked_now;
    std::vector<Pick> picks;
    for (const std::size_t place : sample) {
        const auto& [row, group] = rows[place];
        const GroupPast& past = book.of(group);
        Pick pick{place, row.payload_digest, false};
        if (past.labelled) {
            pick.item = book.is_labelled(row.payload_digest) ? row.payload_digest : *past.labelled;
        } else if (past.asked) {
            pick.item = *past.asked;
        } else {
            const auto [now, is_new] = asked_now.try_emplace(group, row.payload_digest);
            pick.item = now->second;
            pick.paid = is_new;
        }
        picks.push_back(pick);
    }
    return picks;
}

/// Places that the strategy may pick: of each group without past and outside the audit the row of
/// smallest margin.
std::vector<std::size_t> strategy_pool(
    const std::vector<Candidate>& rows,
    const GroupBook& book,
    const std::vector<std::size_t>& audited
) {
    std::unordered_set<Digest, DigestHash> taken;
    for (const std::size_t place : audited) {
        taken.insert(rows[place].group);
    }
    std::unordered_map<Digest, std::size_t, DigestHash> best;
    const auto key = [&](std::size_t place) {
        const Prediction& row = rows[place].row;
        return std::tuple(margin_of(row), row.payload_digest, row.id);
    };
    for (std::size_t place = 0; place < rows.size(); ++place) {
        const Digest& group = rows[place].group;
        const GroupPast& past = book.of(group);
        if (past.labelled || past.asked || past.tested || taken.contains(group)) {
            continue;
        }
        const auto [found, is_new] = best.try_emplace(group, place);
        if (!is_new && key(place) < key(found->second)) {
            found->second = place;
        }
    }
    std::vector<std::size_t> pool;
    for (const auto& [group, place] : best) {
        pool.push_back(place);
    }
    return pool;
}

Picks choose_rows(const Plan& plan, const std::vector<Candidate>& rows, const GroupBook& book) {
    Picks picks;
    const std::size_t count = audit_count(plan, rows.size());
    const auto sample = audit_sample(rows, count, plan.seed);
    picks.audit = audit(rows, sample, book);
    if (!rows.empty()) {
        picks.audit_probability = static_cast<double>(count) / static_cast<double>(rows.size());
    }
    MarginPlan margins;
    margins.duplicate_cosine = plan.duplicate_cosine;
    for (const auto& pick : picks.audit) {
        if (pick.paid) {
            margins.picked.push_back(pick.place);
        }
    }
    margins.count = static_cast<std::size_t>(plan.budget) - margins.picked.size();
    for (const auto place : smallest_margins(rows, strategy_pool(rows, book, sample), margins)) {
        picks.strategy.push_back({place, rows[place].row.payload_digest, true});
    }
    return picks;
}

/// Questions of both arms, spread evenly over the ranks; then the audited rows that cost none.
std::vector<std::pair<Arm, const Pick*>> in_order(const Picks& picks) {
    std::vector<std::pair<Arm, const Pick*>> audit_questions;
    std::vector<std::pair<Arm, const Pick*>> free;
    for (const auto& pick : picks.audit) {
        (pick.paid ? audit_questions : free).emplace_back(Arm::Audit, &pick);
    }
    std::vector<std::pair<Arm, const Pick*>> order;
    const std::size_t a = audit_questions.size();
    const std::size_t s = picks.strategy.size();
    for (std::size_t i = 0, j = 0; i < a || j < s;) {
        // Question i of a stands at (i + 1/2) / a of the way.
        if (j == s || (i < a && (2 * i + 1) * s <= (2 * j + 1) * a)) {
            order.push_back(audit_questions[i++]);
        } else {
            order.emplace_back(Arm::Strategy, &picks.strategy[j++]);
        }
    }
    order.insert(order.end(), free.begin(), free.end());
    return order;
}

LabelTask task_of(const Plan& plan, const Candidate& candidate, Arm arm, const Pick& pick) {
    const Prediction& row = candidate.row;
    const auto& calibrated = row.calibrated();
    LabelTask task;
    task.id = Id<LabelTask>::derived(
        plan.now, fmt::format("{}\n{}\n{}", plan.turn.text(), row.id.text(), enum_name(arm))
    );
    task.model = plan.model;
    task.item = pick.item;
    task.group = candidate.group;
    task.prediction = row.id;
    task.turn = plan.turn;
    task.arm = arm;
    task.strategy = arm == Arm::Strategy ? "margin" : pick.paid ? "uniform" : std::string(kReuse);
    task.window_begin = plan.window.begin;
    task.window_end = plan.window.end;
    task.suggested = row.label;
    if (row.label >= 0 && static_cast<std::size_t>(row.label) < calibrated.size()) {
        task.suggested_probability =
            static_cast<double>(calibrated[static_cast<std::size_t>(row.label)]);
    }
    task.created = plan.now;
    return task;
}

Summary summary_of(std::size_t served, std::size_t eligible, const std::vector<LabelTask>& tasks) {
    Summary summary;
    summary.served = static_cast<std::int64_t>(served);
    summary.eligible = static_cast<std::int64_t>(eligible);
    for (const auto& task : tasks) {
        summary.audit += task.arm == Arm::Audit ? 1 : 0;
        summary.strategy += task.arm == Arm::Strategy ? 1 : 0;
        summary.reused += task.strategy == kReuse ? 1 : 0;
    }
    summary.questions = summary.audit + summary.strategy - summary.reused;
    if (eligible > 0) {
        summary.audit_probability =
            static_cast<double>(summary.audit) / static_cast<double>(eligible);
    }
    return summary;
}

}  // namespace

struct Selection::Frame {
    std::size_t served = 0;
    std::vector<Candidate> rows;
};

Selection::Selection(
    const CapturedRows& captured,
    Reader<Example> examples,
    Reader<LabelEvent> events,
    Writer<LabelTask> tasks
)
    : captured_(captured), examples_(examples), events_(events), tasks_(tasks) {}

Result<std::optional<Digest>> Selection::group_of(const Digest& item) {
    if (const auto known = groups_.find(item); known != groups_.end()) {
        return std::optional(known->second);
    }
    const auto example = TRY(examples_.find(item));
    if (!example) {
        return std::optional<Digest>();
    }
    groups_.emplace(item, example->group);
    return std::optional(example->group);
}

Result<Selection::Frame> Selection::frame_of(const Plan& plan) {
    Frame frame;
    auto rows = TRY(captured_.predictions(plan.model, plan.window));
    frame.served = rows.size();
    for (auto& row : rows) {
        if (const auto group = TRY(group_of(row.payload_digest))) {
            frame.rows.push_back({std::move(row), *group});
        }
    }
    return frame;
}

Result<GroupBook> Selection::book_of(const std::string& model) {
    GroupBook book;
    const auto all_tasks = Where<LabelTask>()
                               .eq(&LabelTask::model, model)
                               .order(&LabelTask::turn)
                               .order(&LabelTask::rank);
    TRY(tasks_.reader().each(all_tasks, [&](const LabelTask& task) -> Result<void> {
        auto& past = book.open(task.group);
        past.asked = task.item;
        (task.holdout ? past.tested : past.trained) = true;
        return {};
    }));
    LabelFold fold;
    const auto all_events =
        Where<LabelEvent>().eq(&LabelEvent::model, model).order(&LabelEvent::seq);
    TRY(events_.each(all_events, [&](const LabelEvent& event) -> Result<void> {
        fold.add(event);
        const auto group = TRY(group_of(event.item));
        if (event.action == LabelAction::Answer && group) {
            auto& past = book.open(*group);
            (event.holdout ? past.tested : past.trained) = true;
        }
        return {};
    }));
    for (const auto& label : fold.labels()) {
        if (const auto group = TRY(group_of(label.item))) {
            book.label(label.item, *group);
        }
    }
    return book;
}

Result<Summary> Selection::choose(const Plan& plan) {
    TRY(check(plan));
    const auto transaction = TRY(tasks_.begin());
    const Frame frame = TRY(frame_of(plan));
    auto tasks = TRY(tasks_.reader().select(
        Where<LabelTask>().eq(&LabelTask::model, plan.model).eq(&LabelTask::turn, plan.turn)
    ));
    if (!tasks.empty()) {
        return summary_of(frame.served, frame.rows.size(), tasks);
    }
    const GroupBook book = TRY(book_of(plan.model));
    const Picks picks = choose_rows(plan, frame.rows, book);
    for (const auto& [arm, pick] : in_order(picks)) {
        const Candidate& candidate = frame.rows[pick->place];
        LabelTask task = task_of(plan, candidate, arm, *pick);
        task.rank = static_cast<std::int64_t>(tasks.size());
        if (arm == Arm::Audit) {
            task.probability = picks.audit_probability * candidate.row.payload_propensity();
            task.holdout = book.is_holdout(candidate.group, plan.holdout_share);
        }
        TRY(tasks_.insert(task));
        tasks.push_back(std::move(task));
    }
    TRY(transaction->commit());
    return summary_of(frame.served, frame.rows.size(), tasks);
}

}  // namespace flywheel::selection
