// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/infer_outputs.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/infer/infer_inputs.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMaxOutputs = 64;

Result<void> check_form(const Signature& signature, const WantedOutput& wanted) {
    const TensorSpec& spec = signature.outputs[wanted.index];
    if (wanted.classes > 0) {
        const std::size_t rank = spec.shape.size() - (signature.batches ? 1 : 0);
        if (spec.type == DataType::Bytes || spec.type == DataType::Bool || rank != 1) {
            return invalid_argument(fmt::format(
                "Classification needs an output of numbers with one dimension besides the batch: "
                "'{}' is {} {}",
                spec.name,
                name_of(spec.type),
                spec.shape.text()
            ));
        }
        return {};
    }
    if (!wanted.binary && (spec.type == DataType::Fp16 || spec.type == DataType::Bf16)) {
        return invalid_argument(fmt::format(
            "Output '{}': {} needs binary data; JSON has no form for it",
            spec.name,
            name_of(spec.type)
        ));
    }
    return {};
}

}  // namespace

Result<void> InferOutputs::read_json(JsonValue& value) {
    if (TRY(is_null(value))) {
        return {};
    }
    JsonArray array = TRY(read_array(value, "outputs"));
    return each_element(array, [&](JsonValue& element, std::size_t) {
        return read_output(element);
    });
}

Result<void> InferOutputs::read_parameters(JsonValue& value, Asked& asked) {
    if (TRY(is_null(value))) {
        return {};
    }
    JsonObject object = TRY(read_object(value, "outputs.parameters"));
    return each_field(
        object,
        "outputs.parameters",
        [&](std::string_view key, JsonValue one) -> Result<void> {
            if (key == "binary_data") {
                asked.binary = TRY(read_bool(one, "outputs.parameters.binary_data"));
                return {};
            }
            if (key.starts_with("shared_memory_")) {
                return unsupported("Shared memory is not supported; take the outputs in the body");
            }
            if (key != "classification") {
                return skip_value(one);
            }
            asked.classes = TRY(read_integer(one, "outputs.parameters.classification"));
            if (asked.classes < 1) {
                return invalid_argument(fmt::format(
                    "Field 'outputs.parameters.classification' is less than 1: {}", asked.classes
                ));
            }
            return {};
        }
    );
}

Result<void> InferOutputs::read_output(JsonValue& value) {
    if (asked_.size() == kMaxOutputs) {
        return invalid_argument(fmt::format("More outputs than the limit of {}", kMaxOutputs));
    }
    JsonObject object = TRY(read_object(value, "outputs[]"));
    Asked asked;
    bool named = false;
    TRY(each_field(object, "outputs[]", [&](std::string_view key, JsonValue field) -> Result<void> {
        if (key == "name") {
            asked.name = TRY(read_string(field, "outputs.name"));
            named = true;
            return {};
        }
        return key == "parameters" ? read_parameters(field, asked) : skip_value(field);
    }));
    if (!named) {
        return invalid_argument("Field 'outputs.name' is missing");
    }
    const auto same = [&](const Asked& before) { return before.name == asked.name; };
    if (std::any_of(asked_.begin(), asked_.end(), same)) {
        return invalid_argument(fmt::format("Output is asked for twice: '{}'", asked.name));
    }
    asked_.push_back(asked);
    return {};
}

Result<void> InferOutputs::resolve(
    const Signature& signature, bool binary, std::vector<WantedOutput>& wanted
) const {
    wanted.clear();
    for (std::size_t i = 0; i < signature.outputs.size() && asked_.empty(); ++i) {
        if (!signature.outputs[i].only_when_named) {
            wanted.push_back({i, binary, 0});
            TRY(check_form(signature, wanted.back()));
        }
    }
    for (const Asked& asked : asked_) {
        const auto index = signature.output(asked.name);
        if (!index) {
            std::string names;
            for (const TensorSpec& spec : signature.outputs) {
                names += (names.empty() ? "" : ", ") + spec.name;
            }
            return invalid_argument(
                fmt::format("Output is not one of this model's ({}): '{}'", names, asked.name)
            );
        }
        wanted.push_back({*index, asked.binary.value_or(binary), asked.classes});
        TRY(check_form(signature, wanted.back()));
    }
    return {};
}

}  // namespace flywheel::gateway
