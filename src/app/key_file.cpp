// SPDX-License-Identifier: Apache-2.0
#include "app/key_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"

namespace flywheel::app {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyBytes = 32;

Error refused(const fs::path& file) {
    return make_error(
        Code::Unavailable,
        fmt::format(
            "Cannot make the key: {}: {}", file.string(), std::generic_category().message(errno)
        )
    );
}

/// Under a name of its own first, so that a key is there whole or not at all.
Result<std::string> make_key(const fs::path& file) {
    std::string key;
    while (key.size() < kKeyBytes) {
        const std::uint64_t word = fresh_seed();
        key.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    if (::mkdir(file.parent_path().c_str(), 0700) != 0 && errno != EEXIST) {
        return refused(file);
    }
    const std::string temporary = file.string() + ".tmp";
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return refused(file);
    }
    errno = ENOSPC;  // what a short write means
    const bool written = ::write(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size());
    const bool good = written && ::fsync(fd) == 0;
    ::close(fd);
    if (!good || ::rename(temporary.c_str(), file.c_str()) != 0) {
        return refused(file);
    }
    return key;
}

}  // namespace

Result<std::string> read_or_make_key(const fs::path& file) {
    struct stat status{};

    if (::stat(file.c_str(), &status) != 0) {
        return errno == ENOENT ? make_key(file) : refused(file);
    }
    if ((status.st_mode & 077U) != 0) {
        return make_error(
            Code::Conflict,
            fmt::format("Others may read this key; run `chmod 600 {0}`: {0}", file.string())
        );
    }
    std::ifstream in(file, std::ios::binary);
    std::string key{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (key.size() != kKeyBytes) {
        return corrupt(fmt::format(
            "A key has {} bytes, this file {}; put it back from your backup: {}",
            kKeyBytes,
            key.size(),
            file.string()
        ));
    }
    return key;
}

}  // namespace flywheel::app
