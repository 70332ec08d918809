// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/fit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/rng.h"
#include "ports/engine/linear/artefact.h"
#include "ports/engine/linear/calibration.h"
#include "ports/engine/linear/dual_ascent.h"
#include "ports/engine/linear/examples.h"
#include "ports/engine/linear/hidden_net.h"
#include "ports/engine/linear/linear_model.h"

namespace flywheel::linear {

namespace {

constexpr std::size_t kRowsMax = 0xFFFFFFFF;
/// A net is too dear to fit once a fold: one fifth of the rows is held out, once.
constexpr std::size_t kHiddenFolds = 5;

Result<void> check_row(const TrainingRow& row, std::int32_t classes, std::size_t at) {
    if (row.label < 0 || row.label >= classes) {
        return invalid_argument(
            fmt::format("Label is outside of the {} classes: row {} has {}", classes, at, row.label)
        );
    }
    if (!(row.weight > 0) || !std::isfinite(row.weight)) {
        return invalid_argument(
            fmt::format("Weight must be positive and finite: row {} has {}", at, row.weight)
        );
    }
    return {};
}

Result<void> check_set(const TrainingSet& set) {
    if (set.classes < 2 || set.classes > kClassesMax) {
        return invalid_argument(
            fmt::format("A fit needs 2 to {} classes, not {}", kClassesMax, set.classes)
        );
    }
    if (set.train.empty() || set.train.size() > kRowsMax) {
        return invalid_argument(
            fmt::format("A fit needs labelled rows, at most 2^32: there are {}", set.train.size())
        );
    }
    for (std::size_t i = 0; i < set.train.size(); ++i) {
        TRY(check_row(set.train[i], set.classes, i).within("Training rows"));
    }
    for (std::size_t i = 0; i < set.valid.size(); ++i) {
        TRY(check_row(set.valid[i], set.classes, i).within("Validation rows"));
    }
    const std::int32_t first = set.train.front().label;
    const auto is_first = [&](const TrainingRow& row) { return row.label == first; };
    if (std::all_of(set.train.begin(), set.train.end(), is_first)) {
        return invalid_argument(
            fmt::format("A fit needs rows of at least two classes; all rows have label {}", first)
        );
    }
    return {};
}

/// Scores and targets of rows that were held out.
struct HeldOutRows {
    std::vector<float> scores;
    std::vector<float> target;
    std::vector<float> weight;

    [[nodiscard]] HeldOut view(const Examples& examples) const {
        return {scores, target, weight, examples.classes, examples.lanes};
    }
};

/// Everything that is known during one fit.
class Fit {
  public:
    Fit(const TrainingSet& set,
        const Settings& settings,
        std::uint64_t seed,
        const FitObserver& tell)
        : set_(set),
          settings_(settings),
          seed_(seed),
          tell_(tell),
          examples_(make_examples(set, settings.space, settings.smoothing)) {}

    Result<FittedModel> run() {
        steps_ = settings_.epochs + (settings_.hidden > 0 ? settings_.epochs : settings_.folds);
        if (settings_.hidden > 0) {
            TRY(fit_hidden());
        } else {
            TRY(fit_linear());
        }
        return finish();
    }

  private:
    enum class PassesOf { TheFit, ItsJudge };

    [[nodiscard]] PassObserver observer(PassesOf whose) {
        const bool judging = whose == PassesOf::ItsJudge;
        return [this, judging, before = done_](std::int64_t passes, double loss) -> Result<void> {
            done_ = before + passes;
            return tell_ ? tell_({done_, steps_, loss, judging}) : Result<void>();
        };
    }

    /// A fold from each row's group, so that copies of one text never stand on both sides.
    [[nodiscard]] std::vector<std::uint8_t> folds_of(std::size_t folds) const {
        std::vector<std::uint8_t> fold;
        fold.reserve(examples_.rows());
        for (const std::uint64_t group : examples_.group) {
            fold.push_back(static_cast<std::uint8_t>(mix64(group ^ seed_) % folds));
        }
        return fold;
    }

