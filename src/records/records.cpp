// SPDX-License-Identifier: Apache-2.0
// Each record's codec, compiled here and nowhere else.
#include "records/api_key.h"
#include "records/audit_event.h"
#include "records/correction.h"
#include "records/dataset_version.h"
#include "records/evaluation.h"
#include "records/example.h"
#include "records/incident.h"
#include "records/label_event.h"
#include "records/label_task.h"
#include "records/model_version.h"
#include "records/profile.h"
#include "records/rollout.h"
#include "records/schema.h"
#include "records/training_run.h"
#include "records/turn.h"

namespace flywheel {

template struct RecordCodec<ApiKey>;
template struct RecordCodec<AuditEvent>;
template struct RecordCodec<Correction>;
template struct RecordCodec<DatasetVersion>;
template struct RecordCodec<Evaluation>;
template struct RecordCodec<Example>;
template struct RecordCodec<Incident>;
template struct RecordCodec<LabelEvent>;
template struct RecordCodec<LabelTask>;
template struct RecordCodec<ModelVersion>;
template struct RecordCodec<Profile>;
template struct RecordCodec<Rollout>;
template struct RecordCodec<Schema>;
template struct RecordCodec<TrainingRun>;
template struct RecordCodec<Turn>;
template struct RecordCodec<TurnStep>;
template struct RecordCodec<Decision>;

}  // namespace flywheel
