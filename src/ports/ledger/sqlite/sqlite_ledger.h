#pragma once
// SPDX-License-Identifier: Apache-2.0
// The ledger on SQLite: one file, write-ahead log, durable commits. Made by app/ (and by tests, in
// memory). One connection writes; reads outside the own transaction have connections of their own
// and never wait for a writer. Any thread may call.

#include <chrono>
#include <filesystem>
#include <memory>

#include "ports/ledger/ledger.h"

namespace flywheel::sqlite {

struct Options {
    /// How long a call waits for the lock of another process before it gives up (Unavailable).
    std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
    /// The file stays below this many pages of 4 KiB, 0 = no limit; beyond it writes fail as on a
    /// full disk.
    std::int64_t pages_max = 0;
};

/// Opens or makes the ledger at `path` and brings its tables up to date. Conflict when a newer
/// program wrote it, Corrupt when it is damaged or not a ledger, Unavailable when it cannot be
/// opened or written.
Result<std::unique_ptr<Ledger>> open(
    const std::filesystem::path& path, const Options& options = {}
);

/// A ledger that lives as long as the object; one connection, so its calls are serialised.
Result<std::unique_ptr<Ledger>> open_in_memory();

}  // namespace flywheel::sqlite