    Result<void> fit_linear() {
        DualAscent solver(
            examples_,
            {.strength = static_cast<float>(settings_.strength),
             .epochs = settings_.epochs,
             .seed = seed_}
        );
        TRY(solver.run(observer(PassesOf::TheFit)));
        const std::size_t classes = examples_.classes;
        const std::size_t lanes = examples_.lanes;
        take_features(solver.weights(), lanes);
        made_.bias.assign(
            solver.bias().begin(), solver.bias().begin() + static_cast<long>(classes)
        );
        if (settings_.folds > 0) {
            const auto folds = static_cast<std::size_t>(settings_.folds);
            held_out_.scores =
                TRY(solver.out_of_fold(folds_of(folds), folds, observer(PassesOf::ItsJudge)));
            held_out_.target = examples_.target;
            held_out_.weight = examples_.weight;
        }
        std::vector<float> row(lanes);
        for (std::size_t i = 0; i < examples_.rows(); ++i) {
            solver.score(i, row.data());
            seen_scores_.insert(seen_scores_.end(), row.begin(), row.end());
        }
        return {};
    }

    Result<void> fit_hidden() {
        const HiddenOptions options{
            .units = static_cast<std::size_t>(settings_.hidden),
            .rate = static_cast<float>(settings_.rate),
            .epochs = settings_.epochs,
            .seed = seed_,
        };
        if (settings_.folds > 0) {
            TRY(hold_out_hidden(options));
        }
        std::vector<std::uint32_t> rows(examples_.rows());
        std::iota(rows.begin(), rows.end(), 0U);
        HiddenNet net(examples_, options);
        TRY(net.run(std::move(rows), observer(PassesOf::TheFit)));
        take_features(net.weights(), options.units);
        made_.hidden_bias = net.hidden_bias();
        made_.head = net.head();
        made_.bias.assign(
            net.bias().begin(), net.bias().begin() + static_cast<long>(examples_.classes)
        );
        seen_scores_.resize(examples_.target.size());
        for (std::size_t i = 0; i < examples_.rows(); ++i) {
            net.score(i, seen_scores_.data() + i * examples_.lanes);
        }
        return {};
    }

    Result<void> hold_out_hidden(const HiddenOptions& options) {
        const auto fold = folds_of(kHiddenFolds);
        std::vector<std::uint32_t> rest;
        for (std::uint32_t i = 0; i < fold.size(); ++i) {
            if (fold[i] != 0) {
                rest.push_back(i);
            }
        }
        HiddenNet net(examples_, options);
        TRY(net.run(std::move(rest), observer(PassesOf::ItsJudge)));
        const std::size_t lanes = examples_.lanes;
        std::vector<float> row(lanes);
        for (std::size_t i = 0; i < fold.size(); ++i) {
            if (fold[i] == 0) {
                net.score(i, row.data());
                held_out_.scores.insert(held_out_.scores.end(), row.begin(), row.end());
                const float* target = examples_.target_of(i);
                held_out_.target.insert(held_out_.target.end(), target, target + lanes);
                held_out_.weight.push_back(examples_.weight[i]);
            }
        }
        return {};
    }

    /// Rows of weights by ascending feature id.
    void take_features(const std::vector<float>& weights, std::size_t stride) {
        const auto& id = examples_.vocabulary.id;
        made_.settings = settings_;
        made_.classes = examples_.classes;
        std::vector<std::uint32_t> order(id.size());
        std::iota(order.begin(), order.end(), 0U);
        std::sort(order.begin(), order.end(), [&](auto a, auto b) { return id[a] < id[b]; });
        const std::size_t width = made_.width();
        made_.rows.reserve(order.size() * width);
        for (const std::uint32_t column : order) {
            const float* row = weights.data() + column * stride;
            made_.id.push_back(id[column]);
            made_.idf.push_back(examples_.vocabulary.idf[column]);
            made_.rows.insert(made_.rows.end(), row, row + width);
        }
        made_.idf_unseen = examples_.vocabulary.idf_unseen;
    }

