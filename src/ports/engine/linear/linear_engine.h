#pragma once
// SPDX-License-Identifier: Apache-2.0
// The door of the linear engine: hashed character n-grams with tf-idf weights and a calibrated
// softmax head. Made by the composition root; fit by jobs, load by serving. The engine has no
// state: any thread.

#include <memory>

#include "ports/engine/engine.h"

namespace flywheel::linear {

[[nodiscard]] std::unique_ptr<Engine> make_engine();

}  // namespace flywheel::linear
