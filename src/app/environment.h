#pragma once
// SPDX-License-Identifier: Apache-2.0
// The environment as commands read it. Main thread, before others are made.

#include <cstdlib>
#include <string_view>

namespace flywheel::app {

/// Value of a variable; "" when it is not set.
inline std::string_view environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace flywheel::app
