// SPDX-License-Identifier: Apache-2.0
#include "rooms/compression/card.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_value.h"

namespace flywheel::compression {

namespace {

std::string number(const Json& object, const char* name, const char* format) {
    const auto found = object.find(name);
    return found == object.end() || !found->is_number()
               ? std::string("not stated")
               : fmt::format(fmt::runtime(format), found->get<double>());
}

std::string class_table(const ModelVersion& version) {
    std::string table = "| class | share of training rows |\n|---|---|\n";
    for (std::size_t k = 0; k < version.labels.size(); ++k) {
        table += fmt::format("| {} | {:.1f} % |\n", version.labels[k], 100 * version.prior.at(k));
    }
    return table;
}

}  // namespace

std::string model_card(
    const ModelVersion& version, const TrainingRun& run, const std::string& licence
) {
    const auto metrics = parse_json(run.metrics.text).value_or(Json::object());
    const auto checked = parse_json(version.verification.text).value_or(Json::object());
    return fmt::format(
        "---\nlicense: {}\nlibrary_name: flywheel\ntags: [text-classification]\n---\n"
        "# {}, version {}\n\n"
        "Engine `{}`, trained on dataset `{}` with seed {}.\n\n"
        "## Data\n\nTraining rows: {}. Validation rows: {}.\n\n{}\n"
        "## Figures\n\nLog-loss on validation rows: {}. Accuracy there: {}. These rows chose the "
        "settings, so the "
        "figures flatter; the audited accuracy of what was served is the one to trust.\n\n"
        "## Compression\n\nServed as {}, {} bytes (float: {}). Same label as the float model on {} "
        "of {} held rows; "
        "largest difference of a probability {}.\n\n"
        "## Limits\n\nIntended use: not stated. People affected: not stated.\n",
        licence.empty() ? "unknown" : licence,
        version.model,
        version.number,
        version.engine,
        version.dataset.hex().substr(0, 12),
        run.seed,
        number(metrics, "train_rows", "{:.0f}"),
        number(metrics, "valid_rows", "{:.0f}"),
        class_table(version),
        number(metrics, "valid_log_loss", "{:.3f}"),
        number(metrics, "valid_accuracy", "{:.3f}"),
        checked.value("served", "float"),
        version.bytes,
        number(checked, "float_bytes", "{:.0f}"),
        number(checked, "same_label", "{:.0f}"),
        number(checked, "rows", "{:.0f}"),
        number(checked, "max_abs_difference", "{:.4f}")
    );
}

std::string import_card(
    const ModelVersion& version, const std::string& origin, const std::string& licence
) {
    return fmt::format(
        "---\nlicense: {}\nlibrary_name: flywheel\n---\n"
        "# {}, version {}\n\n"
        "Engine `{}`, {} bytes, SHA-256 `{}`, served as it was given. Where it came from: {}.\n\n"
        "## Data\n\nTraining rows: not stated.\n\n{}\n"
        "## Figures\n\nNot stated; the audited accuracy of what was served is the one to trust.\n\n"
        "## Limits\n\nIntended use: not stated. People affected: not stated.\n",
        licence.empty() ? "unknown" : licence,
        version.model,
        version.number,
        version.engine,
        version.bytes,
        version.artefact.hex().substr(0, 12),
        origin.empty() ? "not stated" : origin,
        version.labels.empty() ? "" : fmt::format("Classes: {}.\n", fmt::join(version.labels, ", "))
    );
}

}  // namespace flywheel::compression
