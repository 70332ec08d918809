// SPDX-License-Identifier: Apache-2.0
#include "loop/conductor.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/log.h"
#include "loop/round.h"

namespace flywheel::loop {

/// Work that runs jobs or touches much stays outside the transaction that marks the step done; its
/// records are found again by their derived ids when the step runs twice.
enum class Work { InTransaction, BeforeTransaction };

struct Conductor::Step {
    std::string_view name;
    Result<StepOutcome> (Round::*body)();
    Work work;
    bool changes_served = false;
};

const std::vector<Conductor::Step>& Conductor::steps() {
    static const std::vector<Step> kSteps = {
        {"observe", &Round::observe, Work::InTransaction},
        {"collect", &Round::collect, Work::InTransaction},
        {"choose", &Round::choose, Work::InTransaction},
        {"gather", &Round::gather, Work::InTransaction},
        {"decide", &Round::decide, Work::InTransaction},
        {"cut", &Round::cut, Work::InTransaction},
        {"tune", &Round::tune, Work::BeforeTransaction},
        {"train", &Round::train, Work::BeforeTransaction},
        {"judge", &Round::judge, Work::InTransaction},
        {"release", &Round::release_step, Work::InTransaction, true},
        {"correct", &Round::correct, Work::InTransaction, true},
        {"settle", &Round::settle, Work::InTransaction},
    };
    return kSteps;
}

namespace {

Digest step_key(const Turn& turn, std::string_view step) {
    return sha256(fmt::format("step {} {}", turn.id.text(), step));
}

std::uint64_t turn_seed(const Policy& policy, std::int64_t number) {
    const Digest digest = sha256(fmt::format("turn {} {} {}", policy.model, number, policy.seed));
    std::uint64_t seed = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        seed = seed << 8U | digest.bytes[i];
    }
    return seed;
}

/// Errors that a second try cannot mend: the data are at fault, not the machine.
bool is_final(Code code) {
    return code == Code::InvalidArgument || code == Code::Unsupported || code == Code::NotFound;
}

}  // namespace

Conductor::Conductor(
    Rooms rooms,
    const CapturedRows& captured,
    Records records,
    const Clock& clock,
    Notifier& notifier,
    Policy policy,
    Listeners listeners
)
    : rooms_(rooms),
      captured_(captured),
      records_(records),
      clock_(clock),
      notifier_(notifier),
      policy_(std::move(policy)),
      listeners_(std::move(listeners)) {}

Result<std::optional<Turn>> Conductor::current() const {
    auto newest = TRY(records_.turns.reader().first(
        Where<Turn>().eq(&Turn::model, policy_.model).newest(&Turn::number)
    ));
    if (newest && newest->state != TurnState::Open && newest->state != TurnState::Waiting) {
        newest.reset();
    }
    return newest;
}

Result<Turn> Conductor::open(const std::string& trigger, Time window_end) {
    const auto newest = TRY(records_.turns.reader().first(
        Where<Turn>().eq(&Turn::model, policy_.model).newest(&Turn::number)
    ));
    if (newest && (newest->state == TurnState::Open || newest->state == TurnState::Waiting)) {
        return make_error(
            Code::Conflict,
            fmt::format(
                "A turn of this model is open already: turn {} at step '{}'",
                newest->number,
                newest->step
            )
        );
    }
    Turn turn;
    turn.model = policy_.model;
    turn.number = newest ? newest->number + 1 : 1;
    turn.created = clock_.now();
    turn.id =
        Id<Turn>::derived(turn.created, fmt::format("turn {} {}", policy_.model, turn.number));
    turn.trigger = trigger;
    // Windows touch each other: what one Turn looked at, no later one looks at again.
    turn.window_begin = newest ? newest->window_end : window_end;
    turn.window_end = std::max(window_end, turn.window_begin);
    turn.step = steps().front().name;
    turn.seed = static_cast<std::int64_t>(turn_seed(policy_, turn.number));
    turn.summary.text = "{}";
    TRY(records_.turns.insert(turn));
    log_info("turn opened", {{"model", turn.model}, {"turn", turn.number}, {"trigger", trigger}});
    return turn;
}

Result<Turn> Conductor::advance() {
    const std::scoped_lock lock(advancing_);
    auto open_turn = TRY(current());
    if (!open_turn) {
        return not_found(fmt::format("No turn is open for this model: {}", policy_.model));
    }
    Round round(*this, std::move(*open_turn));
    TRY(records_.steps.reader().each(
        Where<TurnStep>().eq(&TurnStep::turn, round.turn_row.id),
        [&](const TurnStep& step) -> Result<void> {
            round.outputs[step.name] = step.output.text;
            return {};
        }
    ));
    for (std::size_t at = 0; at < steps().size(); ++at) {
        if (round.outputs.contains(std::string(steps()[at].name))) {
            continue;
        }
        auto went_on = run_step(round, at);
        if (!went_on) {
            Error error = std::move(went_on).error().within(
                fmt::format("turn {}, step '{}'", round.turn_row.number, steps()[at].name)
            );
            if (is_final(error.code)) {
                TRY(end(round.turn_row, TurnState::Failed, "failed", error.message));
            }
            return error;
        }
        if (!*went_on) {
            break;
        }
    }
    return round.turn_row;
}

