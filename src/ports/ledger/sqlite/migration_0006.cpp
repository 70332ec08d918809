// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/migrations.h"

namespace flywheel::sqlite {

// 0006_label_values.sql: answers of kinds other than `choice`, and second answers. Released: never
// edit, add the next.
const std::string_view kMigration0006LabelValues = R"sql(
alter table label_event add column value text not null default '';
alter table label_event add column blind integer not null default 0;
alter table label_event add column blind_probability real;
alter table label_event add column gold integer not null default 0;
alter table label_event add column suggestion text;
alter table label_event add column suggested integer;
alter table label_event add column suggested_probability real;
)sql";

}  // namespace flywheel::sqlite
