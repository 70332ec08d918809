// SPDX-License-Identifier: Apache-2.0
#include "ports/vault/folder/file.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace flywheel::folder {

namespace {

// A write of more than 2 GiB is cut by Linux anyway.
constexpr std::size_t kPieceMax = 1U << 30U;

const char* sentence_of(int number) {
    switch (number) {
        case ENOSPC:
        case EDQUOT:
            return "The disk is full; free some space";
        case EROFS:
            return "The disk is read-only; make it writable";
        case EACCES:
        case EPERM:
            return "No right to do this; check the owner and rights of the folder";
        case ENOENT:
            return "No such file or folder";
        case EMFILE:
        case ENFILE:
            return "Too many open files; raise the limit";
        default:
            return "The file system failed; check the disk";
    }
}

}  // namespace

Error error_of(int number, std::string_view doing, const std::filesystem::path& path) {
    return make_error(
        number == ENOENT ? Code::NotFound : Code::Unavailable,
        fmt::format(
            "{}: {} {}: {}",
            sentence_of(number),
            doing,
            path.string(),
            std::generic_category().message(number)
        )
    );
}

File::~File() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

Result<File> File::open(const std::filesystem::path& path, int flags, unsigned mode) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (descriptor < 0) {
        return error_of(errno, "open", path);
    }
    return File(descriptor);
}

Result<void> File::write_all(std::string_view bytes, const std::filesystem::path& path) const {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kPieceMax));
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return error_of(errno, "write", path);
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::string> File::read_all(const std::filesystem::path& path) const {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) {
        return error_of(errno, "read", path);
    }
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const auto got =
            ::read(descriptor_, bytes.data() + filled, std::min(bytes.size() - filled, kPieceMax));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_of(errno, "read", path);
        }
        if (got == 0) {
            break;
        }
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
}

Result<void> File::sync(const std::filesystem::path& path) const {
    if (::fsync(descriptor_) != 0) {
        return error_of(errno, "sync", path);
    }
    return {};
}

Result<void> sync_folder(const std::filesystem::path& path) {
    const auto folder = TRY(File::open(path, O_RDONLY | O_DIRECTORY));
    return folder.sync(path);
}

Result<void> make_folder(const std::filesystem::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0) {
        return sync_folder(path.parent_path().empty() ? "." : path.parent_path());
    }
    if (errno == EEXIST && std::filesystem::is_directory(path)) {
        return {};
    }
    return error_of(errno, "make folder", path);
}

}  // namespace flywheel::folder
