#pragma once
// SPDX-License-Identifier: Apache-2.0
// Labelled rows that come over HTTP: looked at first, then taken as `flywheel import` takes a file.
// Called by the gateway's slow routes; one import at a time (the ledger's transaction).

#include <string>

#include "app/project.h"
#include "base/json.h"
#include "gateway/v1/routes.h"

namespace flywheel::app {

/// What an import did, for --json and for the API.
[[nodiscard]] Json import_json(const std::string& file, const ImportReport& report);

/// Reads the rows; only looks at them when `upload.check` says so: how many are good, which are
/// refused and why, how many each label has, the first few. InvalidArgument names what no file
/// could be; the file lies in the project's folder for scratch files meanwhile.
Result<Json> take_upload(Project& project, const gateway::RowUpload& upload);

}  // namespace flywheel::app
