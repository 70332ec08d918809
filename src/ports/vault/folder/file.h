#pragma once
// SPDX-License-Identifier: Apache-2.0
// A file descriptor that closes itself, and POSIX calls that give errors with a sentence for
// people. Used by the folder vault and the directory lock; one thread a File.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel::folder {

class File {
  public:
    explicit File(int descriptor) : descriptor_(descriptor) {}

    File(File&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }

    File& operator=(File&&) = delete;
    ~File();

    /// open(2); `flags` as there, O_CLOEXEC is added. NotFound when it is not there.
    static Result<File> open(const std::filesystem::path& path, int flags, unsigned mode = 0600);

    Result<void> write_all(std::string_view bytes, const std::filesystem::path& path) const;
    Result<std::string> read_all(const std::filesystem::path& path) const;
    /// fsync(2): durable when it returns.
    Result<void> sync(const std::filesystem::path& path) const;

    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

/// "The disk is full; free some space: <doing> <path>: No space left on device", with its code:
/// NotFound for ENOENT, else Unavailable.
[[nodiscard]] Error error_of(int number, std::string_view doing, const std::filesystem::path& path);

/// Makes new names in a folder durable.
Result<void> sync_folder(const std::filesystem::path& path);

/// Makes a folder whose parent exists, durably; no effect when it is there.
Result<void> make_folder(const std::filesystem::path& path);

}  // namespace flywheel::folder
