// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer_body.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "gateway/http/message.h"
#include "gateway/json_reader.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kMaxInputs = 64;
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kMaxElements = 65'536;
constexpr std::array<std::string_view, 4> kOutputNames = {
    "label", "label_id", "scores", "embedding"
};

static_assert(http::kBodySlack >= simdjson::SIMDJSON_PADDING);

Error unsupported(std::string message) {
    return make_error(Code::Unsupported, std::move(message));
}

/// One element of `inputs`, before it is known whether it is right.
struct Input {
    std::string_view name;
    std::string_view datatype;
    std::array<std::int64_t, kMaxDimensions> shape{};
    std::size_t dimensions = 0;
    bool has_name = false;
    bool has_shape = false;
    bool has_datatype = false;
    bool has_data = false;
    bool nested = false;              // data was [["a"],["b"]]
    std::optional<Error> data_error;  // told only when name, datatype and shape are right
};

Result<void> read_shape(JsonValue& value, Input& input) {
    JsonArray array = TRY(read_array(value, "inputs.shape"));
    input.has_shape = true;
    return each_element(array, [&](JsonValue& element, std::size_t index) -> Result<void> {
        const std::int64_t size = TRY(read_integer(element, "inputs.shape"));
        if (size < 0) {
            return invalid_argument(
                fmt::format("Field 'inputs.shape' has a negative dimension: {}", size)
            );
        }
        if (index == kMaxDimensions) {
            return invalid_argument(fmt::format(
                "Field 'inputs.shape' has more dimensions than the limit of {}", kMaxDimensions
            ));
        }
        input.shape[index] = size;
        input.dimensions = index + 1;
        return {};
    });
}

Result<void> read_text(JsonValue& value, std::vector<std::string_view>& texts) {
    std::string_view text;
    const auto error = value.get_string().get(text);
    if (error == simdjson::INCORRECT_TYPE) {
        return invalid_argument(fmt::format("Input 'text': data[{}] is not a string", texts.size())
        );
    }
    if (error != simdjson::SUCCESS) {
        return json_error(error).within(fmt::format("Input 'text': data[{}]", texts.size()));
    }
    if (texts.size() == kMaxElements) {
        return invalid_argument(
            fmt::format("Input 'text': more elements than the limit of {}", kMaxElements)
        );
    }
    texts.push_back(text);
    return {};
}

Result<void> read_inner(
    JsonValue& element, std::size_t index, std::vector<std::string_view>& texts
) {
    JsonArray inner = TRY(read_array(element, "inputs.data"));
    const std::size_t before = texts.size();
    TRY(each_element(inner, [&](JsonValue& value, std::size_t) { return read_text(value, texts); })
    );
    if (texts.size() != before + 1) {
        return invalid_argument(fmt::format(
            "Input 'text': data[{}] is nested with {} elements, expected 1",
            index,
            texts.size() - before
        ));
    }
    return {};
}

/// Strings, flat or nested as [n,1]; never both.
Result<void> read_texts(JsonValue& value, Input& input, std::vector<std::string_view>& texts) {
    JsonArray array = TRY(read_array(value, "inputs.data"));
    return each_element(array, [&](JsonValue& element, std::size_t index) -> Result<void> {
        simdjson::ondemand::json_type type{};
        if (const auto error = element.type().get(type)) {
            return json_error(error);
        }
        const bool nested = type == simdjson::ondemand::json_type::array;
        if (index > 0 && nested != input.nested) {
            return invalid_argument(
                fmt::format("Input 'text': data[{}] mixes flat and nested elements", index)
            );
        }
        input.nested = nested;
        return nested ? read_inner(element, index, texts) : read_text(element, texts);
    });
}

Result<void> read_input_parameters(JsonValue& value) {
    JsonObject object = TRY(read_object(value, "inputs.parameters"));
    return each_field(
        object,
        "inputs.parameters",
        [](std::string_view key, JsonValue one) -> Result<void> {
            if (key == "binary_data_size") {
                return unsupported("Binary tensors are not supported; send the input as JSON 'data'"
                );
            }
            return skip_value(one);
        }
    );
}

Result<void> read_input(JsonValue& value, Input& input, std::vector<std::string_view>& texts) {
    JsonObject object = TRY(read_object(value, "inputs[]"));
    return each_field(
        object,
        "inputs[]",
        [&](std::string_view key, JsonValue field) -> Result<void> {
            if (key == "name") {
                input.name = TRY(read_string(field, "inputs.name"));
                input.has_name = true;
            } else if (key == "datatype") {
                input.datatype = TRY(read_string(field, "inputs.datatype"));
                input.has_datatype = true;
            } else if (key == "shape") {
                TRY(read_shape(field, input));
            } else if (key == "data") {
                input.has_data = true;
                if (auto read = read_texts(field, input, texts); !read) {
                    input.data_error = std::move(read).error();
                }
            } else if (key == "parameters") {
                TRY(read_input_parameters(field));
            } else {
                TRY(skip_value(field));
            }
            return {};
        }
    );
}

std::string shape_text(const Input& input) {
    return fmt::format(
        "[{}]", fmt::join(input.shape.begin(), input.shape.begin() + input.dimensions, ",")
    );
}

Result<void> check_input(const Input& input, std::size_t count) {
    if (!input.has_name) {
        return invalid_argument("Field 'inputs.name' is missing");
    }
    if (input.name != "text") {
        return invalid_argument(
            fmt::format("Input is not one of this model's ('text'): '{}'", input.name)
        );
    }
    if (!input.has_datatype || !input.has_shape || !input.has_data) {
        const std::string_view field =
            !input.has_datatype ? "datatype" : (!input.has_shape ? "shape" : "data");
        return invalid_argument(fmt::format("Field 'inputs.{}' is missing for input 'text'", field)
        );
    }
    if (input.datatype != "BYTES") {
        return invalid_argument(
            fmt::format("Input 'text': datatype is not the model's BYTES: '{}'", input.datatype)
        );
    }
    const bool shape_fits = input.dimensions == 1 || (input.dimensions == 2 && input.shape[1] == 1);
    if (!shape_fits) {
        return invalid_argument(
            fmt::format("Input 'text': shape is neither [n] nor [n,1]: {}", shape_text(input))
        );
    }
    if (input.data_error) {
        return *input.data_error;
    }
    if (input.nested && input.dimensions != 2) {
        return invalid_argument(
            fmt::format("Input 'text': data is nested, but shape is {}", shape_text(input))
        );
    }
    if (input.shape[0] != static_cast<std::int64_t>(count)) {
        return invalid_argument(fmt::format(
            "Input 'text': data has {} elements, but shape is {}", count, shape_text(input)
        ));
    }
    return {};
}

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

Result<void> read_inputs(JsonValue& value, InferBody& body) {
    JsonArray array = TRY(read_array(value, "inputs"));
    std::size_t found = 0;
    TRY(each_element(array, [&](JsonValue& element, std::size_t index) -> Result<void> {
        if (index == kMaxInputs) {
            return invalid_argument(fmt::format("More inputs than the limit of {}", kMaxInputs));
        }
        Input input;
        const std::size_t before = body.texts.size();
        TRY(read_input(element, input, body.texts));
        if (found > 0 && input.name == "text") {
            return invalid_argument("Input is given twice: 'text'");
        }
        ++found;
        return check_input(input, body.texts.size() - before);
    }));
    return found > 0 ? Result<void>() : Result<void>(invalid_argument("Field 'inputs' is empty"));
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
        return read_inputs(value, body);
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
