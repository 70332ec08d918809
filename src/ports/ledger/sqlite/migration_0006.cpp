// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/migrations.h"

namespace flywheel::sqlite {

// 0006_label_values.sql: answers of kinds other than `choice`. Released: never edit, add the next.
const std::string_view kMigration0006LabelValues = R"sql(
alter table label_event add column value text not null default '';
)sql";

}  // namespace flywheel::sqlite
