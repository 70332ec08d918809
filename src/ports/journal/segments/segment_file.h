#pragma once
// SPDX-License-Identifier: Apache-2.0
// The few calls to the file system that the segments need, each with an error that names file and
// reason. Used within this adapter; one SegmentFile, one thread at a time.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel {

/// For tests: asked before each call ("create", "write", "fdatasync", "truncate", "rename"); a
/// number other than 0 is the errno with which the call fails instead.
using DiskFault = std::function<int(std::string_view call)>;

/// A DiskFault's answer to "fdatasync" and "fsync": skip the call, as if it had worked.
inline constexpr int kPretendItWorked = -1;

/// A file open for writing; closed at the end of its life, without a sync.
class SegmentFile {
  public:
    /// A new file; Unavailable when the disk refuses, also when `preallocate` bytes do not fit.
    static Result<SegmentFile> create(
        const std::filesystem::path& path, std::uint64_t preallocate, const DiskFault& fault
    );
    /// An existing file.
    static Result<SegmentFile> open(const std::filesystem::path& path, const DiskFault& fault);

    SegmentFile(SegmentFile&& other) noexcept;
    SegmentFile& operator=(SegmentFile&& other) noexcept;
    SegmentFile(const SegmentFile&) = delete;
    SegmentFile& operator=(const SegmentFile&) = delete;
    ~SegmentFile();

    Result<void> write_at(std::uint64_t offset, std::string_view bytes);
    Result<void> sync();
    /// Also gives back what was preallocated behind `size`.
    Result<void> truncate(std::uint64_t size);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    SegmentFile(int fd, std::filesystem::path path, DiskFault fault);

    int fd_ = -1;
    std::filesystem::path path_;
    DiskFault fault_;
};

/// `size` bytes from `offset`; fewer at the end of the file. NotFound when there is no such file.
Result<std::string> read_bytes(
    const std::filesystem::path& path, std::uint64_t offset, std::uint64_t size
);
/// All of a file.
Result<std::string> read_whole(const std::filesystem::path& path);
/// Rename, then fsync of the folder.
Result<void> rename_durably(
    const std::filesystem::path& from, const std::filesystem::path& to, const DiskFault& fault
);
/// Removes a file if it is there.
Result<void> remove_file(const std::filesystem::path& path);
/// fsync of a folder: names made and removed in it survive a power cut.
Result<void> sync_folder(const std::filesystem::path& folder, const DiskFault& fault);

/// "sentence: path: reason"; tells what to do when the disk is full or may not be written.
Error disk_error(std::string_view sentence, const std::filesystem::path& path, int reason);

}  // namespace flywheel
