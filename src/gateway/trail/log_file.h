#pragma once
// SPDX-License-Identifier: Apache-2.0
// LogFile: lines appended to a file that is set aside when it is full: NAME becomes NAME.1, that
// NAME.2, and so on; the oldest goes. Or standard output, or a pipe, which are never set aside. One
// thread at a time.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel::trail {

struct LogFilePlan {
    std::filesystem::path path;               ///< "" = standard output.
    std::uint64_t most_bytes = 64ULL << 20U;  ///< Of one file.
    int files = 5;                            ///< Kept, with the one that is written.
};

class LogFile {
  public:
    /// Unavailable when it cannot be written (names it).
    static Result<LogFile> open(LogFilePlan plan);
    LogFile(LogFile&& other) noexcept;
    LogFile& operator=(LogFile&&) = delete;
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    ~LogFile();

    /// Opens the path anew.
    Result<void> reopen();

    /// Appends whole lines; Unavailable when the disk refuses, then the caller still has the lines
    /// from `written` on. A pipe that is full is waited for as long as `patient()`.
    Result<void> append(
        std::string_view lines, std::size_t& written, const std::function<bool()>& patient
    );

  private:
    LogFile(LogFilePlan plan, int fd) : plan_(std::move(plan)), fd_(fd) {}

    void set_aside();
    [[nodiscard]] bool wait_for_room(const std::function<bool()>& patient) const;
    void cut_torn_line(std::string_view lines, std::size_t& written);
    [[nodiscard]] Error refused(std::string_view verb, int number) const;

    LogFilePlan plan_;
    int fd_ = -1;
    bool regular_ = true;
    std::uint64_t bytes_ = 0;
};

}  // namespace flywheel::trail
