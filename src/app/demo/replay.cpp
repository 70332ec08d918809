// SPDX-License-Identifier: Apache-2.0
#include "app/demo/replay.h"

#include <algorithm>
#include <charconv>
#include <thread>
#include <unordered_set>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/rng.h"
#include "stats/label_shift.h"

namespace flywheel::app {

namespace {

constexpr std::chrono::milliseconds kLook{1};
constexpr std::chrono::minutes kTurnMax{10};
constexpr double kCorrectedShare = 0.05;  ///< Of wrong answers, with --feedback.

std::string infer_body(const StreamRow& row) {
    return canonical(Json{
        {"id", row.id},
        {"inputs", {{{"name", "text"}, {"shape", {1}}, {"datatype", "BYTES"}, {"data", {row.text}}}}
        },
        {"outputs", {{{"name", "label"}}}}
    });
}

std::int64_t top(const std::vector<float>& scores) {
    return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

}  // namespace

Replay::Replay(const Stream& stream, const Cut& cut, Stage stage, ReplayPlan plan)
    : stream_(stream),
      cut_(cut),
      project_(stage.project),
      server_(stage.server),
      clock_(stage.clock),
      plan_(plan),
      client_(stage.server.port()),
      annotators_(stream, stage.project.settings().model, plan.seed, stage.server.port()) {}

Result<std::optional<Turn>> Replay::turn_numbered(std::int64_t number) const {
    return Reader<Turn>(project_.ledger())
        .first(Where<Turn>().eq(&Turn::model, project_.settings().model).eq(&Turn::number, number));
}

Result<void> Replay::train_first() {
    const Time starts = stream_.rows[cut_.train_end].time;
    const auto first = TRY(turn_numbered(1));
    if (!first) {
        clock_.set(starts);
        const StreamSource source(stream_, 0, cut_.train_end);
        const auto digest =
            sha256(fmt::format("demo {} {} {}", stream_.name, stream_.rows.size(), cut_.train_end));
        TRY(project_.import_source(source, digest).within("import of the training rows"));
    }
    const Turn turn = TRY(finish_turn(1, starts, "first model"));
    if (turn.verdict != "promoted") {
        return internal_error(
            fmt::format("The first model was not released: {} {}", turn.verdict, turn.error)
        );
    }
    return {};
}

Result<PeriodResult> Replay::run(
    const Period& period, std::size_t number, const std::function<void(std::int64_t)>& advance
) {
    const auto turn_number =
        static_cast<std::int64_t>(number) + 2;  // the first Turn made version 1
    const auto known = TRY(turn_numbered(turn_number));
    if (!known) {
        TRY(serve_rows(period, advance));
    } else {
        advance(static_cast<std::int64_t>(period.end - period.begin));
    }
    const Turn turn = TRY(finish_turn(turn_number, period.closes, "cadence"));
    PeriodResult result = TRY(read_back(period, turn.window_begin));
    result.turn = turn;
    return result;
}

Result<void> Replay::serve_rows(
    const Period& period, const std::function<void(std::int64_t)>& advance
) {
    // A run that was killed goes on: what is captured is not sent again.
    std::unordered_set<std::string> captured;
    TRY(project_.capture().flush());
    const TimeRange window{stream_.rows[period.begin].time, period.closes};
    for (const auto& row : TRY(project_.capture().predictions(project_.settings().model, window))) {
        captured.insert(row.request_id);
    }
    for (std::size_t i = period.begin; i < period.end; ++i) {
        const auto& row = stream_.rows[i];
        clock_.set(row.time);
        if (!captured.contains(row.id)) {
            TRY(serve_row(row));
        }
        advance(1);
    }
    return {};
}

Result<void> Replay::serve_row(const StreamRow& row) {
    const std::string target = fmt::format("/v2/models/{}/infer", project_.settings().model);
    const auto answer = TRY(client_.post(target, infer_body(row)));
    if (answer.status != 200) {
        return internal_error(fmt::format(
            "The server refused row '{}' with {}: {}", row.id, answer.status, answer.body
        ));
    }
    return plan_.feedback ? maybe_correct(row, answer.body) : Result<void>();
}

Result<void> Replay::maybe_correct(const StreamRow& row, const std::string& body) {
    const Json answer = TRY(parse_json(body));
    const auto& truth = stream_.labels[static_cast<std::size_t>(row.label)];
    const auto given = answer.at("outputs").at(0).at("data").at(0).get<std::string>();
    if (given == truth || unit_interval(xxh3("user " + row.id, plan_.seed)) >= kCorrectedShare) {
        return {};
    }
    const std::string target = fmt::format("/v2/models/{}/feedback", project_.settings().model);
    const auto receipt = TRY(client_.post(
        target,
        canonical(
            Json{{"id", row.id}, {"label", truth}, {"source", "user"}, {"at", to_rfc3339(row.time)}}
        )
    ));
    if (receipt.status != 202) {
        return internal_error(
            fmt::format("Feedback was refused with {}: {}", receipt.status, receipt.body)
        );
    }
    return {};
}

Result<Turn> Replay::finish_turn(std::int64_t number, Time window_end, const std::string& trigger) {
    auto turn = TRY(turn_numbered(number));
    if (!turn) {
        // A run that goes on takes an opened Turn for the word that its rows were served, so they
        // must outlive this process first.
        TRY(project_.capture().flush());
        clock_.set(window_end);
        turn = TRY(project_.conductor().open(trigger, window_end));
    } else if (turn->state == TurnState::Open || turn->state == TurnState::Waiting) {
        clock_.set(window_end);
    }
    server_.wake_loop();
    const auto patience = monotonic_now() + kTurnMax;
    while (turn->state == TurnState::Open || turn->state == TurnState::Waiting) {
        if (monotonic_now() > patience) {
            return make_error(
                Code::Unavailable, fmt::format("Turn {} hangs at step '{}'", number, turn->step)
            );
        }
        if (turn->state == TurnState::Waiting && TRY(annotators_.answer_all()) > 0) {
            server_.wake_loop();
        }
        std::this_thread::sleep_for(kLook);
        turn = TRY(turn_numbered(number));
    }
    if (turn->state != TurnState::Done) {
        return internal_error(
            fmt::format("Turn {} ended as {}: {}", number, turn->verdict, turn->error)
        );
    }
    return std::move(*turn);
}

Result<const std::vector<double>*> Replay::prior_of(const std::string& version) {
    const auto found = priors_.find(version);
    if (found != priors_.end()) {
        return &found->second;
    }
    std::int64_t number = 0;
    std::from_chars(version.data(), version.data() + version.size(), number);
    const auto record = TRY(project_.release().version(project_.settings().model, number));
    return &priors_.emplace(version, record.prior).first->second;
}

Result<PeriodResult> Replay::read_back(const Period& period, Time begins) {
    std::unordered_map<std::string, std::int32_t> truth;
    for (std::size_t i = period.begin; i < period.end; ++i) {
        truth.emplace(stream_.rows[i].id, stream_.rows[i].label);
    }
    PeriodResult result(stream_.labels.size());
    TRY(project_.capture().flush());
    const auto rows =
        TRY(project_.capture().predictions(project_.settings().model, {begins, period.closes}));
    for (const auto& row : rows) {
        const auto found = truth.find(row.request_id);
        if (found == truth.end()) {
            continue;
        }
        const auto& prior = *TRY(prior_of(row.version));
        const auto target = stats::discounted_prior(prior, project_.settings().prior_discount);
        result.served.add(found->second, row.label);
        result.plain.add(found->second, top(stats::corrected(row.calibrated(), target, prior)));
        truth.erase(found);
    }
    if (!truth.empty()) {
        return corrupt(fmt::format(
            "{} served rows are not in the captured rows, such as '{}'",
            truth.size(),
            truth.begin()->first
        ));
    }
    return result;
}

}  // namespace flywheel::app
