#pragma once
// SPDX-License-Identifier: Apache-2.0
// A model version sent with POST /v2/repository/models/{m}/load, read out of its parameters and
// checked in form. Pure functions, any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace flywheel::gateway {

struct SentVersion {
    std::int64_t number = 0;
    std::string engine;    ///< "linear", "openvino"; by the artefact's name unless config says it.
    std::string artefact;  ///< Bytes.
    std::vector<std::string> labels;
    std::string card;
    bool signature_change = false;  ///< It may take and give other tensors than what is served.
};

/// Out of `config` and `file:<version>/<name>`; nothing when neither is there. `parameters` is an
/// object. InvalidArgument: files without config, a config that is no JSON object or is another
/// model's, a name that is not among model.safetensors, model.onnx, card.md, labels.txt, files of
/// several versions, not exactly one artefact, text that is not base64.
Result<std::optional<SentVersion>> read_sent_version(
    const Json& parameters, std::string_view model
);

/// RFC 4648, section 4, with padding; line ends are not taken.
Result<std::string> from_base64(std::string_view text);

}  // namespace flywheel::gateway
