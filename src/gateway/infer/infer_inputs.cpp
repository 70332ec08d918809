// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/infer_inputs.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/http/message.h"
#include "gateway/infer/binary_elements.h"
#include "gateway/infer/json_elements.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMaxInputs = 64;

const TensorSpec& row_id_spec() {
    static const TensorSpec spec{std::string(kRowIdInput), DataType::Bytes, {-1}};
    return spec;
}

const TensorSpec& subject_spec() {
    static const TensorSpec spec{std::string(kSubjectInput), DataType::Bytes, {-1}};
    return spec;
}

Result<void> read_shape(JsonValue& value, InputSlot& slot) {
    JsonArray array = TRY(read_array(value, "inputs.shape"));
    slot.has_shape = true;
    return each_element(array, [&](JsonValue& element, std::size_t) -> Result<void> {
        const std::int64_t size = TRY(read_integer(element, "inputs.shape"));
        if (size < 0) {
            return invalid_argument(
                fmt::format("Field 'inputs.shape' has a negative dimension: {}", size)
            );
        }
        if (!slot.sent.push_back(size)) {
            return invalid_argument(fmt::format(
                "Field 'inputs.shape' has more dimensions than the limit of {}", kMaxDimensions
            ));
        }
        return {};
    });
}

Result<void> read_parameters(JsonValue& value, InputSlot& slot) {
    if (TRY(is_null(value))) {
        return {};
    }
    JsonObject object = TRY(read_object(value, "inputs.parameters"));
    return each_field(
        object,
        "inputs.parameters",
        [&](std::string_view key, JsonValue one) -> Result<void> {
            if (key.starts_with("shared_memory_")) {
                return unsupported("Shared memory is not supported; send the values in the body");
            }
            if (key != "binary_data_size") {
                return skip_value(one);
            }
            const std::int64_t size = TRY(read_integer(one, "inputs.parameters.binary_data_size"));
            if (size < 0) {
                return invalid_argument(
                    fmt::format("Field 'inputs.parameters.binary_data_size' is negative: {}", size)
                );
            }
            slot.binary_size = static_cast<std::uint64_t>(size);
            return {};
        }
    );
}

std::string names_of(const std::vector<TensorSpec>& specs) {
    std::string names;
    for (const TensorSpec& spec : specs) {
        names += fmt::format("{}'{}'", names.empty() ? "" : ", ", spec.name);
    }
    return names;
}

/// A model's [-1] is also sent as [n,1]: many clients have a dimension for the row in any case.
bool has_one_too_many(const Shape& sent, const TensorSpec& spec) {
    return spec.shape.size() == 1 && sent.size() == 2 && sent[1] == 1;
}

}  // namespace

Error unsupported(std::string message) {
    return make_error(Code::Unsupported, std::move(message));
}

void InferInputs::begin(
    const Signature& signature, std::size_t json_bytes, std::uint64_t tensor_limit
) {
    signature_ = &signature;
    json_bytes_ = json_bytes;
    tensor_limit_ = tensor_limit;
    tensor_bytes_ = 0;
    used_ = 0;
    late_parsers_.clear();
}

InputSlot& InferInputs::next_slot() {
    if (used_ == slots_.size()) {
        slots_.push_back(std::make_unique<InputSlot>());
    }
    InputSlot& slot = *slots_[used_++];
    slot.clear();
    return slot;
}

Result<void> InferInputs::read_json(JsonValue& value) {
    JsonArray array = TRY(read_array(value, "inputs"));
    TRY(each_element(array, [&](JsonValue& element, std::size_t index) -> Result<void> {
        if (index == kMaxInputs) {
            return invalid_argument(fmt::format("More inputs than the limit of {}", kMaxInputs));
        }
        return read_input(element, next_slot());
    }));
    return used_ > 0 ? Result<void>() : Result<void>(invalid_argument("Field 'inputs' is empty"));
}

Result<void> InferInputs::read_input(JsonValue& value, InputSlot& slot) {
    JsonObject object = TRY(read_object(value, "inputs[]"));
    TRY(each_field(object, "inputs[]", [&](std::string_view key, JsonValue field) {
        return read_field(key, field, slot);
    }));
    TRY(check_head(slot));
    if (slot.has_values && slot.binary_size) {
        return slot.refuse("binary_data_size and data exclude each other");
    }
    return slot.late_json.empty() ? Result<void>() : read_late(slot);
}

