// SPDX-License-Identifier: Apache-2.0
#include "rooms/compression/compression.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/json_value.h"
#include "rooms/compression/card.h"

namespace flywheel::compression {

namespace {

struct Comparison {
    std::int64_t rows = 0;
    std::int64_t same_label = 0;
    double difference_max = 0;
};

Comparison compare(const Model& exact, const Model& packed, const std::vector<std::string>& texts) {
    Comparison result;
    for (const auto& text : texts) {
        const Answer a = answer(exact, text);
        const Answer b = answer(packed, text);
        ++result.rows;
        result.same_label += a.label == b.label ? 1 : 0;
        for (std::size_t k = 0; k < a.scores.size(); ++k) {
            const double difference = std::abs(static_cast<double>(a.scores[k]) - b.scores[k]);
            result.difference_max = std::max(result.difference_max, difference);
        }
    }
    return result;
}

Result<std::int64_t> next_number(const Reader<ModelVersion>& versions, const std::string& model) {
    const auto newest = TRY(versions.first(
        Where<ModelVersion>().eq(&ModelVersion::model, model).newest(&ModelVersion::number)
    ));
    return newest ? newest->number + 1 : 1;
}

}  // namespace

Compression::Compression(const Engine& engine, Vault& vault, Writer<ModelVersion> versions)
    : engine_(engine), vault_(vault), versions_(versions) {}

Result<ModelVersion> Compression::pack(const Plan& plan, const TrainingRun& run) {
    ModelVersion version;
    version.id = Id<ModelVersion>::derived(plan.now, "version of run " + run.id.text());
    if (auto found = TRY(versions_.reader().find(version.id))) {
        return std::move(*found);
    }
    if (!run.weights) {
        return invalid_argument(fmt::format("The run has no weights to pack: {}", run.id.text()));
    }
    const std::string weights = TRY(vault_.get(*run.weights));
    std::string artefact = TRY(engine_.pack(weights).within("pack"));
    const auto exact = TRY(engine_.load(weights).within("load float weights"));
    const auto packed = TRY(engine_.load(artefact).within("load packed weights"));
    const Comparison seen = compare(*exact, *packed, plan.held_texts);
    const bool faithful =
        static_cast<double>(seen.same_label) >= plan.agreement_min * static_cast<double>(seen.rows);
    if (!faithful) {
        artefact = weights;
    }
    version.model = plan.model;
    version.run = run.id;
    version.dataset = run.dataset;
    version.engine = run.engine;
    version.labels = plan.labels;
    version.prior = plan.prior;
    version.bytes = static_cast<std::int64_t>(artefact.size());
    version.verification.text = canonical(Json{
        {"rows", seen.rows},
        {"same_label", seen.same_label},
        {"max_abs_difference", seen.difference_max},
        {"float_bytes", weights.size()},
        {"served", faithful ? "int8" : "float"}
    });
    version.created = plan.now;
    version.artefact = TRY(vault_.put(artefact));
    const auto transaction = TRY(versions_.begin());
    version.number = TRY(next_number(versions_.reader(), plan.model));
    version.card = TRY(vault_.put(model_card(version, run, plan.licence)));
    TRY(versions_.insert(version));
    TRY(transaction->commit());
    return version;
}

}  // namespace flywheel::compression
