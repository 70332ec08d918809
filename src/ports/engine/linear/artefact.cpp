// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/artefact.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "ports/engine/linear/safetensors.h"

namespace flywheel::linear {

namespace {

constexpr std::string_view kEngine = "linear";
/// No weight that a fit makes comes near it, and no sum of such weights overflows a float.
constexpr float kMagnitudeMax = 1e9F;

template <class T>
constexpr Dtype dtype_of() {
    if constexpr (std::is_same_v<T, float>) {
        return Dtype::F32;
    } else if constexpr (std::is_same_v<T, std::int8_t>) {
        return Dtype::I8;
    } else {
        static_assert(std::is_same_v<T, std::uint32_t>);
        return Dtype::U32;
    }
}

template <class T>
Tensor tensor_of(std::string name, const std::vector<T>& values, std::vector<std::uint64_t> shape) {
    const auto* bytes =
        reinterpret_cast<const char*>(values.data());  // NOLINT: a view of the values
    return {std::move(name), dtype_of<T>(), std::move(shape), {bytes, values.size() * sizeof(T)}};
}

template <class T>
Result<void> read_tensor(
    const TensorFile& file,
    std::string_view name,
    const std::vector<std::uint64_t>& shape,
    std::vector<T>& out
) {
    const Tensor* tensor = file.find(name);
    if (tensor == nullptr) {
        return corrupt(fmt::format("Artefact lacks a tensor: '{}'", name));
    }
    if (tensor->dtype != dtype_of<T>() || tensor->shape != shape) {
        return corrupt(fmt::format("Artefact's tensor has an unexpected dtype or shape: '{}'", name)
        );
    }
    out.resize(tensor->bytes.size() / sizeof(T));
    if (!out.empty()) {
        std::memcpy(out.data(), tensor->bytes.data(), tensor->bytes.size());
    }
    return {};
}

struct Bounds {
    float low = -kMagnitudeMax;
    float high = kMagnitudeMax;
};

Result<void> check_values(std::string_view name, const std::vector<float>& values, Bounds bounds) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!(values[i] >= bounds.low) || !(values[i] <= bounds.high)) {
            return corrupt(
                fmt::format("Artefact's value is out of range: {}[{}] = {}", name, i, values[i])
            );
        }
    }
    return {};
}

Result<std::string> metadata_of(const TensorFile& file, const std::string& key) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end()) {
        return corrupt(fmt::format("Artefact lacks metadata: '{}'", key));
    }
    return found->second;
}

Result<float> metadata_number(const TensorFile& file, const std::string& key, Bounds bounds) {
    const std::string text = TRY(metadata_of(file, key));
    float value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value >= bounds.low) ||
        !(value <= bounds.high)) {
        return corrupt(
            fmt::format("Artefact's metadata is not a valid number: '{}' = '{}'", key, text)
        );
    }
    return value;
}

Result<void> check_kind(const TensorFile& file) {
    const auto engine = file.metadata.find("engine");
    if (engine == file.metadata.end() || engine->second != kEngine) {
        return make_error(
            Code::Unsupported,
            fmt::format(
                "Artefact was not made by the linear engine: '{}'",
                engine == file.metadata.end() ? "" : engine->second
            )
        );
    }
    const std::string version = TRY(metadata_of(file, "version"));
    if (version != kArtefactVersion) {
        return make_error(
            Code::Unsupported,
            fmt::format("Artefact's version is not {}: '{}'", kArtefactVersion, version)
        );
    }
    return {};
}

Result<void> read_head(const TensorFile& file, Parameters& made) {
    const Tensor* bias = file.find("head.bias");
    if (bias == nullptr || bias->shape.size() != 1 || bias->shape[0] < 2 ||
        bias->shape[0] > kClassesMax) {
        return corrupt("Artefact has no head.bias for 2 to 4096 classes");
    }
    const std::uint64_t classes = bias->shape[0];
    made.classes = classes;
    TRY(read_tensor(file, "head.bias", {classes}, made.bias));
    TRY(read_tensor(file, "head.offset", {classes}, made.offset));
    TRY(read_tensor(file, "class.share", {classes}, made.share));
    TRY(check_values("head.bias", made.bias, {}));
    TRY(check_values("head.offset", made.offset, {}));
    TRY(check_values("class.share", made.share, {1e-9F, 1.0F}));
    if (made.settings.hidden > 0) {
        const std::uint64_t units = made.width();
        TRY(read_tensor(file, "hidden.bias", {units}, made.hidden_bias));
        TRY(read_tensor(file, "head.weight", {classes, units}, made.head));
        TRY(check_values("hidden.bias", made.hidden_bias, {}));
        TRY(check_values("head.weight", made.head, {}));
    }
    return {};
}

