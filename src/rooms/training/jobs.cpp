// SPDX-License-Identifier: Apache-2.0
#include "rooms/training/jobs.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json_value.h"
#include "rooms/training/curve.h"
#include "rooms/training/peak_memory.h"

namespace flywheel::training {

namespace {

/// Rungs of successive halving (Jamieson, Talwalkar 2016): share of the full effort; a third goes
/// on each time.
constexpr double kRungs[] = {1.0 / 3, 1.0};
constexpr std::size_t kKeepOneOf = 3;

enum class ValidRows { Judge, Learn };

TrainingSet view_of(const Pack& pack, ValidRows use) {
    TrainingSet set;
    set.classes = pack.classes;
    for (const auto& row : pack.rows) {
        auto& side = row.valid && use == ValidRows::Judge ? set.valid : set.train;
        side.push_back({row.text, static_cast<std::int32_t>(row.label), row.weight, row.group});
    }
    set.unlabelled.assign(pack.unlabelled.begin(), pack.unlabelled.end());
    return set;
}

void print(const JobProgress& progress, const Json& line) {
    if (progress) {
        progress(canonical(line));
    }
}

Json number_or_null(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

/// Listens to one fit: passes its steps on and keeps its curve.
class Listener {
  public:
    Listener(const JobContext& context, std::int64_t trial, std::int64_t rung)
        : context_(context), trial_(trial), rung_(rung) {}

    [[nodiscard]] FitObserver observer() {
        return [this](const FitProgress& at) { return hear(at); };
    }

    [[nodiscard]] Json curve() const { return curve_json(thinned(curve_)); }

  private:
    Result<void> hear(const FitProgress& at) {
        if (context_.stop != nullptr && context_.stop->load()) {
            return make_error(Code::Cancelled, "The job was asked to stop");
        }
        Json pass = nullptr;
        if (!at.judging && std::isfinite(at.loss)) {
            curve_.push_back({static_cast<std::int64_t>(curve_.size()) + 1, at.loss});
            pass = curve_.back().step;
        }
        print(
            context_.progress,
            {{"name", "loss"},
             {"trial", trial_},
             {"rung", rung_},
             {"step", at.step},
             {"steps", at.steps},
             {"pass", pass},
             {"value", number_or_null(at.loss)}}
        );
        return {};
    }

    const JobContext& context_;
    std::int64_t trial_;
    std::int64_t rung_;
    Curve curve_;
};

/// Finished trials of a search, kept line by line so that a killed job goes on where it was.
class Checkpoint {
  public:
    Checkpoint(std::filesystem::path file, std::string key)
        : file_(std::move(file)), key_(std::move(key)) {
        std::ifstream in(file_, std::ios::binary);
        for (std::string line; std::getline(in, line);) {
            auto value = parse_json(line);  // a torn last line is a trial that did not finish
            if (value && value->value("key", "") == key_) {
                // The place first: an assignment would move the value away before its left side
                // reads it.
                const std::pair place(value->value("trial", -1), value->value("rung", -1));
                done_[place] = std::move(*value);
            }
        }
    }

    [[nodiscard]] const Json* find(int trial, int rung) const {
        const auto found = done_.find({trial, rung});
        return found == done_.end() ? nullptr : &found->second;
    }

    Json keep(int trial, int rung, Json outcome) {
        outcome["key"] = key_;
        outcome["trial"] = trial;
        outcome["rung"] = rung;
        std::ofstream out(file_, std::ios::binary | std::ios::app);
        out << canonical(outcome) << '\n';
        return outcome;
    }

  private:
    std::filesystem::path file_;
    std::string key_;
    std::map<std::pair<int, int>, Json> done_;
};

struct Search {
    const Engine& engine;
    const JobContext& context;
    const TrainingSet& set;
    std::uint64_t seed = 0;
    Checkpoint checkpoint;
};

void print_trial(const JobContext& context, const Json& outcome) {
    print(
        context.progress,
        {{"name", "trial"},
         {"trial", outcome.at("trial")},
         {"rung", outcome.at("rung")},
         {"value", outcome.value("loss", Json())},
         {"curve", outcome.value("curve", Json::array())}}
    );
}

Result<Json> run_trial(Search& search, int trial, int rung, const EngineSettings& settings) {
    if (const Json* done = search.checkpoint.find(trial, rung)) {
        print_trial(search.context, *done);
        return *done;
    }
    const double cpu_before = process_cpu_seconds();
    const PeakMemory memory;
    Listener listener(search.context, trial, rung);
    const auto fitted = search.engine.fit(
        search.set,
        search.engine.at_effort(settings, kRungs[rung]),
        search.seed,
        listener.observer()
    );
    Json outcome = {
        {"settings", TRY(parse_json(settings.text))},
        {"loss", nullptr},
        {"error", ""},
        {"curve", listener.curve()}
    };
    if (fitted) {
        outcome["loss"] = number_or_null(fitted->valid_log_loss);
        outcome["accuracy"] = number_or_null(fitted->valid_accuracy);
    } else if (fitted.error().code == Code::Cancelled) {
        return fitted.error();
    } else {
        outcome["error"] = fitted.error().message;
    }
    outcome["cpu_seconds"] = process_cpu_seconds() - cpu_before;
    const auto held = memory.bytes();
    outcome["peak_rss_bytes"] = held ? Json(*held) : Json(nullptr);
    outcome = search.checkpoint.keep(trial, rung, std::move(outcome));
    print_trial(search.context, outcome);
    return outcome;
}

double loss_of(const Json& outcome) {
    return outcome["loss"].is_number() ? outcome["loss"].get<double>() : INFINITY;
}

/// Loss of the defaults at full effort, also when they did not survive the first rung.
Result<double> full_loss_of_defaults(
    Search& search, const std::vector<EngineSettings>& settings, std::map<int, Json>& newest
) {
    const int last = static_cast<int>(std::size(kRungs)) - 1;
    newest[0] = TRY(run_trial(search, 0, last, settings.front()));
    return loss_of(newest[0]);
}

/// Trial 0 are the engine's defaults. A few hundred validation rows cannot tell near ties apart,
/// and the least of several noisy losses flatters; so another trial must beat the defaults by a
/// margin (in the spirit of the one-standard-error rule: Breiman, Friedman, Olshen, Stone
/// 1984, 3.4.3).
constexpr double kBetterBy = 0.03;

bool beats_defaults(double loss, double defaults) {
    return !std::isfinite(defaults) || loss < defaults - kBetterBy;
}

Result<std::string> run_search(Search& search, int trials) {
    const auto settings = search.engine.suggest(search.seed, trials);
    std::vector<int> alive(settings.size());
    std::iota(alive.begin(), alive.end(), 0);
    std::map<int, Json> newest;
    for (int rung = 0; rung < static_cast<int>(std::size(kRungs)); ++rung) {
        for (const int trial : alive) {
            newest[trial] =
                TRY(run_trial(search, trial, rung, settings[static_cast<std::size_t>(trial)]));
        }
        std::stable_sort(alive.begin(), alive.end(), [&](int a, int b) {
            return loss_of(newest[a]) < loss_of(newest[b]);
        });
        const std::size_t next = std::max<std::size_t>(1, alive.size() / kKeepOneOf);
        if (rung + 1 < static_cast<int>(std::size(kRungs))) {
            alive.resize(next);
        }
    }
    int best = alive.front();
    if (best != 0 && !beats_defaults(
                         loss_of(newest[best]), TRY(full_loss_of_defaults(search, settings, newest))
                     )) {
        best = 0;
    }
    Json result = {{"trials", Json::array()}, {"best", newest[best]["settings"]}};
    for (auto& [trial, outcome] : newest) {
        outcome.erase("key");
        result["trials"].push_back(outcome);
    }
    if (!std::isfinite(loss_of(newest[best]))) {
        return invalid_argument(
            "No settings could be fitted: " + newest[best]["error"].get<std::string>()
        );
    }
    return canonical(result);
}

Result<std::string> tune(const Engine& engine, const JobContext& context) {
    const Json spec = TRY(parse_json(context.spec));
    const Pack pack = TRY(read_pack(TRY(string_field(spec, "pack"))));
    const TrainingSet set = view_of(pack, ValidRows::Judge);
    Search search{
        engine,
        context,
        set,
        static_cast<std::uint64_t>(TRY(integer_field(spec, "seed"))),
        Checkpoint(TRY(string_field(spec, "checkpoint")), TRY(string_field(spec, "key")))
    };
    return run_search(search, static_cast<int>(TRY(integer_field(spec, "trials"))));
}

Result<std::string> train(const Engine& engine, const JobContext& context) {
    const Json spec = TRY(parse_json(context.spec));
    const Pack pack = TRY(read_pack(TRY(string_field(spec, "pack"))));
    const TrainingSet set = view_of(pack, ValidRows::Learn);
    const EngineSettings settings{canonical(spec.at("settings"))};
    const auto seed = static_cast<std::uint64_t>(TRY(integer_field(spec, "seed")));
    Listener listener(context, 0, 0);
    const FittedModel fitted = TRY(engine.fit(set, settings, seed, listener.observer()));
    std::ofstream out(context.out / "weights.safetensors", std::ios::binary | std::ios::trunc);
    out.write(fitted.weights.data(), static_cast<std::streamsize>(fitted.weights.size()));
    out.close();
    if (!out) {
        return make_error(
            Code::Unavailable, fmt::format("Cannot write the weights: {}", context.out.string())
        );
    }
    return canonical(Json{
        {"settings", TRY(parse_json(fitted.settings.text))},
        {"metrics",
         {{"train_rows", set.train.size()},
          {"valid_rows", set.valid.size()},
          {"unlabelled_rows", set.unlabelled.size()},
          {"valid_log_loss", number_or_null(fitted.valid_log_loss)},
          {"valid_accuracy", number_or_null(fitted.valid_accuracy)},
          {"train_log_loss", number_or_null(fitted.train_log_loss)},
          {"temperature", number_or_null(fitted.temperature)},
          {"curve", listener.curve()}}}
    });
}

}  // namespace

JobBody tune_job(const Engine& engine) {
    return [&engine](const JobContext& context) { return tune(engine, context); };
}

JobBody train_job(const Engine& engine) {
    return [&engine](const JobContext& context) { return train(engine, context); };
}

}  // namespace flywheel::training
