// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/migrations.h"

namespace flywheel::sqlite {

// 0004_rollout_events.sql: a row of rollout becomes one event of a Rollout. Each move so far was a
// Rollout of one event; a move back belongs to the newest move to the version it took back.
// Released: never edit.
const std::string_view kMigration0004RolloutEvents = R"sql(
alter table rollout add column rollout text not null default '';
alter table rollout add column step integer not null default 0;
alter table rollout add column share real not null default 1.0;
alter table rollout add column signature_change integer not null default 0;
update rollout set
  rollout = case state when 'done' then id else coalesce(
    (select earlier.id from rollout as earlier
     where earlier.model = rollout.model and earlier.seq < rollout.seq and earlier.state = 'done'
       and earlier.to_version = rollout.from_version
     order by earlier.seq desc limit 1), id) end,
  step = case state when 'done' then 0 else 1 end;
)sql";

}  // namespace flywheel::sqlite
