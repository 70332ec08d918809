// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/infer_body.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "gateway/http/message.h"
#include "gateway/infer/infer_inputs.h"
#include "gateway/infer/infer_outputs.h"
#include "gateway/infer/infer_parameters.h"
#include "gateway/infer/json_reader.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMaxIdBytes = 256;

static_assert(http::kBodySlack >= simdjson::SIMDJSON_PADDING);

Result<std::size_t> read_length(std::string_view text, std::size_t body_size) {
    std::uint64_t length = 0;
    const bool digits = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c >= '0' && c <= '9';
    });
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (!digits || failed != std::errc() || end != text.data() + text.size()) {
        return invalid_argument(
            fmt::format("Inference-Header-Content-Length is not a plain decimal number: '{}'", text)
        );
    }
    if (length > body_size) {
        return invalid_argument(fmt::format(
            "Inference-Header-Content-Length is larger than the body: {} of {} bytes",
            length,
            body_size
        ));
    }
    return static_cast<std::size_t>(length);
}

bool begins_as_object(std::string_view body) {
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && body[first] == '{';
}

}  // namespace

struct InferBody::Parser {
    simdjson::ondemand::parser json;
    InferInputs inputs;
    InferOutputs outputs;
    bool has_inputs = false;

    Result<void> read_field(std::string_view key, JsonValue value, InferBody& body);
    /// True when the text is a JSON object with `inputs`.
    bool is_request(std::string_view body);
    Result<void> open(std::string_view text, simdjson::ondemand::document& document);
};

Result<void> InferBody::Parser::open(
    std::string_view text, simdjson::ondemand::document& document
) {
    const simdjson::padded_string_view padded(
        text.data(), text.size(), text.size() + http::kBodySlack
    );
    if (const auto error = json.iterate(padded).get(document)) {
        if (error == simdjson::UTF8_ERROR) {
            return check_utf8(text).within("Request body");
        }
        return json_error(error);
    }
    return {};
}

bool InferBody::Parser::is_request(std::string_view body) {
    simdjson::ondemand::document document;
    if (!begins_as_object(body) || !open(body, document)) {
        return false;
    }
    JsonObject object;
    return document.get_object().get(object) == simdjson::SUCCESS &&
           object.find_field_unordered("inputs").error() == simdjson::SUCCESS;
}

Result<void> InferBody::Parser::read_field(std::string_view key, JsonValue value, InferBody& body) {
    if (key == "inputs") {
        has_inputs = true;
        return inputs.read_json(value);
    }
    if (key == "id") {
        if (TRY(is_null(value))) {
            return {};
        }
        body.id = TRY(read_string(value, "id"));
        if (body.id.size() > kMaxIdBytes) {
            return invalid_argument(fmt::format(
                "Field 'id' is longer than the limit of {} bytes: {}", kMaxIdBytes, body.id.size()
            ));
        }
        return check_utf8(body.id).within("Field 'id'");
    }
    if (key == "outputs") {
        return outputs.read_json(value);
    }
    if (key == "parameters") {
        return read_parameters(value, body.parameters);
    }
    return skip_value(value);
}

InferBody::InferBody() : parser_(std::make_unique<Parser>()) {}

InferBody::~InferBody() = default;

void InferBody::release() {
    parser_ = std::make_unique<Parser>();
    std::vector<TensorView>().swap(inputs);
    std::vector<std::string_view>().swap(subjects);
    std::vector<std::string>().swap(row_ids);
    id = {};
}

Result<void> InferBody::parse(
    const Signature& signature, std::string_view body, const BodyForm& form
) {
    Parser& parser = *parser_;
    id = {};
    inputs.clear();
    subjects.clear();
    row_ids.clear();
    parser.outputs.begin();
    parameters.clear();
    parser.has_inputs = false;
    const std::size_t length =
        form.header_length ? TRY(read_length(*form.header_length, body.size())) : body.size();
    const bool raw = form.header_length ? length == 0
                                        : form.content_type.starts_with("image/") ||
                                              (http::same_token(form.content_type, "text/plain") &&
                                               !parser.is_request(body));
    parser.inputs.begin(signature, length, form.tensor_limit);
    if (raw) {
        TRY(parser.inputs.read_raw(body));
    } else {
        TRY(parse_json(body.substr(0, length)));
        TRY(parser.inputs.read_tail(body.substr(length), form.header_length.has_value()));
    }
    TRY(parser.inputs.order(inputs, rows));
    TRY(take_ours());
    const bool binary = raw ? !form.accepts_json : parameters.binary_output;
    return parser.outputs.resolve(signature, binary, outputs);
}

Result<void> InferBody::parse_json(std::string_view json) {
    Parser& parser = *parser_;
    simdjson::ondemand::document document;
    TRY(parser.open(json, document));
    JsonObject object;
    if (const auto error = document.get_object().get(object)) {
        return error == simdjson::INCORRECT_TYPE
                   ? invalid_argument("Request body is not a JSON object")
                   : json_error(error);
    }
    TRY(each_field(object, "the request", [&](std::string_view key, JsonValue value) {
        return parser.read_field(key, value, *this);
    }));
    const char* behind = nullptr;
    if (document.current_location().get(behind) != simdjson::OUT_OF_BOUNDS) {
        return invalid_argument("Request body has bytes behind its JSON");
    }
    return parser.has_inputs ? Result<void>()
                             : Result<void>(invalid_argument("Field 'inputs' is missing"));
}

/// The tensors that are ours, not the model's.
Result<void> InferBody::take_ours() {
    const auto wanted = static_cast<std::size_t>(rows);
    if (const InputSlot* slot = parser_->inputs.find(kSubjectInput)) {
        if (slot->strings.size() != wanted && slot->strings.size() != 1) {
            return slot->refuse(
                fmt::format("has {} elements for {} rows", slot->strings.size(), wanted)
            );
        }
        for (const std::string_view subject : slot->strings) {
            TRY(check_utf8(subject).within(fmt::format("Input '{}'", kSubjectInput)));
        }
        subjects = slot->strings;
    }
    const InputSlot* slot = parser_->inputs.find(kRowIdInput);
    if (slot == nullptr) {
        return {};
    }
    for (const std::string_view one : slot->strings) {
        TRY(check_utf8(one).within(fmt::format("Input '{}'", kRowIdInput)));
        row_ids.emplace_back(one);
    }
    for (const std::int64_t one : slot->type == DataType::Int64 ? slot->view().as<std::int64_t>()
                                                                : std::span<const std::int64_t>()) {
        row_ids.push_back(std::to_string(one));
    }
    std::vector<std::string_view> sorted(row_ids.begin(), row_ids.end());
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) {
        return slot->refuse(fmt::format("two rows have one id: '{}'", *twice));
    }
    return row_ids.size() == wanted
               ? Result<void>()
               : slot->refuse(fmt::format("has {} elements for {} rows", row_ids.size(), wanted));
}

}  // namespace flywheel::gateway
