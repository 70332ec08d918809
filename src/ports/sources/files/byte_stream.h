#pragma once
// SPDX-License-Identifier: Apache-2.0
// The bytes of a file, unpacked when it is gzip, in a window that grows as its reader asks. Used by
// the readers of this folder; one thread.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct gzFile_s;

namespace flywheel::files {

class ByteStream {
  public:
    /// Opens the file and skips a byte order mark. NotFound, Unavailable; InvalidArgument for
    /// UTF-16.
    static Result<ByteStream> open(const std::filesystem::path& path);

    /// For messages.
    [[nodiscard]] std::string name() const { return path_.filename().string(); }

    /// What was read and not yet dropped.
    [[nodiscard]] std::string_view window() const {
        return std::string_view(buffer_).substr(begin_);
    }

    /// Makes the window longer; false at the end. Views of the window become invalid.
    Result<bool> grow();

    /// Drops bytes from the front of the window.
    void drop(std::size_t bytes) { begin_ += bytes; }

    /// Everything is in the window.
    [[nodiscard]] bool at_end() const { return at_end_; }

    /// The compressed file ended in the middle.
    [[nodiscard]] bool truncated() const { return truncated_; }

  private:
    struct Closer {
        void operator()(gzFile_s* file) const;
    };

    ByteStream(std::filesystem::path path, std::unique_ptr<gzFile_s, Closer> file);

    std::filesystem::path path_;
    std::unique_ptr<gzFile_s, Closer> file_;
    std::string buffer_;
    std::size_t begin_ = 0;
    bool at_end_ = false;
    bool truncated_ = false;
};

}  // namespace flywheel::files
