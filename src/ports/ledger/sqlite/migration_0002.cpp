// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/migrations.h"

namespace flywheel::sqlite {

// 0002_api_keys.sql. Released: never edit, add 0003.
const std::string_view kMigration0002ApiKeys = R"sql(
create table api_key (
  id text not null primary key,
  name text not null,
  digest text not null unique,
  roles text not null,
  rate real not null,
  burst real not null,
  created integer not null,
  expires integer,
  revoked integer
) strict;
create unique index api_key_by_name on api_key (name) where revoked is null;
)sql";

}  // namespace flywheel::sqlite
