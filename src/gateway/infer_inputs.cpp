// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer_inputs.h"

#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMaxInputs = 64;
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kMaxElements = 65'536;

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

}  // namespace

Error unsupported(std::string message) {
    return make_error(Code::Unsupported, std::move(message));
}

Result<void> read_inputs(JsonValue& value, std::vector<std::string_view>& texts) {
    JsonArray array = TRY(read_array(value, "inputs"));
    std::size_t found = 0;
    TRY(each_element(array, [&](JsonValue& element, std::size_t index) -> Result<void> {
        if (index == kMaxInputs) {
            return invalid_argument(fmt::format("More inputs than the limit of {}", kMaxInputs));
        }
        Input input;
        const std::size_t before = texts.size();
        TRY(read_input(element, input, texts));
        if (found > 0 && input.name == "text") {
            return invalid_argument("Input is given twice: 'text'");
        }
        ++found;
        return check_input(input, texts.size() - before);
    }));
    return found > 0 ? Result<void>() : Result<void>(invalid_argument("Field 'inputs' is empty"));
}

}  // namespace flywheel::gateway
