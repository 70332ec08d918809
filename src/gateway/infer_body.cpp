// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer_body.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "gateway/http/message.h"
#include "gateway/infer_inputs.h"
#include "gateway/json_reader.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMaxIdBytes = 256;
constexpr std::array<std::string_view, 4> kOutputNames = {
    "label", "label_id", "scores", "embedding"
};

static_assert(http::kBodySlack >= simdjson::SIMDJSON_PADDING);

/// Parameters of an output that change its form are not supported; false or 0 leaves it as it is.
Result<void> read_output_parameters(JsonValue& value) {
    JsonObject object = TRY(read_object(value, "outputs.parameters"));
    return each_field(
        object,
        "outputs.parameters",
        [](std::string_view key, JsonValue one) -> Result<void> {
            if (key == "binary_data") {
                if (TRY(read_bool(one, "outputs.parameters.binary_data"))) {
                    return unsupported("Binary tensors are not supported; ask for JSON outputs");
                }
                return {};
            }
            if (key == "classification") {
                return unsupported("The classification extension is not supported; ask for 'scores'"
                );
            }
            return skip_value(one);
        }
    );
}

Result<void> read_output(JsonValue& value, std::vector<OutputKind>& outputs) {
    JsonObject object = TRY(read_object(value, "outputs[]"));
    std::optional<std::string_view> name;
    TRY(each_field(object, "outputs[]", [&](std::string_view key, JsonValue field) -> Result<void> {
        if (key == "name") {
            name = TRY(read_string(field, "outputs.name"));
        } else if (key == "parameters") {
            TRY(read_output_parameters(field));
        } else {
            TRY(skip_value(field));
        }
        return {};
    }));
    if (!name) {
        return invalid_argument("Field 'outputs.name' is missing");
    }
    const auto* found = std::find(kOutputNames.begin(), kOutputNames.end(), *name);
    if (found == kOutputNames.end()) {
        return invalid_argument(fmt::format(
            "Output is not one of this model's (label, label_id, scores, embedding): '{}'", *name
        ));
    }
    const auto kind = static_cast<OutputKind>(found - kOutputNames.begin());
    if (std::find(outputs.begin(), outputs.end(), kind) != outputs.end()) {
        return invalid_argument(fmt::format("Output is asked for twice: '{}'", *name));
    }
    outputs.push_back(kind);
    return {};
}

/// sequence_id, sequence_start, sequence_end: 0, false and "" mean no sequence.
Result<void> read_sequence(std::string_view key, JsonValue& value) {
    simdjson::ondemand::json_type type{};
    if (const auto error = value.type().get(type)) {
        return json_error(error);
    }
    bool used = false;
    if (type == simdjson::ondemand::json_type::boolean) {
        used = TRY(read_bool(value, key));
    } else if (type == simdjson::ondemand::json_type::string) {
        used = !TRY(read_string(value, key)).empty();
    } else {
        used = TRY(read_integer(value, key)) != 0;
    }
    return used ? Result<void>(unsupported(fmt::format("Sequences are not supported: '{}'", key)))
                : Result<void>();
}

Result<void> read_parameter(std::string_view key, JsonValue value, InferBody& body) {
    if (key.starts_with("sequence_")) {
        return read_sequence(key, value);
    }
    if (key == "priority" || key == "timeout") {
        if (TRY(read_integer(value, key)) < 0) {
            return invalid_argument(fmt::format("Parameter '{}' is negative", key));
        }
        return {};
    }
    if (key == "binary_data_output") {
        if (TRY(read_bool(value, key))) {
            return unsupported("Binary tensors are not supported; leave out 'binary_data_output'");
        }
        return {};
    }
    if (key == "fw_capture") {
        body.keep_payload = TRY(read_bool(value, key));
        return {};
    }
    if (key == "fw_subject" || key == "fw_key") {
        TRY(read_string(value, key));
        return {};
    }
    if (key.starts_with("fw_")) {
        return invalid_argument(fmt::format("Parameter is not known: '{}'", key));
    }
    return skip_value(value);
}

}  // namespace

struct InferBody::Parser {
    simdjson::ondemand::parser parser;

    static Result<void> read_field(
        std::string_view key, JsonValue value, InferBody& body, bool& inputs
    );
};

Result<void> InferBody::Parser::read_field(
    std::string_view key, JsonValue value, InferBody& body, bool& inputs
) {
    if (key == "inputs") {
        inputs = true;
        return read_inputs(value, body.texts);
    }
    if (key == "id") {
        body.id = TRY(read_string(value, "id"));
        if (body.id.size() > kMaxIdBytes) {
            return invalid_argument(fmt::format(
                "Field 'id' is longer than the limit of {} bytes: {}", kMaxIdBytes, body.id.size()
            ));
        }
        return check_utf8(body.id).within("Field 'id'");
    }
    if (key == "outputs") {
        JsonArray array = TRY(read_array(value, "outputs"));
        return each_element(array, [&](JsonValue& element, std::size_t) {
            return read_output(element, body.outputs);
        });
    }
    if (key == "parameters") {
        JsonObject object = TRY(read_object(value, "parameters"));
        return each_field(object, "parameters", [&](std::string_view name, JsonValue one) {
            return read_parameter(name, one, body);
        });
    }
    return skip_value(value);
}

InferBody::InferBody() : parser_(std::make_unique<Parser>()) {}

InferBody::~InferBody() = default;

Result<void> InferBody::parse(std::string_view body) {
    id = {};
    texts.clear();
    outputs.clear();
    keep_payload = true;
    simdjson::ondemand::document document;
    const simdjson::padded_string_view padded(
        body.data(), body.size(), body.size() + http::kBodySlack
    );
    if (const auto error = parser_->parser.iterate(padded).get(document)) {
        if (error == simdjson::UTF8_ERROR) {
            return check_utf8(body).within("Request body");
        }
        return json_error(error);
    }
    JsonObject object;
    if (const auto error = document.get_object().get(object)) {
        return error == simdjson::INCORRECT_TYPE
                   ? invalid_argument("Request body is not a JSON object")
                   : json_error(error);
    }
    bool inputs = false;
    TRY(each_field(object, "the request", [&](std::string_view key, JsonValue value) {
        return Parser::read_field(key, value, *this, inputs);
    }));
    const char* behind = nullptr;
    if (document.current_location().get(behind) != simdjson::OUT_OF_BOUNDS) {
        return invalid_argument("Request body has bytes behind its JSON");
    }
    if (!inputs) {
        return invalid_argument("Field 'inputs' is missing");
    }
    if (outputs.empty()) {
        outputs = {OutputKind::Label, OutputKind::LabelId, OutputKind::Scores};
    }
    return {};
}

std::string_view name_of(OutputKind kind) {
    return kOutputNames.at(static_cast<std::size_t>(kind));
}

}  // namespace flywheel::gateway
