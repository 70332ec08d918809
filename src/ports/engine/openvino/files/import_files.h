#pragma once
// SPDX-License-Identifier: Apache-2.0
// A user's model file as the artefact that the vault keeps. Called by the command `model import`;
// looks at names and sizes only, the worker looks inside.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "ports/engine/openvino/files/model_options.h"

namespace flywheel::openvino {

/// The bundle of FILE.onnx, or of FILE.xml with the FILE.bin beside it. NotFound: no such file.
/// InvalidArgument: another kind of file, or an option that is none.
Result<std::string> bundle_of_file(const std::filesystem::path& file, const ModelOptions& options);

}  // namespace flywheel::openvino
