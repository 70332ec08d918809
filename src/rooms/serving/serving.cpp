// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/serving.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace flywheel::serving {

namespace {

constexpr std::size_t kRowsInAnId = 65'536;

Error unknown_model(std::string_view model) {
    // The wording clients look for.
    return not_found(fmt::format("Request for unknown model: '{}' is not found", model));
}

/// Runs the model once over plausible texts; a damaged one shows here, not in an answer.
Result<void> warm_up(const ServedVersion& version) {
    std::vector<float> scores(version.classes());
    std::vector<float> embedding(version.embedding_size());
    for (const std::string_view text : {"a", "warm up", "\xEC\x98\x88\xEC\x97\xB4 2020"}) {
        version.weights->predict(text, scores, embedding);
        double sum = 0;
        for (const float score : scores) {
            sum += static_cast<double>(score);
        }
        if (!(std::abs(sum - 1.0) < 1e-3)) {
            return corrupt(fmt::format(
                "Model's scores do not sum to 1: {} version {}, sum {}",
                version.model,
                version.number,
                sum
            ));
        }
    }
    return {};
}

}  // namespace

Serving::Serving(
    Reader<Rollout> rollouts,
    Reader<ModelVersion> versions,
    Reader<Correction> corrections,
    const Vault& vault,
    Engines engines,
    Recorder& recorder,
    const Clock& clock,
    Plan plan
)
    : rollouts_(rollouts),
      versions_(versions),
      corrections_(corrections),
      vault_(&vault),
      engines_(std::move(engines)),
      recorder_(&recorder),
      clock_(&clock),
      plan_(plan),
      table_(std::make_shared<const Table>()) {
    CHECK(plan.max_rows > 0 && plan.max_rows <= kRowsInAnId);
}

Result<void> Serving::refresh(const std::string& model) {
    return follow(model, false);
}

/// Does what the newest Rollout says; with a model that was unloaded by hand only if `again`.
Result<void> Serving::follow(const std::string& model, bool again) {
    const std::scoped_lock lock(refreshing_);
    const auto rollout =
        TRY(rollouts_.first(Where<Rollout>().eq(&Rollout::model, model).newest(&Rollout::seq)));
    if (!rollout) {
        return not_found(fmt::format("No Rollout says which version to serve: model {}", model));
    }
    const auto before = table_.load();
    const auto found = before->find(model);
    if (found != before->end() && found->second.unloaded && !again) {
        return {};
    }
    show_loading(*rollout);
    auto next = std::make_shared<Table>(*table_.load());
    Entry& entry = (*next)[model];
    entry.loading = 0;
    auto loaded = load_newest(*rollout, entry);
    entry.swap_failures += loaded ? 0 : 1;
    entry.reason = loaded ? std::string() : loaded.error().message;
    entry.unloaded = entry.unloaded && !loaded;
    table_.store(std::move(next));
    return loaded;
}

/// Lets readers see that a version is on its way, unless it is here already.
void Serving::show_loading(const Rollout& rollout) {
    const auto before = table_.load();
    const auto found = before->find(rollout.model);
    if (found == before->end() || found->second.loaded(rollout.to_version)) {
        return;
    }
    auto next = std::make_shared<Table>(*before);
    (*next)[rollout.model].loading = rollout.to_version;
    table_.store(std::move(next));
}

Result<void> Serving::refresh_all() {
    std::set<std::string> models;
    TRY(rollouts_.each({}, [&](const Rollout& rollout) -> Result<void> {
        models.insert(rollout.model);
        return {};
    }));
    Result<void> first;
    for (const std::string& model : models) {
        auto one = refresh(model);
        if (!one && first) {
            first = std::move(one);
        }
    }
    return first;
}

Result<void> Serving::load_newest(const Rollout& rollout, Entry& entry) const {
    const auto records = TRY(versions_.select(
        Where<ModelVersion>().eq(&ModelVersion::model, rollout.model).order(&ModelVersion::number)
    ));
    entry.known.clear();
    const ModelVersion* wanted = nullptr;
    for (const ModelVersion& record : records) {
        entry.known.push_back(record.number);
        wanted = record.number == rollout.to_version ? &record : wanted;
    }
    if (wanted == nullptr) {
        return not_found(fmt::format(
            "Rollout names a version that is not there: model {} version {}",
            rollout.model,
            rollout.to_version
        ));
    }
    VersionPointer version = entry.loaded(wanted->number);
    if (!version) {
        version = TRY(load(*wanted, entry));
    }
    version = TRY(correct(std::move(version)));
    if (entry.stable && entry.stable->number != version->number) {
        entry.previous = entry.stable;
    }
    entry.swaps += version != entry.stable ? 1 : 0;
    entry.stable = std::move(version);
    return {};
}

