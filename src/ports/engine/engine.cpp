// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/engine.h"

#include <algorithm>

#include "ports/engine/engines.h"

namespace flywheel {

Answer answer(const Model& model, std::string_view text) {
    Answer made;
    made.scores.resize(static_cast<std::size_t>(model.classes()));
    made.embedding.resize(static_cast<std::size_t>(model.embedding_size()));
    model.predict(text, made.scores, made.embedding);
    const auto top = std::max_element(made.scores.begin(), made.scores.end());
    made.label = static_cast<std::int32_t>(top - made.scores.begin());
    return made;
}

Result<const Engine*> Engines::named(std::string_view name) const {
    std::string known;
    for (const Engine* const engine : engines_) {
        if (engine->name() == name) {
            return engine;
        }
        known += (known.empty() ? "" : ", ") + std::string(engine->name());
    }
    return make_error(
        Code::Unsupported,
        "Model was made by an engine that is not here; known: " + known + ": '" +
            std::string(name) + "'"
    );
}

std::vector<std::string_view> Engines::names() const {
    std::vector<std::string_view> names;
    for (const Engine* const engine : engines_) {
        names.push_back(engine->name());
    }
    return names;
}

}  // namespace flywheel