Result<void> InferInputs::read_field(std::string_view key, JsonValue& value, InputSlot& slot) {
    if (key == "name") {
        slot.name = TRY(read_string(value, "inputs.name"));
        return {};
    }
    if (key == "datatype") {
        slot.datatype = TRY(read_string(value, "inputs.datatype"));
        return {};
    }
    if (key == "shape") {
        return read_shape(value, slot);
    }
    if (key == "data") {
        return read_values(value, slot);
    }
    if (key == "parameters") {
        return read_parameters(value, slot);
    }
    return skip_value(value);
}

/// Straight into the tensor when it is known what it is; else later, from the text.
Result<void> InferInputs::read_values(JsonValue& value, InputSlot& slot) {
    JsonArray array = TRY(read_array(value, "inputs.data"));
    slot.has_values = true;
    if (slot.name && slot.datatype && slot.has_shape) {
        TRY(check_head(slot));
        return JsonElements(slot, json_bytes_).read(array);
    }
    if (const auto error = array.raw_json().get(slot.late_json)) {
        return json_error(error);
    }
    return {};
}

Result<void> InferInputs::read_late(InputSlot& slot) {
    late_parsers_.push_back(std::make_unique<simdjson::ondemand::parser>());
    simdjson::ondemand::document document;
    const simdjson::padded_string_view text(
        slot.late_json.data(), slot.late_json.size(), slot.late_json.size() + http::kBodySlack
    );
    if (const auto error = late_parsers_.back()->iterate(text).get(document)) {
        return json_error(error);
    }
    JsonArray array;
    if (const auto error = document.get_array().get(array)) {
        return json_error(error);
    }
    return JsonElements(slot, json_bytes_).read(array);
}

Result<void> InferInputs::check_head(InputSlot& slot) {
    if (slot.checked) {
        return {};
    }
    if (!slot.name) {
        return invalid_argument("Field 'inputs.name' is missing");
    }
    for (std::size_t i = 0; i + 1 < used_; ++i) {
        if (slots_[i]->name == slot.name) {
            return invalid_argument(fmt::format("Input is given twice: '{}'", *slot.name));
        }
    }
    const TensorSpec* spec = signature_->input(*slot.name);
    if (spec == nullptr && slot.name == kRowIdInput) {
        spec = &row_id_spec();
    } else if (spec == nullptr && slot.name == kSubjectInput) {
        spec = &subject_spec();
    }
    if (spec == nullptr) {
        return invalid_argument(fmt::format(
            "Input is not one of this model's ({}): '{}'", names_of(signature_->inputs), *slot.name
        ));
    }
    if (!slot.datatype || !slot.has_shape) {
        return invalid_argument(fmt::format(
            "Field 'inputs.{}' is missing for input '{}'",
            !slot.datatype ? "datatype" : "shape",
            *slot.name
        ));
    }
    const auto type = data_type_named(*slot.datatype);
    const bool row_id_number = spec == &row_id_spec() && type == DataType::Int64;
    if (type != spec->type && !row_id_number) {
        return slot.refuse(
            fmt::format("datatype is not the model's {}: '{}'", name_of(spec->type), *slot.datatype)
        );
    }
    slot.type = *type;
    slot.checked = true;
    return check_shape(slot, *spec);
}

Result<void> InferInputs::check_shape(InputSlot& slot, const TensorSpec& spec) {
    slot.shape = slot.sent;
    if (has_one_too_many(slot.sent, spec)) {
        slot.shape = {slot.sent[0]};
    }
    if (!fits(slot.shape, spec.shape)) {
        return slot.refuse(fmt::format(
            "shape does not fit the model's {}: {}", spec.shape.text(), slot.sent.text()
        ));
    }
    if (signature_->batches && slot.shape[0] == 0) {
        return invalid_argument("Request has no rows");
    }
    if (signature_->batches && slot.shape[0] > kMaxRows) {
        return slot.refuse(
            fmt::format("more rows than the limit of {}: {}", kMaxRows, slot.shape[0])
        );
    }
    return count_elements(slot);
}

Result<void> InferInputs::count_elements(InputSlot& slot) {
    const bool text = slot.type == DataType::Bytes;
    slot.count = TRY(element_count(slot.sent).within(fmt::format("Input '{}'", *slot.name)));
    const auto bytes =
        checked_product(slot.count, text ? sizeof(std::string_view) : item_size(slot.type));
    if (!bytes) {
        return slot.refuse(fmt::format(
            "Shape has more elements or bytes than 63 bits can count: {}", slot.sent.text()
        ));
    }
    if (*bytes > tensor_limit_ - tensor_bytes_) {
        return slot.refuse(fmt::format(
            "tensors of a request take more than the limit of {} bytes: shape {}",
            tensor_limit_,
            slot.sent.text()
        ));
    }
    tensor_bytes_ += *bytes;
    return {};
}

