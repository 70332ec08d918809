#pragma once
// SPDX-License-Identifier: Apache-2.0
// The version, as CMake's project() says it.

#include <string_view>

namespace flywheel::app {

inline constexpr std::string_view kVersion = FLYWHEEL_VERSION;

}  // namespace flywheel::app
