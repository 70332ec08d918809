// SPDX-License-Identifier: Apache-2.0
#include "ports/sources/files/byte_stream.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <zlib.h>

namespace flywheel::files {

namespace {

constexpr std::size_t kReadBytes = 1U << 18U;
constexpr std::size_t kReadBytesMax = 1U << 24U;

Error cannot_read(const std::filesystem::path& path, int number) {
    return make_error(
        number == ENOENT ? Code::NotFound : Code::Unavailable,
        fmt::format(
            "The file cannot be read: {}: {}",
            path.string(),
            std::generic_category().message(number)
        )
    );
}

}  // namespace

void ByteStream::Closer::operator()(gzFile_s* file) const {
    gzclose(file);
}

ByteStream::ByteStream(std::filesystem::path path, std::unique_ptr<gzFile_s, Closer> file)
    : path_(std::move(path)), file_(std::move(file)) {}

Result<ByteStream> ByteStream::open(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path)) {
        return invalid_argument("Expected a file, got a folder: " + path.string());
    }
    errno = 0;
    std::unique_ptr<gzFile_s, Closer> file(gzopen(path.c_str(), "rbe"));
    if (!file) {
        return cannot_read(path, errno == 0 ? ENOMEM : errno);
    }
    gzbuffer(file.get(), kReadBytes);
    ByteStream stream(path, std::move(file));
    TRY(stream.grow());
    const auto first = stream.window();
    if (first.starts_with("\xEF\xBB\xBF")) {
        stream.drop(3);
    }
    if (first.starts_with("\xFF\xFE") || first.starts_with("\xFE\xFF")) {
        return invalid_argument("The file is UTF-16; convert it to UTF-8: " + path.string());
    }
    return stream;
}

Result<bool> ByteStream::grow() {
    if (at_end_) {
        return false;
    }
    buffer_.erase(0, begin_);
    begin_ = 0;
    // Doubling keeps the work of a reader that starts again with each window linear.
    const auto wanted = std::clamp(buffer_.size(), kReadBytes, kReadBytesMax);
    const auto kept = buffer_.size();
    buffer_.resize(kept + wanted);
    const int got = gzread(file_.get(), buffer_.data() + kept, static_cast<unsigned>(wanted));
    buffer_.resize(kept + static_cast<std::size_t>(std::max(got, 0)));
    int state = Z_OK;
    const char* what = gzerror(file_.get(), &state);
    if (state == Z_ERRNO) {
        return cannot_read(path_, errno);
    }
    if (state != Z_OK && state != Z_BUF_ERROR && state != Z_STREAM_END) {
        return corrupt(fmt::format(
            "The compressed file is damaged; fetch it again: {}: {}", path_.string(), what
        ));
    }
    truncated_ = state == Z_BUF_ERROR;
    at_end_ = got < static_cast<int>(wanted);
    return got > 0;
}

}  // namespace flywheel::files