bool InferInputs::may_take_the_rest(const InputSlot& slot) const {
    return signature_->inputs.size() == 1 && slot.name == signature_->inputs.front().name;
}

Result<void> InferInputs::read_tail(std::string_view tail, bool has_length) {
    for (std::size_t i = 0; i < used_; ++i) {
        InputSlot& slot = *slots_[i];
        if (slot.has_values) {
            continue;
        }
        if (slot.binary_size && !has_length) {
            return slot.refuse("binary_data_size needs the header Inference-Header-Content-Length");
        }
        if (!slot.binary_size && (!has_length || !may_take_the_rest(slot))) {
            return invalid_argument(
                fmt::format("Field 'inputs.data' is missing for input '{}'", *slot.name)
            );
        }
        const std::uint64_t size = slot.binary_size.value_or(tail.size());
        if (size > tail.size()) {
            return slot.refuse(fmt::format(
                "fewer bytes are left in the body than binary_data_size says: {} of {}",
                tail.size(),
                size
            ));
        }
        TRY(read_binary(slot, tail.substr(0, size)));
        tail.remove_prefix(size);
    }
    if (!tail.empty()) {
        return invalid_argument(
            fmt::format("Request has bytes left over behind its binary tensors: {}", tail.size())
        );
    }
    return {};
}

Result<void> InferInputs::read_raw(std::string_view body) {
    if (signature_->inputs.size() != 1) {
        return invalid_argument(fmt::format(
            "A raw body needs a model with one input; this one has {}", signature_->inputs.size()
        ));
    }
    const TensorSpec& spec = signature_->inputs.front();
    InputSlot& slot = next_slot();
    slot.name = spec.name;
    slot.type = spec.type;
    slot.checked = true;
    const std::size_t item = std::max<std::size_t>(item_size(spec.type), 1);
    std::uint64_t fixed = spec.type == DataType::Bytes ? 1 : item;
    std::size_t free = kMaxDimensions;
    for (std::size_t i = 0; i < spec.shape.size(); ++i) {
        const bool batch = i == 0 && signature_->batches;
        if (spec.shape[i] == -1 && !batch && spec.type != DataType::Bytes) {
            if (free != kMaxDimensions) {
                return slot.refuse(fmt::format(
                    "a raw body leaves more than one free dimension: {}", spec.shape.text()
                ));
            }
            free = i;
        }
        CHECK(slot.sent.push_back(spec.shape[i] == -1 ? 1 : spec.shape[i]));
        fixed *= static_cast<std::uint64_t>(slot.sent[i]);
    }
    const bool divides = spec.type == DataType::Bytes
                             ? fixed == 1
                             : (free == kMaxDimensions ? body.size() == fixed
                                                       : fixed > 0 && body.size() % fixed == 0);
    if (!divides) {
        return slot.refuse(fmt::format(
            "a raw body of {} bytes does not fit {} {}",
            body.size(),
            name_of(spec.type),
            spec.shape.text()
        ));
    }
    if (free != kMaxDimensions) {
        slot.sent[free] = static_cast<std::int64_t>(body.size() / fixed);
    }
    slot.shape = slot.sent;
    TRY(count_elements(slot));
    if (spec.type == DataType::Bytes) {
        slot.strings.push_back(body);
        return {};
    }
    return read_binary(slot, body);
}

Result<void> InferInputs::order(std::vector<TensorView>& inputs, std::int64_t& rows) const {
    inputs.clear();
    rows = 1;
    for (const TensorSpec& spec : signature_->inputs) {
        const InputSlot* slot = find(spec.name);
        if (slot == nullptr) {
            return invalid_argument(fmt::format("Input is missing: '{}'", spec.name));
        }
        inputs.push_back(slot->view());
        if (!signature_->batches) {
            continue;
        }
        if (inputs.size() > 1 && slot->shape[0] != rows) {
            return slot->refuse(fmt::format(
                "rows differ from those of the inputs before: {} and {}", slot->shape[0], rows
            ));
        }
        rows = slot->shape[0];
    }
    return {};
}

const InputSlot* InferInputs::find(std::string_view name) const {
    for (std::size_t i = 0; i < used_; ++i) {
        if (slots_[i]->name == name) {
            return slots_[i].get();
        }
    }
    return nullptr;
}

}  // namespace flywheel::gateway
