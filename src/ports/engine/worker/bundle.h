#pragma once
// SPDX-License-Identifier: Apache-2.0
// The artefact of a model that a worker runs: its files as one blob, by name
// (docs/internals/worker-protocol.md, section 4). Made at import, read by worker programs. Pure
// functions, any thread.

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel::worker {

/// By name; views into whatever holds the bytes.
using Parts = std::map<std::string, std::string_view, std::less<>>;

/// The same parts give the same bytes. InvalidArgument: none, more than 16, a name that is empty,
/// over 48 bytes, or of other signs than letters, digits, '.', '-', '_'.
Result<std::string> write_bundle(const Parts& parts);

/// Views into `blob`, each 64-byte aligned if `blob` is. Corrupt: not exactly what write_bundle()
/// made.
Result<Parts> read_bundle(std::string_view blob);

}  // namespace flywheel::worker