Result<void> read_features(const TensorFile& file, Parameters& made) {
    const Tensor* id = file.find("feature.id");
    if (id == nullptr || id->shape.size() != 1) {
        return corrupt("Artefact has no list feature.id");
    }
    const std::uint64_t count = id->shape[0];
    TRY(read_tensor(file, "feature.id", {count}, made.id));
    for (std::size_t i = 0; i < made.id.size(); ++i) {
        const bool ascends = i == 0 || made.id[i] > made.id[i - 1];
        if (!ascends || made.id[i] >> static_cast<unsigned>(made.settings.space.hash_bits) != 0) {
            return corrupt(
                fmt::format("Artefact's feature ids do not ascend within the hash: [{}]", i)
            );
        }
    }
    TRY(read_tensor(file, "feature.idf", {count}, made.idf));
    TRY(check_values("feature.idf", made.idf, {1e-6F, 1e3F}));
    if (made.precision == Precision::Int8) {
        TRY(read_tensor(file, "feature.weight", {count, made.width()}, made.rows8));
        TRY(read_tensor(file, "feature.scale", {count}, made.scale));
        return check_values("feature.scale", made.scale, {0.0F, kMagnitudeMax});
    }
    TRY(read_tensor(file, "feature.weight", {count, made.width()}, made.rows));
    return check_values("feature.weight", made.rows, {});
}

}  // namespace

Result<std::string> to_bytes(const Parameters& parameters) {
    const Parameters& p = parameters;
    const std::uint64_t count = p.id.size();
    const std::uint64_t classes = p.classes;
    const std::uint64_t width = p.width();
    const std::string settings = to_json(p.settings).text;
    TensorFile file;
    file.metadata = {
        {"engine", std::string(kEngine)},
        {"version", std::string(kArtefactVersion)},
        {"precision", p.precision == Precision::Int8 ? "int8" : "float"},
        {"settings", settings},
        {"settings_digest", sha256(settings).hex()},
        {"temperature", fmt::format("{}", p.temperature)},
        {"idf_unseen", fmt::format("{}", p.idf_unseen)},
    };
    file.tensors.push_back(tensor_of("feature.id", p.id, {count}));
    file.tensors.push_back(tensor_of("feature.idf", p.idf, {count}));
    if (p.precision == Precision::Int8) {
        file.tensors.push_back(tensor_of("feature.scale", p.scale, {count}));
        file.tensors.push_back(tensor_of("feature.weight", p.rows8, {count, width}));
    } else {
        file.tensors.push_back(tensor_of("feature.weight", p.rows, {count, width}));
    }
    if (p.settings.hidden > 0) {
        file.tensors.push_back(tensor_of("hidden.bias", p.hidden_bias, {width}));
        file.tensors.push_back(tensor_of("head.weight", p.head, {classes, width}));
    }
    file.tensors.push_back(tensor_of("head.bias", p.bias, {classes}));
    file.tensors.push_back(tensor_of("head.offset", p.offset, {classes}));
    file.tensors.push_back(tensor_of("class.share", p.share, {classes}));
    return write_tensors(file);
}

Result<Parameters> from_bytes(std::string_view bytes) {
    const TensorFile file = TRY(read_tensors(bytes));
    TRY(check_kind(file));
    Parameters made;
    auto settings = parse_settings(JsonText{TRY(metadata_of(file, "settings"))});
    if (!settings) {
        return corrupt("Artefact's settings cannot be read: " + settings.error().message);
    }
    made.settings = *settings;
    const std::string precision = TRY(metadata_of(file, "precision"));
    if (precision != "float" && precision != "int8") {
        return corrupt(fmt::format("Artefact's precision is not float or int8: '{}'", precision));
    }
    made.precision = precision == "int8" ? Precision::Int8 : Precision::Float;
    made.temperature = TRY(metadata_number(file, "temperature", {1e-3F, 1e3F}));
    made.idf_unseen = TRY(metadata_number(file, "idf_unseen", {1e-6F, 1e3F}));
    TRY(read_head(file, made));
    TRY(read_features(file, made));
    return made;
}

Parameters packed(Parameters parameters) {
    if (parameters.precision == Precision::Int8) {
        return parameters;
    }
    const std::size_t width = parameters.width();
    parameters.rows8.resize(parameters.rows.size());
    parameters.scale.assign(parameters.id.size(), 0.0F);
    for (std::size_t i = 0; i < parameters.id.size(); ++i) {
        const float* row = parameters.rows.data() + i * width;
        float largest = 0;
        for (std::size_t k = 0; k < width; ++k) {
            largest = std::max(largest, std::abs(row[k]));
        }
        const float factor = largest > 0 ? 127.0F / largest : 0.0F;
        parameters.scale[i] = largest / 127.0F;
        for (std::size_t k = 0; k < width; ++k) {
            const float level = std::clamp(std::round(row[k] * factor), -127.0F, 127.0F);
            parameters.rows8[i * width + k] = static_cast<std::int8_t>(level);
        }
    }
    parameters.rows.clear();
    parameters.rows.shrink_to_fit();
    parameters.precision = Precision::Int8;
    return parameters;
}

}  // namespace flywheel::linear
