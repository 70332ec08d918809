#pragma once
// SPDX-License-Identifier: Apache-2.0
// The columns that predictions have since format 3 (docs/internals/formats.md, 4). Used by
// column_batch.cpp only.

#include <memory>

#include "ports/columns/parquet/column_cells.h"
#include "ports/columns/parquet/column_views.h"
#include "records/prediction.h"

namespace flywheel::cells {

/// All or none of them are in a batch.
struct ThirdColumns {
    std::shared_ptr<arrow::StringArray> media_type, key_name, engine;
    std::shared_ptr<arrow::Int64Array> payload_bytes;
    std::shared_ptr<arrow::Int32Array> attempt;
    std::shared_ptr<arrow::FixedSizeBinaryArray> instance, rollout;
    ListColumn<arrow::Int32Array> score_classes;
    std::shared_ptr<arrow::BinaryArray> outputs;

    [[nodiscard]] bool here() const { return media_type != nullptr; }

    Result<void> find(const arrow::RecordBatch& batch) {
        if (!batch.GetColumnByName("media_type") && !batch.GetColumnByName("outputs")) {
            return {};
        }
        media_type = TRY(column<arrow::StringArray>(batch, "media_type"));
        payload_bytes = TRY(column<arrow::Int64Array>(batch, "payload_bytes"));
        attempt = TRY(column<arrow::Int32Array>(batch, "attempt"));
        instance = TRY(fixed_column(batch, "instance", 16));
        rollout = TRY(fixed_column(batch, "rollout", 16));
        key_name = TRY(column<arrow::StringArray>(batch, "key_name"));
        engine = TRY(column<arrow::StringArray>(batch, "engine"));
        score_classes = TRY(list_column<arrow::Int32Array>(batch, "score_classes"));
        outputs = TRY(column<arrow::BinaryArray>(batch, "outputs"));
        return {};
    }

    void copy(std::int64_t at, Prediction& row) const {
        if (!here()) {
            row.payload_bytes = row.payload.size();
            return;
        }
        row.media_type.assign(media_type->GetView(at));
        row.payload_bytes = static_cast<std::uint64_t>(payload_bytes->Value(at));
        row.attempt = static_cast<std::uint32_t>(attempt->Value(at));
        copy_fixed(*instance, at, row.instance.bytes);
        copy_fixed(*rollout, at, row.rollout.uuid.bytes);
        row.key_name.assign(key_name->GetView(at));
        row.engine.assign(engine->GetView(at));
        score_classes.copy(at, row.score_classes);
        row.outputs.assign(outputs->GetView(at));
    }

    static Result<void> append(BatchBuilder<Prediction>& out) {
        TRY(out.texts([](const Prediction& r) -> const auto& { return r.media_type; }));
        TRY(out.numbers<arrow::Int64Builder>([](const Prediction& r) {
            return static_cast<std::int64_t>(r.payload_bytes);
        }));
        TRY(out.numbers<arrow::Int32Builder>([](const Prediction& r) {
            return static_cast<std::int32_t>(r.attempt);
        }));
        TRY(out.fixed(16, [](const Prediction& r) { return view(r.instance); }));
        TRY(out.fixed(16, [](const Prediction& r) { return view(r.rollout.uuid); }));
        TRY(out.texts([](const Prediction& r) -> const auto& { return r.key_name; }));
        TRY(out.texts([](const Prediction& r) -> const auto& { return r.engine; }));
        TRY(out.lists<arrow::Int32Builder>([](const Prediction& r) -> const auto& {
            return r.score_classes;
        }));
        return out.bytes([](const Prediction& r) -> const auto& { return r.outputs; });
    }
};

}  // namespace flywheel::cells
