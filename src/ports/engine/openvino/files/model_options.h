#pragma once
// SPDX-License-Identifier: Apache-2.0
// How an imported model is to be run: part "options.json" of its bundle
// (docs/internals/worker-protocol.md, section 4). Written at import, read by the worker. Pure
// functions, any thread.

#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel::openvino {

struct ModelOptions {
    std::string batches = "auto";    ///< "auto", "yes", "no".
    std::string precision = "fp32";  ///< "fp32", "fp16", "bf16", "int8", "auto".
};

/// InvalidArgument names the option and what it may be.
Result<void> check_options(const ModelOptions& options);
[[nodiscard]] std::string to_json(const ModelOptions& options);
/// Corrupt when it is not what to_json() writes.
Result<ModelOptions> parse_options(std::string_view json);

}  // namespace flywheel::openvino
