#pragma once
// SPDX-License-Identifier: Apache-2.0
// The weights of one model as a struct and as bytes (a safetensors file,
// docs/internals/linear-artefact.md), in floats as the fit leaves them or packed in 8-bit integers
// as they are served. Pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/engine/linear/settings.h"

namespace flywheel::linear {

/// Version of the artefact's layout, written as metadata "version".
inline constexpr std::string_view kArtefactVersion = "1";

/// Fitted and read are no more.
inline constexpr std::uint16_t kClassesMax = 4096;

enum class Precision { Float, Int8 };

struct Parameters {
    Settings settings;
    std::size_t classes = 0;
    Precision precision = Precision::Float;

    std::vector<std::uint32_t> id;   ///< [features], ascending.
    std::vector<float> idf;          ///< [features]
    float idf_unseen = 1;            ///< Of any other feature.
    std::vector<float> rows;         ///< Float: [features][width()].
    std::vector<std::int8_t> rows8;  ///< Int8: [features][width()], to be multiplied by scale.
    std::vector<float> scale;        ///< Int8: [features].
    std::vector<float> hidden_bias;  ///< [hidden]
    std::vector<float> head;         ///< [classes][hidden]; empty without a hidden layer.
    std::vector<float> bias;         ///< [classes]
    std::vector<float> offset;       ///< [classes]: calibration, added to the scores.
    std::vector<float> share;        ///< [classes]: the training prior, (n_k + 1) / (n + K).
    float temperature = 1;           ///< p = softmax((score + offset) / temperature).

    /// Weights a feature has: one a class, or one a hidden unit.
    [[nodiscard]] std::size_t width() const {
        return settings.hidden > 0 ? static_cast<std::size_t>(settings.hidden) : classes;
    }
};

/// The file's bytes; the same parameters give the same bytes.
Result<std::string> to_bytes(const Parameters& parameters);

/// Reads and checks: shapes agree, ids ascend and fit the hash, every number is finite and of a
/// size that cannot overflow a prediction. Corrupt otherwise; Unsupported: another engine's file,
/// another version.
Result<Parameters> from_bytes(std::string_view bytes);

/// Rows rounded to 8 bits: each feature's weights times 127 / (their largest magnitude). What is
/// packed already stays as it is.
[[nodiscard]] Parameters packed(Parameters parameters);

}  // namespace flywheel::linear
