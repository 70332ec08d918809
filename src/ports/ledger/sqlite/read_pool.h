#pragma once
// SPDX-License-Identifier: Apache-2.0
// Read-only connections to one ledger file, opened as they are needed and kept for the next reader.
// Used by the SQLite ledger; any thread.

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "ports/ledger/sqlite/connection.h"

namespace flywheel::sqlite {

/// Read-only connections, lent to one reader at a time.
class ReadPool {
  public:
    ReadPool(std::filesystem::path path, std::chrono::milliseconds busy_timeout)
        : path_(std::move(path)), busy_timeout_(busy_timeout) {}

    Result<std::unique_ptr<Connection>> take() {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                auto connection = std::move(idle_.back());
                idle_.pop_back();
                return connection;
            }
        }
        return Connection::open(path_, OpenMode::ReadOnly, busy_timeout_);
    }

    void give_back(std::unique_ptr<Connection> connection) {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < kIdleMax) {
            idle_.push_back(std::move(connection));
        }
    }

  private:
    static constexpr std::size_t kIdleMax = 8;

    std::filesystem::path path_;
    std::chrono::milliseconds busy_timeout_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace flywheel::sqlite