Result<Serving::VersionPointer> Serving::load(const ModelVersion& record, Entry& entry) const {
    const Engine* const engine =
        TRY(engines_.named(record.engine)
                .within(fmt::format("model {} version {}", record.model, record.number)));
    const std::string artefact = TRY(vault_->get(record.artefact));
    auto version = std::make_shared<ServedVersion>();
    version->model = record.model;
    version->number = record.number;
    version->number_text = std::to_string(record.number);
    version->engine = record.engine;
    version->labels = record.labels;
    version->prior = record.prior;
    version->factors = discount_factors(record.prior, plan_.prior_discount);
    version->weights = TRY(engine->load(artefact));
    const TensorModel* const tensors = version->weights->tensors();
    version->signature = tensors != nullptr
                             ? tensors->signature()
                             : text_signature(version->labels, version->embedding_size());
    if (tensors != nullptr) {
        version->scores = label_scores(version->signature, version->labels);
    }
    const auto classes = static_cast<std::size_t>(version->weights->classes());
    if (tensors == nullptr && classes != record.labels.size()) {
        return corrupt(fmt::format(
            "Artefact and record differ in classes: model {} version {}, {} and {}",
            record.model,
            record.number,
            version->weights->classes(),
            record.labels.size()
        ));
    }
    if (tensors == nullptr) {
        TRY(warm_up(*version));
    }
    auto& counts = entry.counts[record.number];
    counts = counts ? counts : std::make_shared<ServedCounts>();
    version->counts = counts;
    if (tensors != nullptr && !tensors->runs_at_once()) {
        version->lane = batches_.open(version->weights, plan_.batching, counts);
    }
    return VersionPointer(std::move(version));
}

/// `version` with the newest correction of its number: itself when it has that already.
Result<Serving::VersionPointer> Serving::correct(VersionPointer version) const {
    const auto newest = TRY(corrections_.first(Where<Correction>()
                                                   .eq(&Correction::model, version->model)
                                                   .eq(&Correction::version, version->number)
                                                   .newest(&Correction::created)));
    const Id<Correction> id = newest ? newest->id : Id<Correction>();
    if (id == version->correction) {
        return version;
    }
    auto copy = std::make_shared<ServedVersion>(*version);
    copy->correction = id;
    copy->mix_measured = newest && newest->enabled;
    copy->factors = copy->mix_measured ? TRY(correction_factors(*newest, version->classes()))
                                       : discount_factors(copy->prior, plan_.prior_discount);
    return VersionPointer(std::move(copy));
}

Result<Chosen> Serving::choose(std::string_view model, std::string_view version) const {
    const auto table = table_.load();
    const auto found = table->find(model);
    if (found == table->end()) {
        return unknown_model(model);
    }
    const Entry& entry = found->second;
    const Route route = version.empty() ? Route::Stable : Route::Pinned;
    for (const auto& [label, pointer] :
         {std::pair<std::string_view, const VersionPointer&>{"stable", entry.stable},
          {"previous", entry.previous}}) {
        const bool named = version == label || (version.empty() && label == "stable");
        if (pointer && (named || pointer->number_text == version)) {
            return Chosen{pointer, route};
        }
    }
    const bool known = version.empty() || version == "stable" || version == "previous" ||
                       std::any_of(entry.known.begin(), entry.known.end(), [&](auto number) {
                           return std::to_string(number) == version;
                       });
    if (known) {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "Version is not loaded: model '{}' version '{}'",
                model,
                version.empty() ? "stable" : version
            )
        );
    }
    return not_found(
        fmt::format("Request for unknown model: '{}' version '{}' is not found", model, version)
    );
}

Result<std::shared_ptr<const ServedVersion>> Serving::find(
    std::string_view model, std::string_view version
) const {
    return TRY(choose(model, version)).version;
}

}  // namespace flywheel::serving
