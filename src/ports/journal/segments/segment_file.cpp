// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/segments/segment_file.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace flywheel {

namespace {

int injected(const DiskFault& fault, std::string_view call) {
    return fault ? fault(call) : 0;
}

/// An open descriptor that is only read, closed at the end of the block.
class ReadDescriptor {
  public:
    explicit ReadDescriptor(const std::filesystem::path& path)
        : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

    ReadDescriptor(const ReadDescriptor&) = delete;
    ReadDescriptor& operator=(const ReadDescriptor&) = delete;

    ~ReadDescriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

}  // namespace

Error disk_error(std::string_view sentence, const std::filesystem::path& path, int reason) {
    const bool full = reason == ENOSPC || reason == EDQUOT;
    const bool refused = reason == EACCES || reason == EROFS || reason == EPERM;
    const std::string_view advice = full      ? " (the disk is full: free some space)"
                                    : refused ? " (make the folder writable)"
                                              : "";
    return make_error(
        reason == ENOENT ? Code::NotFound : Code::Unavailable,
        fmt::format(
            "{}{}: {}: {}", sentence, advice, path.string(), std::generic_category().message(reason)
        )
    );
}

SegmentFile::SegmentFile(int fd, std::filesystem::path path, DiskFault fault)
    : fd_(fd), path_(std::move(path)), fault_(std::move(fault)) {}

SegmentFile::SegmentFile(SegmentFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      fault_(std::move(other.fault_)) {}

SegmentFile& SegmentFile::operator=(SegmentFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    std::swap(fault_, other.fault_);
    return *this;
}

SegmentFile::~SegmentFile() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

Result<SegmentFile> SegmentFile::create(
    const std::filesystem::path& path, std::uint64_t preallocate, const DiskFault& fault
) {
    if (const int reason = injected(fault, "create"); reason != 0) {
        return disk_error("Cannot create a journal segment", path, reason);
    }
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        return disk_error("Cannot create a journal segment", path, errno);
    }
    SegmentFile file(fd, path, fault);
    const auto bytes = static_cast<off_t>(preallocate);
    if (::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, bytes) != 0 && errno == ENOSPC) {
        // Other refusals (EOPNOTSUPP) only mean that this file system cannot preallocate.
        ::unlink(path.c_str());
        return disk_error("Cannot reserve space for a journal segment", path, ENOSPC);
    }
    return file;
}

Result<SegmentFile> SegmentFile::open(const std::filesystem::path& path, const DiskFault& fault) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return disk_error("Cannot open a journal segment", path, errno);
    }
    return SegmentFile(fd, path, fault);
}

Result<void> SegmentFile::write_at(std::uint64_t offset, std::string_view bytes) {
    if (const int reason = injected(fault_, "write"); reason != 0) {
        // As a disk does that fills up: half of it is there.
        const auto half = ::pwrite(fd_, bytes.data(), bytes.size() / 2, static_cast<off_t>(offset));
        static_cast<void>(half);
        return disk_error("Cannot write to the journal", path_, reason);
    }
    while (!bytes.empty()) {
        const auto written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return disk_error("Cannot write to the journal", path_, written < 0 ? errno : ENOSPC);
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return {};
}

Result<void> SegmentFile::sync() {
    if (const int reason = injected(fault_, "fdatasync"); reason != 0) {
        if (reason == kPretendItWorked) {
            return {};
        }
        return disk_error("Cannot sync the journal", path_, reason);
    }
    if (::fdatasync(fd_) != 0) {
        return disk_error("Cannot sync the journal", path_, errno);
    }
    return {};
}

Result<void> SegmentFile::truncate(std::uint64_t size) {
    if (const int reason = injected(fault_, "truncate"); reason != 0) {
        return disk_error("Cannot cut a journal segment", path_, reason);
    }
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
        return disk_error("Cannot cut a journal segment", path_, errno);
    }
    return {};
}

Result<std::string> read_bytes(
    const std::filesystem::path& path, std::uint64_t offset, std::uint64_t size
) {
    const ReadDescriptor file(path);
    if (file.get() < 0) {
        return disk_error("Cannot read the journal", path, errno);
    }
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const auto got = ::pread(
            file.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(offset + have)
        );
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return disk_error("Cannot read the journal", path, errno);
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

Result<std::string> read_whole(const std::filesystem::path& path) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(path, failed);
    if (failed) {
        return disk_error("Cannot read the journal", path, failed.value());
    }
    return read_bytes(path, 0, size);
}

Result<void> rename_durably(
    const std::filesystem::path& from, const std::filesystem::path& to, const DiskFault& fault
) {
    if (const int reason = injected(fault, "rename"); reason != 0) {
        return disk_error("Cannot rename a journal segment", from, reason);
    }
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return disk_error("Cannot rename a journal segment", from, errno);
    }
    return sync_folder(to.parent_path(), fault);
}

Result<void> remove_file(const std::filesystem::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return disk_error("Cannot delete a journal file", path, errno);
    }
    return {};
}

Result<void> sync_folder(const std::filesystem::path& folder, const DiskFault& fault) {
    if (const int reason = injected(fault, "fsync"); reason != 0) {
        if (reason == kPretendItWorked) {
            return {};
        }
        return disk_error("Cannot sync the journal folder", folder, reason);
    }
    const ReadDescriptor opened(folder);
    if (opened.get() < 0 || ::fsync(opened.get()) != 0) {
        return disk_error("Cannot sync the journal folder", folder, errno);
    }
    return {};
}

}  // namespace flywheel
