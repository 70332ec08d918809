#pragma once
// SPDX-License-Identifier: Apache-2.0
// The tables of the ledger, as numbered steps that are never edited once released. Run by the
// SQLite ledger when it opens.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace flywheel::sqlite {

class Connection;

struct Migration {
    std::int64_t number;    ///< 1, 2, 3, ... without gaps.
    std::string_view name;  ///< "records"
    std::string_view sql;
};

/// All of them, oldest first.
[[nodiscard]] std::span<const Migration> migrations();

/// Runs what is missing, each in a transaction of its own. Safe when two processes do it at once.
Result<void> migrate(Connection& connection);

/// Their texts.
extern const std::string_view kMigration0001Records;
extern const std::string_view kMigration0002ApiKeys;
extern const std::string_view kMigration0005Operations;
extern const std::string_view kMigration0004RolloutEvents;
extern const std::string_view kMigration0006SecondAnswers;

}  // namespace flywheel::sqlite
