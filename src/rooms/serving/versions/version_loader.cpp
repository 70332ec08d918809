// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/versions/version_loader.h"

#include <utility>

#include <fmt/format.h>

#include "rooms/serving/versions/warm_up.h"

namespace flywheel::serving {

namespace {

constexpr std::size_t kWarmUpRequests = 50;

}  // namespace

VersionLoader::VersionLoader(
    Reader<Correction> corrections,
    const Vault& vault,
    Engines engines,
    const BatchThreads& batches,
    Plan plan
)
    : corrections_(corrections),
      vault_(vault),
      engines_(std::move(engines)),
      batches_(batches),
      plan_(std::move(plan)) {}

const BatchLimits& VersionLoader::batching_of(const std::string& model) const {
    const auto own = plan_.model_batching.find(model);
    return own == plan_.model_batching.end() ? plan_.batching : own->second;
}

Result<std::shared_ptr<ServedVersion>> VersionLoader::load(
    const ModelVersion& record, std::shared_ptr<ServedCounts> counts
) const {
    const Engine* const engine =
        TRY(engines_.named(record.engine)
                .within(fmt::format("model {} version {}", record.model, record.number)));
    auto version = std::make_shared<ServedVersion>();
    version->model = record.model;
    version->number = record.number;
    version->number_text = std::to_string(record.number);
    version->engine = record.engine;
    version->labels = record.labels;
    version->prior = record.prior;
    version->factors = discount_factors(record.prior, plan_.prior_discount);
    version->counts = std::move(counts);
    version->weights = TRY(engine->load(TRY(vault_.get(record.artefact))));
    if (plan_.watch != nullptr) {
        version->weights = plan_.watch->watched(std::move(version->weights));
    }
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
    std::vector<CapturedPayload> captured;
    if (plan_.captured != nullptr) {
        // What cannot be read now is no reason not to serve.
        captured = plan_.captured->recent_payloads(record.model, kWarmUpRequests)
                       .value_or(std::vector<CapturedPayload>());
    }
    const BatchLimits& batching = batching_of(record.model);
    TRY(warm_up(*version, captured, batching.batch_rows));
    if (tensors != nullptr && !tensors->runs_at_once()) {
        version->lane = batches_.open(version->weights, batching, version->counts);
    } else {
        version->turns = std::make_shared<TurnLine>(batching);
    }
    return version;
}

Result<std::shared_ptr<const ServedVersion>> VersionLoader::corrected(
    std::shared_ptr<const ServedVersion> version
) const {
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
    if (newest && newest->enabled) {
        copy->mix_measured = true;
        copy->factors = TRY(correction_factors(*newest, version->classes()));
    } else {
        copy->mix_measured = false;
        copy->factors = discount_factors(copy->prior, plan_.prior_discount);
    }
    return std::shared_ptr<const ServedVersion>(std::move(copy));
}

}  // namespace flywheel::serving
