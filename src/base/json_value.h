#pragma once
// SPDX-License-Identifier: Apache-2.0
// The whole JSON value type, and typed access with errors that name the field. Only .cpp files
// include this: it costs a second of compilation.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace flywheel {

/// The field's value; InvalidArgument "field 'x': expected a string, got null" otherwise.
Result<std::string> string_field(const Json& object, std::string_view name);
Result<std::int64_t> integer_field(const Json& object, std::string_view name);
Result<double> number_field(const Json& object, std::string_view name);
Result<bool> bool_field(const Json& object, std::string_view name);

/// As above; nothing when the field is absent or null.
Result<std::optional<std::string>> optional_string(const Json& object, std::string_view name);
Result<std::optional<std::int64_t>> optional_integer(const Json& object, std::string_view name);
Result<std::optional<double>> optional_number(const Json& object, std::string_view name);
Result<std::optional<bool>> optional_bool(const Json& object, std::string_view name);

}  // namespace flywheel