Result<bool> Conductor::run_step(Round& round, std::size_t at) {
    const Step& step = steps()[at];
    StepOutcome outcome;
    if (step.work == Work::BeforeTransaction) {
        outcome = TRY((round.*step.body)());
    }
    const auto transaction = TRY(records_.turns.begin());
    if (step.work == Work::InTransaction) {
        outcome = TRY((round.*step.body)());
    }
    Turn turn = round.turn_row;
    if (!outcome.waiting) {
        TurnStep done;
        done.id = step_key(turn, step.name);
        done.turn = turn.id;
        done.name = step.name;
        done.output.text = outcome.output;
        done.created = clock_.now();
        TRY(records_.steps.insert(done));
        turn.step = at + 1 < steps().size() ? steps()[at + 1].name : "";
    }
    if (!outcome.ends) {
        turn.state = outcome.waiting ? TurnState::Waiting : TurnState::Open;
    }
    turn.error.clear();
    TRY(records_.turns.update(turn));
    TRY(transaction->commit());
    round.turn_row = std::move(turn);
    round.outputs[std::string(step.name)] = outcome.output;
    if (step.changes_served && listeners_.served_changed) {
        TRY(listeners_.served_changed(policy_.model).within("load what is served now"));
    }
    return !outcome.waiting && !outcome.ends;
}

Result<Turn> Conductor::end(
    Turn turn, TurnState state, const std::string& verdict, const std::string& error
) {
    turn.state = state;
    turn.verdict = verdict;
    turn.error = error;
    turn.ended = clock_.now();
    TRY(records_.turns.update(turn));
    tell(
        {turn.id.text(),
         turn.model,
         fmt::format("Turn {} of {} ended: {}. {}", turn.number, turn.model, verdict, error)}
    );
    return turn;
}

void Conductor::stop_jobs() {
    rooms_.training.stop();
}

Result<void> Conductor::warm_up() const {
    TRY(rooms_.labeling.progress(policy_.model, std::nullopt));
    return {};
}

Result<void> Conductor::watch_labels() const {
    const auto watch = rooms_.labeling.watch(policy_.model);
    if (!watch && watch.error().code == Code::NotFound) {
        return {};  // no labels yet, so nobody labels
    }
    const auto& seen = TRY(watch);
    monitoring::LabelState state;
    state.model = policy_.model;
    state.now = clock_.now();
    state.pull_most = seen.anchoring.most;
    state.disagreement = seen.disagreement;
    if (seen.anchored) {
        const auto& pull = seen.anchoring;
        state.pull = {pull.visible, pull.hidden, pull.difference, pull.interval};
    }
    for (const Incident& incident : TRY(rooms_.monitoring.note_labels(state))) {
        tell({incident.id.text(), incident.model, incident.sentence});
    }
    return {};
}

/// A notice that cannot be sent is no reason to stop.
void Conductor::tell(const Notice& notice) const {
    if (auto told = notifier_.tell(notice); !told) {
        log_warn("notice not sent", {{"error", told.error().message}});
    }
}

Result<Turn> Conductor::cancel(const std::string& who) {
    stop_jobs();  // a fit under way gives up, and with it the advance that holds the lock
    const std::scoped_lock lock(advancing_);
    auto open_turn = TRY(current());
    if (!open_turn) {
        return not_found(fmt::format("No turn is open for this model: {}", policy_.model));
    }
    return end(std::move(*open_turn), TurnState::Cancelled, "cancelled", "cancelled by " + who);
}

Result<Turn> Conductor::fail(const std::string& why) {
    const std::scoped_lock lock(advancing_);
    auto open_turn = TRY(current());
    if (!open_turn) {
        return not_found(fmt::format("No turn is open for this model: {}", policy_.model));
    }
    return end(std::move(*open_turn), TurnState::Failed, "failed", why);
}

Result<std::optional<std::string>> Conductor::due() const {
    const auto newest = TRY(records_.turns.reader().first(
        Where<Turn>().eq(&Turn::model, policy_.model).newest(&Turn::number)
    ));
    if (newest && (newest->state == TurnState::Open || newest->state == TurnState::Waiting)) {
        return std::optional<std::string>();
    }
    if (!newest) {
        // Where people label a file first, the wheel waits for enough to learn from.
        const bool labelled = rooms_.labeling.schema(policy_.model).has_value() &&
                              TRY(rooms_.labeling.answers_since(policy_.model, 0)) >=
                                  std::max<std::int64_t>(1, policy_.retrain_labels_min);
        return labelled ? std::optional<std::string>("first model") : std::nullopt;
    }
    if (clock_.now() - newest->window_end >= policy_.cadence) {
        return std::optional<std::string>("cadence");
    }
    return std::optional<std::string>();
}

}  // namespace flywheel::loop
