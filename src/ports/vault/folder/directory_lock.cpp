// SPDX-License-Identifier: Apache-2.0
#include "ports/vault/folder/directory_lock.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"

namespace flywheel::folder {

Result<DirectoryLock> DirectoryLock::take(const std::filesystem::path& directory) {
    const auto path = directory / "lock";
    auto file = TRY(File::open(path, O_RDWR | O_CREAT));
    if (::flock(file.descriptor(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return error_of(errno, "lock", path);
        }
        const auto holder = TRY(file.read_all(path));
        return make_error(
            Code::Conflict,
            fmt::format(
                "The directory is in use by another flywheel; stop it first: {}, process {}",
                directory.string(),
                holder.empty() ? "unknown" : printable(trim(holder))
            )
        );
    }
    // The file stays when the lock is let go: removing it would race with the next to take it.
    if (::ftruncate(file.descriptor(), 0) != 0) {
        return error_of(errno, "write", path);
    }
    TRY(file.write_all(fmt::format("{}\n", ::getpid()), path));
    return DirectoryLock(std::move(file));
}

}  // namespace flywheel::folder
