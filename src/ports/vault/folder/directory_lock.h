#pragma once
// SPDX-License-Identifier: Apache-2.0
// DirectoryLock: one server a data directory. Taken by app/ before anything in the directory is
// opened, held until it is destroyed; the system lets go of it when the process dies. One thread.

#include <filesystem>

#include "base/result.h"
#include "ports/vault/folder/file.h"

namespace flywheel::folder {

class DirectoryLock {
  public:
    /// Locks `directory` (which exists) through its file `lock`. Conflict, naming the process that
    /// holds it, when another has it; NotFound or Unavailable when the file cannot be made.
    static Result<DirectoryLock> take(const std::filesystem::path& directory);

  private:
    explicit DirectoryLock(File file) : file_(std::move(file)) {}

    File file_;
};

}  // namespace flywheel::folder