    /// Uncalibrated scores of `valid`, by the model that will be loaded.
    [[nodiscard]] HeldOutRows score_valid() const {
        HeldOutRows rows;
        const LinearModel model(made_);
        std::vector<float> row(examples_.classes);
        for (const TrainingRow& one : set_.valid) {
            model.predict(one.text, row, {});
            const std::size_t at = rows.scores.size();
            rows.scores.resize(at + examples_.lanes, 0.0F);
            rows.target.resize(at + examples_.lanes, 0.0F);
            for (std::size_t k = 0; k < row.size(); ++k) {
                // Temperature is still 1 and offsets 0: ln p is the score but for a constant a row.
                rows.scores[at + k] = std::log(std::max(row[k], 1e-30F));
            }
            rows.target[at + static_cast<std::size_t>(one.label)] = 1.0F;
            rows.weight.push_back(one.weight);
        }
        return rows;
    }

    /// Calibrated probabilities of all training rows: [rows][classes]; empty when not all were held
    /// out.
    [[nodiscard]] std::vector<float> out_of_fold(const Calibration& calibration) const {
        std::vector<float> made;
        if (held_out_.weight.size() != examples_.rows()) {
            return made;
        }
        std::vector<float> row(examples_.lanes);
        for (std::size_t i = 0; i < examples_.rows(); ++i) {
            std::copy_n(held_out_.scores.data() + i * examples_.lanes, examples_.lanes, row.data());
            apply(calibration, examples_.classes, row);
            made.insert(
                made.end(), row.begin(), row.begin() + static_cast<long>(examples_.classes)
            );
        }
        return made;
    }

    Result<FittedModel> finish() {
        const std::size_t classes = examples_.classes;
        const auto share = class_share(examples_);
        made_.share.assign(share.begin(), share.begin() + static_cast<long>(classes));
        made_.offset.assign(classes, 0.0F);
        const HeldOutRows valid = score_valid();
        const Calibration calibration = settings_.folds > 0
                                            ? calibrate(held_out_.view(examples_), share)
                                            : calibrate_temperature(valid.view(examples_));
        made_.temperature = calibration.temperature;
        std::copy_n(calibration.offset.begin(), classes, made_.offset.begin());

        const HeldOutRows& judged = set_.valid.empty() ? held_out_ : valid;
        const HeldOut seen{
            seen_scores_, examples_.target, examples_.weight, classes, examples_.lanes
        };
        FittedModel fitted;
        fitted.weights = TRY(to_bytes(made_));
        fitted.valid_log_loss = log_loss(judged.view(examples_), calibration);
        fitted.valid_accuracy = accuracy(judged.view(examples_), calibration);
        fitted.train_log_loss = log_loss(seen, calibration);
        fitted.out_of_fold = out_of_fold(calibration);
        fitted.temperature = static_cast<double>(calibration.temperature);
        fitted.settings = to_json(settings_);
        return fitted;
    }

    const TrainingSet& set_;
    const Settings& settings_;
    std::uint64_t seed_;
    const FitObserver& tell_;
    Examples examples_;
    Parameters made_;
    HeldOutRows held_out_;
    std::vector<float> seen_scores_;  ///< [rows][lanes] by the model that saw them.
    std::int64_t done_ = 0;
    std::int64_t steps_ = 0;
};

}  // namespace

Result<FittedModel> fit_model(
    const TrainingSet& set,
    const Settings& settings,
    std::uint64_t seed,
    const FitObserver& observer
) {
    TRY(check_set(set));
    return Fit(set, settings, seed, observer).run();
}

}  // namespace flywheel::linear
