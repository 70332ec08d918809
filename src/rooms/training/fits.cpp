// SPDX-License-Identifier: Apache-2.0
#include "rooms/training/fits.h"

#include <algorithm>
#include <utility>

#include "base/json_value.h"

namespace flywheel::training {

void Fits::begin(FitsUnderWay job) {
    const std::scoped_lock lock(mutex_);
    job_ = std::move(job);
    ++change_;
}

void Fits::end() {
    const std::scoped_lock lock(mutex_);
    job_.reset();
    ++change_;
}

/// A higher rung begins anew with more effort: its curve takes the place of the lower one's.
Fit& Fits::fit_of(std::vector<Fit>& fits, std::int64_t trial, std::int64_t rung) {
    const auto at = std::ranges::lower_bound(fits, trial, {}, &Fit::trial);
    if (at == fits.end() || at->trial != trial) {
        return *fits.insert(at, Fit{.trial = trial, .rung = rung, .loss = {}, .curve = {}});
    }
    if (at->rung != rung) {
        *at = Fit{.trial = trial, .rung = rung, .loss = {}, .curve = {}};
    }
    return *at;
}

void Fits::take(const std::string& line) {
    const auto told = parse_json(line);
    if (!told || !told->is_object()) {
        return;
    }
    const auto name = string_field(*told, "name");
    const auto trial = integer_field(*told, "trial");
    const auto rung = integer_field(*told, "rung");
    const std::scoped_lock lock(mutex_);
    if (!job_ || !name || !trial || !rung) {
        return;
    }
    if (*name == "loss") {
        const auto step = integer_field(*told, "step");
        const auto steps = integer_field(*told, "steps");
        if (!step || !steps) {
            return;
        }
        Fit& fit = fit_of(job_->fits, *trial, *rung);
        fit.step = *step;
        fit.steps = *steps;
        const auto pass = integer_field(*told, "pass");
        const auto value = number_field(*told, "value");
        if (pass && value) {  // null: it only judges
            fit.curve.push_back({*pass, *value});
        }
    } else if (*name == "trial") {
        const auto loss = optional_number(*told, "value");
        const auto curve = curve_from(told->value("curve", Json::array()));
        Fit& fit = fit_of(job_->fits, *trial, *rung);
        fit.ended = true;
        fit.loss = loss ? *loss : std::nullopt;
        if (curve && fit.curve.empty()) {  // of a trial that an earlier job made
            fit.curve = *curve;
        }
    } else {
        return;
    }
    ++change_;
}

std::optional<FitsUnderWay> Fits::now() const {
    const std::scoped_lock lock(mutex_);
    std::optional<FitsUnderWay> job = job_;
    if (job) {
        for (Fit& fit : job->fits) {
            fit.curve = thinned(fit.curve);
        }
    }
    return job;
}

std::uint64_t Fits::change() const {
    const std::scoped_lock lock(mutex_);
    return change_;
}

}  // namespace flywheel::training
