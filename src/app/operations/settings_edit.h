#pragma once
// SPDX-License-Identifier: Apache-2.0
// Changing flywheel.toml by what a page asks for: only lines of known settings change, comments and
// order stay. Pure but for write_settings(). Called by the gateway's slow routes.

#include <filesystem>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace flywheel::app {

/// Those that people who are not at the machine may change, with their values as the file or the
/// default has them: [{"name": "loop.label_share", "value": 0.1}].
Result<Json> editable_settings(const std::filesystem::path& file);

/// The file's text with these settings changed: {"loop.label_share": 0.2}. InvalidArgument: a name
/// that is not editable, or a value that the settings refuse (with the reason).
Result<std::string> edited_text(const std::filesystem::path& file, const Json& changes);

/// Replaces the file at once: after a crash it is the old or the new one. Conflict when it is not
/// `before` any more.
Result<void> write_settings(
    const std::filesystem::path& file, const std::string& before, const std::string& text
);

/// The whole file.
Result<std::string> settings_file_text(const std::filesystem::path& file);

}  // namespace flywheel::app
