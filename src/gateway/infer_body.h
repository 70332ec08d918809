#pragma once
// SPDX-License-Identifier: Apache-2.0
// The JSON form of an inference request (Open Inference Protocol V2). Called by the infer route;
// one InferBody belongs to one thread and is used again and again.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace flywheel::gateway {

/// The tensors a text model can answer with.
enum class OutputKind : std::uint8_t { Label, LabelId, Scores, Embedding };

[[nodiscard]] std::string_view name_of(OutputKind kind);

class InferBody {
  public:
    InferBody();
    InferBody(const InferBody&) = delete;
    InferBody& operator=(const InferBody&) = delete;
    ~InferBody();

    /// Reads a body; http::kBodySlack readable bytes must stand behind it. InvalidArgument names
    /// the field, Unsupported what is deliberately absent. What it gives out is valid until the
    /// next parse().
    Result<void> parse(std::string_view body);

    std::string_view id;                  ///< "" = none.
    std::vector<std::string_view> texts;  ///< Input `text`, one a row.
    std::vector<OutputKind>
        outputs;  ///< In the order asked for; label, label_id, scores when none are named.
    bool keep_payload = true;  ///< Parameter fw_capture.

  private:
    struct Parser;

    std::unique_ptr<Parser> parser_;
};

}  // namespace flywheel::gateway
