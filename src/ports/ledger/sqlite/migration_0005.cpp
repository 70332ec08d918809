// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/migrations.h"

namespace flywheel::sqlite {

// 0005_operations.sql. Released: never edit, add the next.
const std::string_view kMigration0005Operations = R"sql(
alter table api_key add column last_used integer;

create table audit (
  id text not null primary key,
  seq integer not null,
  chain text not null,
  time integer not null,
  who text not null,
  source text not null,
  act text not null,
  about text not null,
  detail text not null,
  outcome integer not null,
  reason text not null,
  count integer not null
) strict;
create unique index audit_by_seq on audit (seq);
create index audit_by_act on audit (act, seq);

create trigger audit_is_never_updated before update on audit
begin select raise(abort, 'audit events are never changed'); end;
create trigger audit_is_never_deleted before delete on audit
begin select raise(abort, 'audit events are never deleted'); end;
)sql";

}  // namespace flywheel::sqlite
