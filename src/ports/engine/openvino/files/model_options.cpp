// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/openvino/files/model_options.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_value.h"

namespace flywheel::openvino {

namespace {

constexpr std::array<std::string_view, 3> kBatches = {"auto", "yes", "no"};
constexpr std::array<std::string_view, 5> kPrecisions = {"fp32", "fp16", "bf16", "int8", "auto"};

Result<void> check_one(
    std::string_view option, const std::string& value, std::span<const std::string_view> allowed
) {
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) {
        return {};
    }
    return invalid_argument(
        fmt::format("Option {} is one of {}: '{}'", option, fmt::join(allowed, ", "), value)
    );
}

}  // namespace

Result<void> check_options(const ModelOptions& options) {
    TRY(check_one("batches", options.batches, kBatches));
    return check_one("precision", options.precision, kPrecisions);
}

std::string to_json(const ModelOptions& options) {
    return canonical(Json{{"batches", options.batches}, {"precision", options.precision}});
}

Result<ModelOptions> parse_options(std::string_view json) {
    const Json object = TRY(parse_json(json));
    ModelOptions options;
    options.batches = TRY(string_field(object, "batches"));
    options.precision = TRY(string_field(object, "precision"));
    TRY(check_options(options));
    return options;
}

}  // namespace flywheel::openvino
