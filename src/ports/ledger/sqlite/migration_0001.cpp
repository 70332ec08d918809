// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/sqlite/migrations.h"

namespace flywheel::sqlite {

// 0001_records.sql: one table a record, columns as the record names them. Times are microseconds
// since 1970, digests and ids text, lists JSON text. Released: never edit, add 0002.
const std::string_view kMigration0001Records = R"sql(
create table schema (
  id text not null primary key,
  model text not null,
  version integer not null,
  kind text not null,
  labels text not null,
  created integer not null
) strict;
create unique index schema_by_version on schema (model, version);

create table example (
  id text not null primary key,
  model text not null,
  payload text not null,
  group_id text not null,
  multiplicity integer not null,
  origin text not null,
  licence text not null,
  first_seen integer not null,
  last_seen integer not null
) strict;
create index example_by_group on example (model, group_id);
create index example_by_time on example (model, last_seen);

create table label_task (
  id text not null primary key,
  model text not null,
  item text not null,
  group_id text not null,
  prediction text not null,
  turn text not null,
  arm text not null,
  strategy text not null,
  probability real,
  holdout integer not null,
  rank integer not null,
  window_begin integer not null,
  window_end integer not null,
  suggested integer not null,
  suggested_probability real not null,
  created integer not null
) strict;
create index label_task_by_rank on label_task (turn, rank);
create index label_task_by_window on label_task (model, arm, window_end);
create index label_task_by_item on label_task (model, item);

create table label_event (
  id text not null primary key,
  seq integer not null,
  chain text not null,
  model text not null,
  schema_version integer not null,
  item text not null,
  task text,
  actor_kind text not null,
  actor text not null,
  action text not null,
  choice integer,
  reason text not null,
  target text,
  arm text,
  probability real,
  holdout integer not null,
  t_shown integer not null,
  t_saved integer not null,
  received integer not null
) strict;
create unique index label_event_by_seq on label_event (model, seq);
create index label_event_by_item on label_event (model, item);
create index label_event_by_task on label_event (task) where task is not null;

create table dataset_version (
  id text not null primary key,
  model text not null,
  parent text,
  rows_digest text not null,
  schema_version integer not null,
  label_seq integer not null,
  rows integer not null,
  counts text not null,
  consensus text not null,
  author text not null,
  message text not null,
  created integer not null
) strict;
create index dataset_version_by_time on dataset_version (model, created);

create table training_run (
  id text not null primary key,
  model text not null,
  turn text,
  kind text not null,
  dataset text not null,
  engine text not null,
  settings text not null,
  seed integer not null,
  trial integer not null,
  rung integer not null,
  loss real,
  metrics text not null,
  weights text,
  cpu_seconds real not null,
  peak_rss_bytes integer not null,
  error text not null,
  created integer not null
) strict;
create index training_run_by_time on training_run (model, created);
create index training_run_by_turn on training_run (turn);

create table model_version (
  id text not null primary key,
  model text not null,
  number integer not null,
  run text not null,
  dataset text not null,
  engine text not null,
  artefact text not null,
  card text not null,
  labels text not null,
  prior text not null,
  bytes integer not null,
  verification text not null,
  created integer not null
) strict;
create unique index model_version_by_number on model_version (model, number);
create index model_version_by_run on model_version (run);

create table evaluation (
  id text not null primary key,
  model text not null,
  turn text,
  challenger text not null,
  champion text,
  dataset text not null,
  n integer not null,
  both_right integer not null,
  only_challenger integer not null,
  only_champion integer not null,
  p_better real not null,
  p_worse real not null,
  delta_lower real not null,
  challenger_log_loss real not null,
  champion_log_loss real not null,
  per_class text not null,
  verdict text not null,
  reason text not null,
  created integer not null
) strict;
create index evaluation_by_time on evaluation (model, created);
create index evaluation_by_challenger on evaluation (challenger);

create table correction (
  id text not null primary key,
  model text not null,
  version integer not null,
  trained_prior text not null,
  current_prior text not null,
  rows integer not null,
  enabled integer not null,
  objective text not null,
  audited integer not null,
  only_corrected integer not null,
  only_plain integer not null,
  reason text not null,
  created integer not null
) strict;
create index correction_by_version on correction (model, version, created);

create table rollout (
  id text not null primary key,
  model text not null,
  seq integer not null,
  turn text,
  evaluation text,
  from_version integer not null,
  to_version integer not null,
  state text not null,
  who text not null,
  reason text not null,
  created integer not null
) strict;
create unique index rollout_by_seq on rollout (model, seq);

create table profile (
  id text not null primary key,
  model text not null,
  version integer not null,
  window_begin integer not null,
  window_end integer not null,
  rows integer not null,
  reference integer not null,
  content text not null,
  class_p real not null,
  class_effect real not null,
  embedding_p real not null,
  embedding_effect real not null,
  evidence real not null,
  created integer not null
) strict;
create index profile_by_window on profile (model, version, window_end);

create table incident (
  id text not null primary key,
  model text not null,
  version integer not null,
  state text not null,
  opened integer not null,
  closed integer,
  budget_days real not null,
  evidence real not null,
  families text not null,
  sentence text not null,
  numbers text not null
) strict;
create index incident_by_state on incident (model, state, opened);

create table turn (
  id text not null primary key,
  model text not null,
  number integer not null,
  trigger_name text not null,
  window_begin integer not null,
  window_end integer not null,
  state text not null,
  step text not null,
  verdict text not null,
  seed integer not null,
  summary text not null,
  error text not null,
  created integer not null,
  ended integer
) strict;
create unique index turn_by_number on turn (model, number);
create index turn_by_state on turn (model, state);

create table turn_step (
  id text not null primary key,
  turn text not null,
  name text not null,
  output text not null,
  created integer not null
) strict;
create index turn_step_by_turn on turn_step (turn);

create table decision (
  id text not null primary key,
  model text not null,
  turn text,
  kind text not null,
  inputs text not null,
  thresholds text not null,
  numbers text not null,
  verdict text not null,
  who text not null,
  created integer not null
) strict;
create index decision_by_time on decision (model, created);
create index decision_by_turn on decision (turn);

create trigger label_event_is_never_updated before update on label_event
begin select raise(abort, 'label events are never changed'); end;
create trigger label_event_is_never_deleted before delete on label_event
begin select raise(abort, 'label events are never deleted'); end;
)sql";

}  // namespace flywheel::sqlite
