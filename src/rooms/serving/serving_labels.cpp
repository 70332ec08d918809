// SPDX-License-Identifier: Apache-2.0
// Serving keeps up with the labels: what the ledger says of a model, loading what is missing,
// exchanging the table.
#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "rooms/serving/label_pointers.h"
#include "rooms/serving/serving.h"

namespace flywheel::serving {

namespace {}  // namespace

bool Serving::is_unloaded(const std::string& model) const {
    const auto table = table_.load();
    const auto found = table->find(model);
    return found != table->end() && found->second.unloaded;
}

std::int64_t Serving::unloads_of(const std::string& model) const {
    const auto table = table_.load();
    const auto found = table->find(model);
    return found == table->end() ? 0 : found->second.unloads;
}

/// What nobody is answered by is not tried again and again.
bool Serving::has_failed(const std::string& model, const Standing& standing, std::int64_t number)
    const {
    const bool there = std::any_of(
        standing.versions.begin(),
        standing.versions.end(),
        [number](const ModelVersion& version) { return version.number == number; }
    );
    const auto table = table_.load();
    const auto found = table->find(model);
    return !there || (found != table->end() && found->second.reasons.contains(number));
}

/// Does a row wait in a queue that answers callers?
bool Serving::live_rows_wait() const {
    const auto table = table_.load();
    for (const auto& [model, entry] : *table) {
        for (const auto& [number, version] : entry.loaded) {
            if (version->waiting_rows() > 0) {
                return true;
            }
        }
    }
    return false;
}

std::unique_lock<std::mutex> Serving::one_load(const std::string& model) {
    std::unique_lock lock(writing_);
    std::mutex& loads = loads_[model];
    lock.unlock();
    return std::unique_lock(loads);
}

Result<std::set<std::string>> Serving::model_names() const {
    std::set<std::string> models;
    TRY(rollouts_.each({}, [&](const Rollout& rollout) -> Result<void> {
        models.insert(rollout.model);
        return {};
    }));
    for (const auto& [model, policy] : plan_.policies) {
        if (TRY(versions_.count(Where<ModelVersion>().eq(&ModelVersion::model, model))) > 0) {
            models.insert(model);
        }
    }
    return models;
}

Result<Serving::Standing> Serving::read_standing(const std::string& model) const {
    Standing standing{
        RolloutFold(
            TRY(rollouts_.select(Where<Rollout>().eq(&Rollout::model, model).order(&Rollout::seq)))
        ),
        TRY(versions_.select(
            Where<ModelVersion>().eq(&ModelVersion::model, model).order(&ModelVersion::number)
        )),
        {},
        unloads_of(model)
    };
    const auto policy = plan_.policies.find(model);
    if (!standing.fold.newest() && policy == plan_.policies.end()) {
        return not_found(fmt::format("No Rollout says which version to serve: model {}", model));
    }
    std::vector<std::int64_t> known;
    known.reserve(standing.versions.size());
    for (const ModelVersion& version : standing.versions) {
        known.push_back(version.number);
    }
    const RolloutLabels labels = standing.fold.labels();
    auto wanted =
        policy == plan_.policies.end() ? std::vector<std::int64_t>() : policy->second.kept(known);
    const std::int64_t labelled[] = {labels.stable, labels.canary, labels.shadow, labels.previous};
    wanted.insert(wanted.begin(), std::begin(labelled), std::end(labelled));
    for (const std::int64_t number : wanted) {
        auto& list = standing.wanted;
        if (number != 0 && std::find(list.begin(), list.end(), number) == list.end()) {
            list.push_back(number);
        }
    }
    return standing;
}

Result<void> Serving::refresh(const std::string& model) {
    return follow(model, Reach::All, Unloaded::StaysSo);
}

/// Loads until what is loaded is what the ledger wants, also when a label moves meanwhile.
Result<void> Serving::follow(const std::string& model, Reach reach, Unloaded unloaded) {
    const auto turn = one_load(model);
    auto standing = TRY(read_standing(model));
    if (is_unloaded(model) && unloaded == Unloaded::StaysSo) {
        return {};
    }
    static_cast<void>(point_labels(model, standing));  // at once to what is loaded; told below
    Result<void> done;
    for (bool changed = true; changed;) {
        done = load_missing(model, standing, reach);
        auto now = TRY(read_standing(model));
        changed = now.wanted != standing.wanted;
        now.unloads = standing.unloads;
        standing = std::move(now);
    }
    keep_first(done, point_labels(model, standing));
    change(model, [&](ModelEntry& entry) {
        if (entry.unloads != standing.unloads) {
            return;  // unloaded by hand meanwhile: what was loaded went with it
        }
        entry.loading = 0;
        entry.reason = done ? std::string() : done.error().message;
        entry.swap_failures += done ? 0 : 1;
        entry.unloaded = entry.unloaded && !done;
    });
    load_thread_.trim();
    return done;
}

/// The first failure of a version that answers, or should, comes back; others are noted.
Result<void> Serving::load_missing(
    const std::string& model, const Standing& standing, Reach reach
) {
    const RolloutLabels labels = standing.fold.labels();
    Result<void> first;
    for (const std::int64_t number : standing.wanted) {
        const bool answers =
            number == labels.stable || number == labels.canary || number == labels.shadow;
        if ((reach == Reach::Served && number != labels.stable) ||
            (!answers && has_failed(model, standing, number))) {
            continue;
        }
        auto loaded = load_one(model, standing, number);
        if (loaded && *loaded) {
            // What is here answers before the rest is loaded.
            keep_first(first, point_labels(model, standing));
        } else if (!loaded && answers) {
            keep_first(first, std::move(loaded).error());
        } else if (!loaded) {
            change(model, [](ModelEntry& entry) { ++entry.swap_failures; });
        }
    }
    return first;
}

/// True when it was not there before.
Result<bool> Serving::load_one(
    const std::string& model, const Standing& standing, std::int64_t number
) {
    const auto record = std::find_if(
        standing.versions.begin(),
        standing.versions.end(),
        [number](const ModelVersion& version) { return version.number == number; }
    );
    std::shared_ptr<ServedCounts> counts;
    bool there = false;
    change(model, [&](ModelEntry& entry) {
        entry.known.clear();
        for (const ModelVersion& version : standing.versions) {
            entry.known.push_back(version.number);
        }
        there = entry.numbered(number) != nullptr;
        if (!there && record != standing.versions.end()) {
            auto& kept = entry.counts[number];
            kept = kept ? kept : std::make_shared<ServedCounts>();
            counts = kept;
            entry.loading = number;
        }
    });
    if (there) {
        return false;
    }
    if (record == standing.versions.end()) {
        return not_found(fmt::format("There is no such version: model {} version {}", model, number)
        );
    }
    const auto started = monotonic_now();
    auto version = loader_.load(*record, std::move(counts));
    change(model, [&](ModelEntry& entry) {
        entry.loading = 0;
        if (entry.unloads != standing.unloads) {
            version = make_error(Code::Cancelled, "The model was unloaded meanwhile: " + model);
        } else if (version) {
            entry.loaded[number] = std::move(*version);
            entry.reasons.erase(number);
            ++entry.loads;
            entry.swap_time += monotonic_now() - started;
        } else {
            entry.reasons[number] = version.error().message;
        }
    });
    if (!version) {
        log_error(
            "model version not loaded",
            {{"model", model},
             {"version", std::to_string(number)},
             {"error", version.error().message}}
        );
        return std::move(version).error();
    }
    return true;
}

/// Corrections, labels, and what nobody wants any more, in one exchange.
Result<void> Serving::point_labels(const std::string& model, const Standing& standing) {
    Result<void> failure;
    const auto& newest = standing.fold.newest();
    const std::int64_t seq = newest ? newest->seq : 0;
    change(model, [&](ModelEntry& entry) {
        if (seq < entry.seq || entry.unloads != standing.unloads) {
            return;  // somebody followed a newer event, or unloaded it, while this was on its way
        }
        entry.seq = seq;
        for (auto& [number, version] : entry.loaded) {
            if (auto corrected = loader_.corrected(version)) {
                version = std::move(*corrected);
            } else {
                keep_first(failure, std::move(corrected).error());
            }
        }
        keep_first(failure, point(entry, standing.fold));
        const auto& wanted = standing.wanted;
        if (std::find(wanted.begin(), wanted.end(), entry.prepared) != wanted.end()) {
            entry.prepared = 0;
        }
        for (const std::int64_t number : std::vector<std::int64_t>(entry.known)) {
            const bool stays = number == entry.prepared ||
                               (entry.stable && entry.stable->number == number) ||
                               std::find(wanted.begin(), wanted.end(), number) != wanted.end();
            if (!stays) {
                entry.drop(number);
            }
        }
    });
    return failure;
}

Result<void> Serving::refresh_all() {
    Result<void> first;
    for (const std::string& model : TRY(model_names())) {
        keep_first(first, refresh(model));
    }
    return first;
}

Result<void> Serving::load_served() {
    const auto models = TRY(model_names());
    Result<void> first;
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (const std::string& model : models) {
        const auto load = [this, &first, &mutex, model] {
            auto loaded = follow(model, Reach::Served, Unloaded::StaysSo);
            const std::scoped_lock lock(mutex);
            keep_first(first, std::move(loaded));
        };
        if (models.size() == 1) {
            load();
        } else {
            threads.emplace_back(load);
        }
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    return first;
}

Result<void> Serving::follow_labels(const std::string& model) {
    if (is_unloaded(model)) {
        return {};
    }
    const auto standing = TRY(read_standing(model));
    TRY(point_labels(model, standing));
    const ModelStatus status = TRY(this->status(model));
    const RolloutLabels labels = standing.fold.labels();
    const bool in_place = status.stable == labels.stable && status.canary == labels.canary &&
                          status.shadow == labels.shadow;
    return in_place && load_thread_.ask(model) ? Result<void>() : refresh(model);
}

Result<void> Serving::prepare(
    const std::string& model, std::int64_t number, SignatureChange change_allowed
) {
    const auto turn = one_load(model);
    if (is_unloaded(model)) {
        return {};
    }
    Standing standing;
    standing.unloads = unloads_of(model);
    standing.versions = TRY(versions_.select(
        Where<ModelVersion>().eq(&ModelVersion::model, model).order(&ModelVersion::number)
    ));
    TRY(load_one(model, standing, number));
    Result<void> same;
    change(model, [&](ModelEntry& entry) {
        const auto version = entry.numbered(number);
        if (version && entry.stable && change_allowed == SignatureChange::Refused) {
            same = check_signature(*version, *entry.stable);
        }
        entry.prepared = same ? number : entry.prepared;
    });
    return same;
}

void Serving::start() {
    load_thread_.start([this](const std::string& model) {
        // Told in the log and in the model's status; what serves now serves on.
        static_cast<void>(refresh(model));
    });
    shadow_.start([this] { return live_rows_wait(); });
    for (const std::string& model : model_names().value_or(std::set<std::string>())) {
        load_thread_.ask(model);
    }
}

void Serving::stop() {
    shadow_.stop();
    load_thread_.stop();
}

}  // namespace flywheel::serving
