#pragma once
// SPDX-License-Identifier: Apache-2.0
// The OpenVINO runtime as a worker's Backend: reads an ONNX or IR model out of its bundle, says its
// signature, runs it on the CPU. Made by the program flywheel-openvino only.

#include <memory>

#include "ports/engine/worker/serve.h"

namespace flywheel::openvino {

[[nodiscard]] std::unique_ptr<worker::Backend> make_backend();

}  // namespace flywheel::openvino
