// SPDX-License-Identifier: Apache-2.0
#include "rooms/compression/import.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/json_value.h"
#include "rooms/compression/card.h"
#include "rooms/compression/compression.h"

namespace flywheel::compression {

namespace {

Result<void> check(const ImportedArtefact& artefact) {
    if (!is_model_name(artefact.model)) {
        return invalid_argument(fmt::format(
            "A model's name has 1 to 64 letters, digits, '-', '_' or '.': '{}'", artefact.model
        ));
    }
    if (artefact.number < 0 || artefact.number > kGreatestVersion) {
        return invalid_argument(
            fmt::format("A version is a number from 1 to {}: {}", kGreatestVersion, artefact.number)
        );
    }
    auto sorted = artefact.labels;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end() || (!sorted.empty() && sorted.front().empty())) {
        return invalid_argument(fmt::format(
            "Labels must be different and not empty: '{}'",
            twice == sorted.end() ? std::string() : *twice
        ));
    }
    return {};
}

/// The model must load, and have a name for each class if it is a text classifier.
Result<void> check_loads(const ImportedArtefact& artefact) {
    const auto model = TRY(artefact.engine->load(artefact.artefact));
    const bool texts = model->tensors() == nullptr;
    const auto classes = static_cast<std::size_t>(model->classes());
    if (texts && classes != artefact.labels.size()) {
        return invalid_argument(fmt::format(
            "A text classifier needs one label a class: {} classes, {} labels",
            classes,
            artefact.labels.size()
        ));
    }
    return {};
}

/// Found again when the same bytes come twice: with the number asked for, or with any.
Result<std::optional<ModelVersion>> same_as_before(
    const Reader<ModelVersion>& versions, const ModelVersion& wanted
) {
    const auto candidates = TRY(versions.select(Where<ModelVersion>()
                                                    .eq(&ModelVersion::model, wanted.model)
                                                    .eq(&ModelVersion::artefact, wanted.artefact)
                                                    .newest(&ModelVersion::number)));
    for (const ModelVersion& one : candidates) {
        const bool asked_for = wanted.number == 0 || wanted.number == one.number;
        if (asked_for && one.engine == wanted.engine && one.labels == wanted.labels) {
            return std::optional(one);
        }
    }
    return std::optional<ModelVersion>();
}

Result<std::int64_t> free_number(
    const Reader<ModelVersion>& versions, const std::string& model, std::int64_t wanted
) {
    if (wanted == 0) {
        const auto newest = TRY(versions.first(
            Where<ModelVersion>().eq(&ModelVersion::model, model).newest(&ModelVersion::number)
        ));
        return newest ? newest->number + 1 : 1;
    }
    if (TRY(versions.count(
            Where<ModelVersion>().eq(&ModelVersion::model, model).eq(&ModelVersion::number, wanted)
        )) > 0) {
        return make_error(
            Code::Conflict,
            fmt::format(
                "This version is another artefact already; give the new one another number: '{}' "
                "version {}",
                model,
                wanted
            )
        );
    }
    return wanted;
}

}  // namespace

bool is_model_name(std::string_view name) {
    constexpr std::size_t kMostBytes = 64;
    return !name.empty() && name.size() <= kMostBytes && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
           });
}

Result<ModelVersion> Compression::import_version(const ImportedArtefact& artefact) {
    TRY(check(artefact));
    ModelVersion version;
    version.model = artefact.model;
    version.number = artefact.number;
    version.engine = artefact.engine->name();
    version.artefact = sha256(artefact.artefact);
    version.labels = artefact.labels;
    if (auto found = TRY(same_as_before(versions_.reader(), version))) {
        return std::move(*found);
    }
    TRY(check_loads(artefact).within("The artefact cannot be served"));
    version.bytes = static_cast<std::int64_t>(artefact.artefact.size());
    version.verification.text =
        canonical(Json{{"served", "as given"}, {"origin", artefact.origin}, {"who", artefact.who}});
    version.created = artefact.now;
    TRY(vault_.put(artefact.artefact));
    const auto transaction = TRY(versions_.begin());
    if (auto found = TRY(same_as_before(versions_.reader(), version))) {
        return std::move(*found);
    }
    version.number = TRY(free_number(versions_.reader(), version.model, version.number));
    version.id = Id<ModelVersion>::derived(
        version.created, fmt::format("import|{}|{}", version.model, version.number)
    );
    version.card = TRY(vault_.put(
        artefact.card.empty() ? import_card(version, artefact.origin, artefact.licence)
                              : artefact.card
    ));
    TRY(versions_.insert(version));
    TRY(transaction->commit());
    return version;
}

}  // namespace flywheel::compression
