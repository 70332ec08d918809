#pragma once
// SPDX-License-Identifier: Apache-2.0
// The body of an inference request (Open Inference Protocol V2): JSON, JSON with binary tensors
// behind it, or one raw tensor, read against what the model takes. Called by the infer route; one
// InferBody belongs to one thread and is used again and again.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/infer/infer_call.h"
#include "ports/engine/tensor.h"

namespace flywheel::gateway {

/// Bytes of an inference request, also after it was decompressed.
constexpr std::uint64_t kInferBodyLimit = 64 * 1024 * 1024;
/// Bytes of all tensors of a request once they are no text any more.
constexpr std::uint64_t kInferTensorLimit = 64 * 1024 * 1024;

/// Bytes that an inference request may bring.
struct InferLimits {
    std::uint64_t body = kInferBodyLimit;  ///< Also after it was decompressed.
    std::uint64_t tensors = kInferTensorLimit;
};

/// What the head of the request says about its body.
struct BodyForm {
    std::optional<std::string_view> header_length{};  ///< Inference-Header-Content-Length.
    std::string_view content_type{};                  ///< Without its parameters.
    bool accepts_json = false;  ///< Accept names application/json: of use to raw bodies only.
    std::uint64_t tensor_limit = kInferTensorLimit;  ///< Not of the head: InferLimits::tensors.
};

class InferBody {
  public:
    InferBody();
    InferBody(const InferBody&) = delete;
    InferBody& operator=(const InferBody&) = delete;
    ~InferBody();

    /// Reads a body; http::kBodySlack readable bytes must stand behind it, and the signature must
    /// outlive what is given out. InvalidArgument names the field, Unsupported what is deliberately
    /// absent. What it gives out is valid until the next parse(), as long as `body` is.
    Result<void> parse(const Signature& signature, std::string_view body, const BodyForm& form);

    /// Gives back the memory of a large request; nothing that was given out is valid any more.
    void release();

    std::string_view id;             ///< "" = none.
    std::vector<TensorView> inputs;  ///< The model's, in its order.
    std::int64_t rows = 0;           ///< 1 for a model that does not batch.
    std::vector<WantedOutput> outputs;
    InferParameters parameters;
    /// Input fw_subject: none, one for all rows, or one a row.
    std::vector<std::string_view> subjects;
    /// Input fw_row_id: none, or one a row, each another.
    std::vector<std::string> row_ids;

  private:
    struct Parser;

    Result<void> parse_json(std::string_view json);
    Result<void> take_ours();

    std::unique_ptr<Parser> parser_;
};

}  // namespace flywheel::gateway
