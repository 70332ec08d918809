#pragma once
// SPDX-License-Identifier: Apache-2.0
// The `inputs` of an inference request, read against what the model takes. Private to the readers
// of inference bodies; one parse, one thread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/infer/input_slot.h"
#include "gateway/infer/json_reader.h"
#include "ports/engine/tensor.h"

namespace flywheel::gateway {

/// Tensors of ours that a model never sees.
constexpr std::string_view kRowIdInput = "fw_row_id";
constexpr std::string_view kSubjectInput = "fw_subject";

/// Unsupported: something that is deliberately absent; the message says what to do instead.
Error unsupported(std::string message);

/// Rows a request may have at the most, whatever the model: a Prediction id has 16 bits for them.
constexpr std::int64_t kMaxRows = 65'536;

class InferInputs {
  public:
    /// Forgets the request before. All tensors together have at most `tensor_limit` bytes.
    void begin(const Signature& signature, std::size_t json_bytes, std::uint64_t tensor_limit);
    /// Reads and checks the array `inputs`. What it gives out lives until the next begin().
    Result<void> read_json(JsonValue& value);
    /// Gives the flagged inputs their bytes; `has_length` says whether the request told where its
    /// JSON ends.
    Result<void> read_tail(std::string_view tail, bool has_length);
    /// One input, whose bytes are the whole body (A.4).
    Result<void> read_raw(std::string_view body);
    /// The model's inputs, in its order; InvalidArgument: one is missing, they differ in rows.
    Result<void> order(std::vector<TensorView>& inputs, std::int64_t& rows) const;
    /// Null when it was not given.
    [[nodiscard]] const InputSlot* find(std::string_view name) const;

  private:
    InputSlot& next_slot();
    Result<void> read_input(JsonValue& value, InputSlot& slot);
    Result<void> read_field(std::string_view key, JsonValue& value, InputSlot& slot);
    Result<void> read_values(JsonValue& value, InputSlot& slot);
    Result<void> read_late(InputSlot& slot);
    Result<void> check_head(InputSlot& slot);
    Result<void> check_shape(InputSlot& slot, const TensorSpec& spec);
    Result<void> count_elements(InputSlot& slot);
    [[nodiscard]] bool may_take_the_rest(const InputSlot& slot) const;

    const Signature* signature_ = nullptr;
    std::size_t json_bytes_ = 0;
    std::uint64_t tensor_limit_ = 0;
    std::uint64_t tensor_bytes_ = 0;
    std::vector<std::unique_ptr<InputSlot>> slots_;
    std::size_t used_ = 0;
    std::vector<std::unique_ptr<simdjson::ondemand::parser>> late_parsers_;
};

}  // namespace flywheel::gateway
