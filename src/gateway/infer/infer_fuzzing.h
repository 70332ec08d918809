#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the fuzzers of inference bodies share: the models they are read against, and what must hold
// of a body that was accepted.

#include <array>
#include <string>
#include <vector>

#include "fuzz_input.h"
#include "gateway/http/message.h"
#include "gateway/infer/infer_answer.h"
#include "gateway/infer/infer_body.h"

namespace flywheel::gateway::testing {

constexpr std::size_t kFuzzedModels = 4;

/// A text model, a small table of numbers, one input of every datatype, a model without a batch.
inline const Signature& fuzzed_model(std::size_t which) {
    static const std::array<Signature, kFuzzedModels> models = [] {
        std::array<Signature, kFuzzedModels> made;
        made[0].inputs = {{"text", DataType::Bytes, {-1}}};
        made[0].outputs = {{"label", DataType::Bytes, {-1}}, {"scores", DataType::Fp32, {-1, 3}}};
        made[1].inputs = {{"x", DataType::Fp32, {-1, 3}}};
        made[1].outputs = {{"y", DataType::Fp32, {-1, 3}, false, {"a", "b", "c"}}};
        for (std::size_t i = 0; i < kDataTypes; ++i) {
            const auto type = static_cast<DataType>(i);
            made[2].inputs.push_back({std::string(name_of(type)), type, {-1, -1}});
            made[2].outputs.push_back({std::string(name_of(type)), type, {-1, -1}});
        }
        made[3].inputs = {{"image", DataType::Uint8, {2, -1}}};
        made[3].outputs = {{"mean", DataType::Fp64, {2, -1}}};
        made[3].batches = false;
        return made;
    }();
    return models.at(which);
}

/// The bytes with the slack behind them that parsers may look into, and nothing behind that.
class SlackBody {
  public:
    explicit SlackBody(std::string_view body)
        : size_(body.size()), bytes_(size_ + http::kBodySlack) {
        std::copy(body.begin(), body.end(), bytes_.begin());
    }

    [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

  private:
    std::size_t size_;
    std::vector<char> bytes_;
};

/// Every tensor holds what its shape says, for as many rows as the request has.
inline void check_inputs(const InferBody& body, const Signature& signature) {
    CHECK(body.inputs.size() == signature.inputs.size());
    CHECK(body.rows >= 1 && body.rows <= 65'536);
    for (std::size_t i = 0; i < body.inputs.size(); ++i) {
        const TensorView& tensor = body.inputs[i];
        const auto count = element_count(tensor.shape);
        CHECK(count && tensor.type == signature.inputs[i].type);
        CHECK(fits(tensor.shape, signature.inputs[i].shape));
        CHECK(!signature.batches || tensor.shape[0] == body.rows);
        if (tensor.type == DataType::Bytes) {
            CHECK(tensor.strings.size() == *count && tensor.bytes.empty());
        } else {
            CHECK(tensor.bytes.size() == *count * item_size(tensor.type));
            const auto address = reinterpret_cast<std::uintptr_t>(tensor.bytes.data());
            CHECK(address % item_size(tensor.type) == 0);
        }
    }
    CHECK(body.subjects.size() <= 1 || body.subjects.size() == static_cast<std::size_t>(body.rows));
    CHECK(body.row_ids.empty() || body.row_ids.size() == static_cast<std::size_t>(body.rows));
}

/// The inputs sent back as the outputs that were asked for, of a model that copies.
inline void check_answer(const InferBody& body, const Signature& signature) {
    std::vector<AnswerTensor> tensors;
    for (const WantedOutput& wanted : body.outputs) {
        CHECK(wanted.index < signature.outputs.size() && wanted.classes >= 0);
        const TensorView& values = body.inputs[wanted.index % body.inputs.size()];
        const bool binary_only = values.type == DataType::Fp16 || values.type == DataType::Bf16;
        tensors.push_back(
            {signature.outputs[wanted.index].name, values, wanted.binary || binary_only}
        );
    }
    std::string out;
    const auto json = append_infer_answer(out, {"m", "1", body.id}, tensors);
    CHECK(!json || *json <= out.size());
}

/// Reads the same bytes twice, with a reader that has read others before and with a fresh one.
inline void read_twice(const Signature& signature, std::string_view text, const BodyForm& form) {
    static InferBody used;
    const SlackBody bytes(text);
    const auto outcome = used.parse(signature, bytes.view(), form);
    InferBody fresh;
    const auto again = fresh.parse(signature, bytes.view(), form);
    CHECK(outcome.has_value() == again.has_value());
    if (!outcome) {
        const Code code = outcome.error().code;
        CHECK(code == Code::InvalidArgument || code == Code::Unsupported);
        CHECK(outcome.error().message == again.error().message);
        return;
    }
    check_inputs(used, signature);
    check_answer(used, signature);
    CHECK(used.rows == fresh.rows && used.id == fresh.id);
    CHECK(used.parameters.own == fresh.parameters.own);
}

}  // namespace flywheel::gateway::testing
