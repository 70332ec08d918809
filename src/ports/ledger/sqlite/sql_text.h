#pragma once
// SPDX-License-Identifier: Apache-2.0
// The few statements of the ledger as SQL text, made from tables and filters. Parameters are
// numbered in the order of the columns or terms. Pure functions, any thread.

#include <string>

#include "ports/ledger/ledger.h"

namespace flywheel::sqlite {

/// ?1 ... ?n are the columns. Does nothing when the key is there already.
[[nodiscard]] std::string insert_sql(const Table& table);
/// ?1 is the key, ?2 ... ?n the other columns.
[[nodiscard]] std::string update_sql(const Table& table);
/// The row with key ?1.
[[nodiscard]] std::string find_sql(const Table& table);
/// Matching rows in order; parameters as bound_terms() says, then the limit when there is one.
[[nodiscard]] std::string select_sql(const Table& table, const Filter& filter);
/// Number of matching rows, same parameters.
[[nodiscard]] std::string count_sql(const Table& table, const Filter& filter);

/// True when the term takes a parameter; tests for null take none.
[[nodiscard]] bool takes_parameter(const Term& term);

}  // namespace flywheel::sqlite
