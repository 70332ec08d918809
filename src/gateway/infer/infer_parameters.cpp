// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/infer_parameters.h"

#include <fmt/format.h>

#include "base/text.h"
#include "gateway/http/message.h"
#include "gateway/infer/infer_inputs.h"

namespace flywheel::gateway {

namespace {

using simdjson::ondemand::json_type;

Result<json_type> type_of(JsonValue& value) {
    json_type type{};
    if (const auto error = value.type().get(type)) {
        return json_error(error);
    }
    return type;
}

/// sequence_id, sequence_start, sequence_end: 0, false and "" mean no sequence.
Result<void> read_sequence(std::string_view key, JsonValue& value) {
    const json_type type = TRY(type_of(value));
    bool used = false;
    if (type == json_type::boolean) {
        used = TRY(read_bool(value, key));
    } else if (type == json_type::string) {
        used = !TRY(read_string(value, key)).empty();
    } else {
        used = TRY(read_integer(value, key)) != 0;
    }
    return used ? Result<void>(unsupported(fmt::format("Sequences are not supported: '{}'", key)))
                : Result<void>();
}

Result<std::int64_t> read_count(std::string_view key, JsonValue& value) {
    const std::int64_t number = TRY(read_integer(value, key));
    if (number < 0) {
        return invalid_argument(fmt::format("Parameter '{}' is negative", key));
    }
    return number;
}

/// False when it is none of them.
Result<bool> read_ours(std::string_view key, JsonValue& value, InferParameters& parameters) {
    if (key == "priority") {
        parameters.priority = TRY(read_count(key, value));
    } else if (key == "timeout") {
        parameters.timeout_us = TRY(read_count(key, value));
    } else if (key == "binary_data_output") {
        parameters.binary_output = TRY(read_bool(value, key));
    } else if (key == "fw_capture") {
        parameters.keep_payload = TRY(read_bool(value, key));
    } else if (key == "fw_subject") {
        parameters.subject = TRY(read_string(value, key));
    } else if (key == "fw_key") {
        parameters.key = TRY(read_string(value, key));
    } else {
        return false;
    }
    return true;
}

Result<void> keep(std::string_view key, JsonValue& value, InferParameters& parameters) {
    const json_type type = TRY(type_of(value));
    parameters.own += parameters.own.empty() ? '{' : ',';
    http::append_json_string(parameters.own, key);
    parameters.own += ':';
    if (type == json_type::string) {
        http::append_json_string(parameters.own, TRY(read_string(value, key)));
    } else if (type == json_type::number || type == json_type::boolean) {
        parameters.own += trim(value.raw_json_token());
        TRY(skip_value(value));
    } else {
        return invalid_argument(
            fmt::format("Parameter '{}' is not a string, a number, true or false", key)
        );
    }
    if (parameters.own.size() > kMaxParameterBytes) {
        return invalid_argument(fmt::format(
            "Parameters of the caller's own are larger than the limit of {} bytes",
            kMaxParameterBytes
        ));
    }
    return {};
}

Result<void> read_one(std::string_view key, JsonValue& value, InferParameters& parameters) {
    if (TRY(is_null(value))) {
        return {};
    }
    if (key.starts_with("sequence_")) {
        return read_sequence(key, value);
    }
    if (key == "headers" || key.starts_with("triton_")) {
        return skip_value(value);
    }
    if (key.starts_with("shared_memory_")) {
        return unsupported("Shared memory is not supported; send the values in the body");
    }
    if (TRY(read_ours(key, value, parameters))) {
        return {};
    }
    if (key.starts_with("fw_")) {
        return invalid_argument(fmt::format("Parameter is not known: '{}'", key));
    }
    return keep(key, value, parameters);
}

}  // namespace

void InferParameters::clear() {
    binary_output = false;
    keep_payload = true;
    subject = {};
    key = {};
    priority = 0;
    timeout_us = 0;
    own.clear();
}

Result<void> read_parameters(JsonValue& value, InferParameters& parameters) {
    if (TRY(is_null(value))) {
        return {};
    }
    JsonObject object = TRY(read_object(value, "parameters"));
    TRY(each_field(object, "parameters", [&](std::string_view name, JsonValue one) {
        return read_one(name, one, parameters);
    }));
    if (!parameters.own.empty()) {
        parameters.own += '}';
    }
    return {};
}

}  // namespace flywheel::gateway
