#pragma once
// SPDX-License-Identifier: Apache-2.0
// The `outputs` that an inference request asks for. Private to the readers of inference bodies; one
// parse, one thread.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/infer/infer_call.h"
#include "gateway/infer/json_reader.h"
#include "ports/engine/tensor.h"

namespace flywheel::gateway {

class InferOutputs {
  public:
    void begin() { asked_.clear(); }

    /// Reads the array `outputs`.
    Result<void> read_json(JsonValue& value);
    /// What the answer holds: what was asked for, else all but those that must be named.
    /// `binary` is what holds for outputs that do not say. InvalidArgument: not the model's, twice,
    /// a datatype without JSON form, a tensor that has no classes.
    Result<void> resolve(const Signature& signature, bool binary, std::vector<WantedOutput>& wanted)
        const;

  private:
    struct Asked {
        std::string_view name;
        std::optional<bool> binary;
        std::int64_t classes = 0;
    };

    static Result<void> read_parameters(JsonValue& value, Asked& asked);
    Result<void> read_output(JsonValue& value);

    std::vector<Asked> asked_;
};

}  // namespace flywheel::gateway
