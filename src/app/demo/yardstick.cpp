// SPDX-License-Identifier: Apache-2.0
#include "app/demo/yardstick.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>

#include "stats/label_shift.h"

namespace flywheel::app {

namespace {

/// A fitted, packed, loaded model and the class mix it was trained on: what the loop would serve.
struct Fitted {
    std::shared_ptr<const Model> model;
    std::vector<double> prior;
};

Result<Fitted> fit_until(
    const Stream& stream,
    std::size_t end,
    Time now,
    const Engine& engine,
    const loop::Policy& policy
) {
    TrainingSet set;
    set.classes = static_cast<std::int32_t>(stream.labels.size());
    Fitted fitted;
    fitted.prior.assign(stream.labels.size(), 1.0);
    double total = static_cast<double>(stream.labels.size());
    for (std::size_t i = 0; i < end; ++i) {
        const auto& row = stream.rows[i];
        const double age = static_cast<double>((now - row.time).count());
        const double weight = std::pow(0.5, age / static_cast<double>(policy.half_life.count()));
        set.train.push_back({row.text, row.label, static_cast<float>(weight)});
        fitted.prior[static_cast<std::size_t>(row.label)] += weight;
        total += weight;
    }
    for (auto& share : fitted.prior) {
        share /= total;
    }
    const auto made = TRY(engine.fit(set, EngineSettings{"{}"}, policy.seed, {}));
    fitted.model = TRY(engine.load(TRY(engine.pack(made.weights))));
    return fitted;
}

/// Served rows of the recent past with their calibrated scores: what the present class mix is read
/// from.
struct Served {
    Time time;
    std::vector<float> scores;
    std::size_t model;  ///< Index into the list of priors.
};

class Mix {
  public:
    Mix(Duration window, double discount) : window_(window), discount_(discount) {}

    void start(std::vector<double> prior) { priors_.push_back(std::move(prior)); }

    void add(Time time, std::vector<float> scores) {
        rows_.push_back({time, std::move(scores), priors_.size() - 1});
    }

    /// Answers under the discounted training mix, which is how rows are served while nothing is
    /// measured.
    [[nodiscard]] std::int64_t plain(std::span<const float> scores) const {
        return top(stats::corrected(
            scores, stats::discounted_prior(priors_.back(), discount_), priors_.back()
        ));
    }

    /// Answers under the class mix estimated so far; as plain() before there is an estimate.
    [[nodiscard]] std::int64_t corrected(std::span<const float> scores) const {
        return estimate_.empty() ? plain(scores)
                                 : top(stats::corrected(scores, estimate_, priors_.back()));
    }

    void estimate(Time now) {
        std::erase_if(rows_, [&](const Served& row) { return row.time < now - window_; });
        stats::MixEstimator mix(priors_.back());
        for (const auto& row : rows_) {
            mix.add(row.scores, priors_[row.model]);
        }
        if (mix.rows() > 0) {
            estimate_ = mix.estimate().mix;
        }
    }

  private:
    static std::int64_t top(const std::vector<float>& scores) {
        return std::max_element(scores.begin(), scores.end()) - scores.begin();
    }

    Duration window_;
    double discount_;
    std::vector<std::vector<double>> priors_;
    std::vector<Served> rows_;
    std::vector<double> estimate_;
};

}  // namespace

Result<Line> run_yardstick(
    const Stream& stream,
    const Cut& cut,
    const Engine& engine,
    const YardstickPlan& plan,
    const std::atomic<bool>& stop
) {
    const auto& policy = *plan.policy;
    Line line(stream.labels.size());
    Mix mix(policy.correction_window, plan.prior_discount);
    const Time trained = stream.rows[cut.train_end].time;
    Fitted fitted = TRY(fit_until(stream, cut.train_end, trained, engine, policy));
    mix.start(fitted.prior);
    std::int64_t only_corrected = 0;
    std::int64_t only_plain = 0;
    for (const auto& period : cut.periods) {
        if (stop.load()) {
            return make_error(Code::Cancelled, "The demo was stopped");
        }
        const bool on = plan.correct == Correct::Always ||
                        (plan.correct == Correct::WhenItHelps && only_corrected > only_plain);
        Score here(stream.labels.size());
        for (std::size_t i = period.begin; i < period.end; ++i) {
            const auto& row = stream.rows[i];
            Answer given = answer(*fitted.model, row.text);
            const std::int64_t plain = mix.plain(given.scores);
            const std::int64_t corrected = mix.corrected(given.scores);
            line.plain.add(row.label, plain);
            here.add(row.label, on ? corrected : plain);
            only_corrected += corrected == row.label && plain != row.label ? 1 : 0;
            only_plain += plain == row.label && corrected != row.label ? 1 : 0;
            mix.add(row.time, std::move(given.scores));
        }
        line.served.add(here);
        line.periods.push_back(here);
        if (plan.retrain == Retrain::EveryPeriod) {
            fitted = TRY(fit_until(stream, period.end, period.closes, engine, policy));
            mix.start(fitted.prior);
            line.labels += static_cast<std::int64_t>(period.end - period.begin);
            ++line.retrains;
        }
        mix.estimate(period.closes);
    }
    return line;
}

}  // namespace flywheel::app
