#pragma once
// SPDX-License-Identifier: Apache-2.0
// The command line: reads the arguments, runs one command, says errors on stderr and returns the
// exit code. Called by main only.

#include <functional>

#include "app/demo/demo.h"
#include "base/result.h"

namespace flywheel::app {

/// The demo stands above the other commands, so main hands it in.
using DemoFunction = std::function<Result<void>(const DemoOptions&)>;

/// 0, or the exit code of the error's Code.
int run_commands(int count, const char* const* arguments, const DemoFunction& demo);

}  // namespace flywheel::app
