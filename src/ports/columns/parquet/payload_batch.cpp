// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/payload_batch.h"

#include "ports/columns/parquet/column_cells.h"

namespace flywheel {

namespace {

using cells::BatchBuilder;

std::string_view bytes_in_table(const Payload& payload) {
    const bool beside = payload.bytes.size() > Payload::kInTableBytesMax;
    return beside ? std::string_view("") : std::string_view(payload.bytes);
}

}  // namespace

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

Result<std::shared_ptr<arrow::RecordBatch>> encode_payloads(std::span<const Payload* const> rows) {
    BatchBuilder<Payload> out(rows, payload_schema());
    TRY(out.fixed(32, [](const Payload& p) { return cells::view(p.digest); }));
    TRY(out.texts([](const Payload& p) -> const auto& { return p.media_type; }));
    TRY(out.numbers<arrow::Int64Builder>([](const Payload& p) {
        return static_cast<std::int64_t>(p.bytes.size());
    }));
    TRY(out.texts<arrow::BinaryBuilder>(bytes_in_table));
    TRY(out.numbers<arrow::TimestampBuilder>([](const Payload& p) { return micros(p.first_seen); })
    );
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
