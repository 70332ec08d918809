// SPDX-License-Identifier: Apache-2.0
#include "gateway/trail/log_file.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace flywheel::trail {

namespace {

constexpr std::size_t kPipePiece = 4096;  // what a pipe that is not full always takes: PIPE_BUF
constexpr int kPatienceMs = 50;

int open_file(const std::filesystem::path& path) {
    return path.empty() ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                        : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

}  // namespace

Result<LogFile> LogFile::open(LogFilePlan plan) {
    std::error_code ignored;
    if (!plan.path.empty()) {
        std::filesystem::create_directories(plan.path.parent_path(), ignored);
    }
    LogFile file(std::move(plan), -1);
    TRY(file.reopen());
    return file;
}

LogFile::LogFile(LogFile&& other) noexcept
    : plan_(std::move(other.plan_)),
      fd_(std::exchange(other.fd_, -1)),
      regular_(other.regular_),
      bytes_(other.bytes_) {}

LogFile::~LogFile() {
    if (fd_ != -1) {
        ::close(fd_);
    }
}

Error LogFile::refused(std::string_view verb, int number) const {
    return make_error(
        Code::Unavailable,
        fmt::format(
            "Cannot {} the log; check its folder and the disk: {}: {}",
            verb,
            plan_.path.empty() ? std::string("standard output") : plan_.path.string(),
            std::generic_category().message(number)
        )
    );
}

Result<void> LogFile::reopen() {
    const int fd = open_file(plan_.path);
    if (fd == -1) {
        return refused("open", errno);
    }
    if (fd_ != -1) {
        ::close(fd_);
    }
    fd_ = fd;
    struct stat seen{};
    ::fstat(fd_, &seen);
    regular_ = S_ISREG(seen.st_mode);
    bytes_ = regular_ ? static_cast<std::uint64_t>(seen.st_size) : 0;
    return {};
}

/// Standard output that was sent into a file stays one file: its name is not known here.
void LogFile::set_aside() {
    std::error_code ignored;
    const auto name = [this](int number) {
        return number == 0
                   ? plan_.path
                   : std::filesystem::path(fmt::format("{}.{}", plan_.path.string(), number));
    };
    for (int number = std::max(1, plan_.files - 1); number > 0; --number) {
        std::filesystem::rename(name(number - 1), name(number), ignored);
    }
    if (plan_.files <= 1) {
        std::filesystem::remove(name(1), ignored);
    }
}

/// A pipe that somebody reads slowly is waited for; files and devices are not asked.
bool LogFile::wait_for_room(const std::function<bool()>& patient) const {
    pollfd ready{fd_, POLLOUT, 0};
    while (!regular_ && ::poll(&ready, 1, kPatienceMs) == 0) {
        if (!patient()) {
            return false;
        }
    }
    return true;
}

/// A full disk may have taken half a line: the next one must not be glued to it.
void LogFile::cut_torn_line(std::string_view lines, std::size_t& written) {
    const std::size_t end = lines.substr(0, written).rfind('\n');
    const std::size_t whole = end == std::string_view::npos ? 0 : end + 1;
    const std::uint64_t kept = bytes_ - (written - whole);
    if (regular_ && whole < written && ::ftruncate(fd_, static_cast<off_t>(kept)) == 0) {
        bytes_ = kept;
    }
    written = whole;
}

Result<void> LogFile::append(
    std::string_view lines, std::size_t& written, const std::function<bool()>& patient
) {
    written = 0;
    if (regular_ && !plan_.path.empty() && bytes_ > 0 && bytes_ + lines.size() > plan_.most_bytes) {
        set_aside();
        TRY(reopen());
    }
    while (written < lines.size()) {
        if (!wait_for_room(patient)) {
            return refused("write", EAGAIN);
        }
        const std::size_t left = lines.size() - written;
        const ssize_t wrote =
            ::write(fd_, lines.data() + written, regular_ ? left : std::min(left, kPipePiece));
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            const int why = wrote == 0 ? ENOSPC : errno;
            cut_torn_line(lines, written);
            return refused("write", why);
        }
        written += static_cast<std::size_t>(wrote);
        bytes_ += static_cast<std::uint64_t>(wrote);
    }
    return {};
}

}  // namespace flywheel::trail
