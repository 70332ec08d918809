// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/payload_batch.h"

#include "ports/columns/parquet/column_cells.h"
#include "ports/columns/parquet/column_views.h"

namespace flywheel {

using cells::BatchBuilder;

StoredPayload stored_payload(const Payload& payload) {
    StoredPayload stored{
        .payload =
            {.digest = payload.digest,
             .model = payload.model,
             .media_type = payload.media_type,
             .bytes = {},
             .first_seen = payload.first_seen},
        .size = static_cast<std::int64_t>(payload.bytes.size())
    };
    if (!stored.stands_beside()) {
        stored.payload.bytes = payload.bytes;
    }
    return stored;
}

std::shared_ptr<arrow::Schema> payload_schema() {
    const auto field = [](const char* name, const std::shared_ptr<arrow::DataType>& type) {
        return arrow::field(name, type, false);
    };
    return arrow::schema(
        {field("digest", arrow::fixed_size_binary(32)),
         field("media_type", arrow::utf8()),
         field("size", arrow::int64()),
         field("bytes", arrow::binary()),
         field("first_seen", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))}
    );
}

Result<std::shared_ptr<arrow::RecordBatch>> encode_payloads(
    std::span<const StoredPayload* const> rows
) {
    BatchBuilder<StoredPayload> out(rows, payload_schema());
    TRY(out.fixed(32, [](const StoredPayload& p) { return cells::view(p.payload.digest); }));
    TRY(out.texts([](const StoredPayload& p) -> const auto& { return p.payload.media_type; }));
    TRY(out.numbers<arrow::Int64Builder>([](const StoredPayload& p) { return p.size; }));
    TRY(out.bytes([](const StoredPayload& p) -> const auto& { return p.payload.bytes; }));
    TRY(out.numbers<arrow::TimestampBuilder>([](const StoredPayload& p) {
        return micros(p.payload.first_seen);
    }));
    return out.batch();
}

Result<void> decode_payloads(
    const arrow::RecordBatch& batch,
    const std::function<bool(const Digest&)>& wants,
    const std::function<Result<void>(StoredPayload&&)>& visit
) {
    const auto digests = TRY(cells::fixed_column(batch, "digest", 32));
    const auto media_types = TRY(cells::column<arrow::StringArray>(batch, "media_type"));
    const auto sizes = TRY(cells::column<arrow::Int64Array>(batch, "size"));
    const auto bytes = TRY(cells::column<arrow::BinaryArray>(batch, "bytes"));
    const auto times = TRY(cells::column<arrow::TimestampArray>(batch, "first_seen"));
    for (std::int64_t at = 0; at < batch.num_rows(); ++at) {
        StoredPayload stored;
        cells::copy_fixed(*digests, at, stored.payload.digest.bytes);
        if (!wants(stored.payload.digest)) {
            continue;
        }
        stored.size = sizes->Value(at);
        stored.payload.media_type = media_types->GetView(at);
        stored.payload.bytes = bytes->GetView(at);
        stored.payload.first_seen = cells::time_at(*times, at);
        if (stored.size < 0 || (!stored.stands_beside() && static_cast<std::size_t>(stored.size) !=
                                                               stored.payload.bytes.size())) {
            return corrupt("Payload has another size than its row says");
        }
        TRY(visit(std::move(stored)));
    }
    return {};
}

}  // namespace flywheel
