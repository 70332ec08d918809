// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/payload_files.h"

#include <fstream>
#include <iterator>

#include <arrow/record_batch.h>

#include "ports/columns/parquet/parquet_file.h"
#include "ports/columns/parquet/payload_batch.h"

namespace flywheel {

namespace {

namespace fs = std::filesystem;

}  // namespace

Result<std::string> read_whole_file(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    if (!stream) {
        return corrupt("File of captured rows cannot be read: " + path.string());
    }
    return bytes;
}

Result<std::vector<PartitionFile>> write_large_payloads(
    const fs::path& folder, std::uint64_t segment, const std::vector<Payload>& payloads
) {
    std::vector<PartitionFile> files;
    for (const Payload& payload : payloads) {
        if (payload.bytes.size() <= Payload::kInTableBytesMax) {
            continue;
        }
        const auto table =
            partition_path(kPayloadTable, payload.model, payload.first_seen, unit_name({segment}));
        PartitionFile file{
            .path = payload_path(table, payload.digest),
            .table = std::string(kPayloadFile),
            .model = payload.model,
            .rows = 1,
            .bytes = payload.bytes.size(),
            .begin = payload.first_seen,
            .end = payload.first_seen,
        };
        TRY(write_small_file(folder / file.path, payload.bytes));
        files.push_back(std::move(file));
    }
    return files;
}

Result<LargePayloads> large_payloads_in(const std::vector<PartitionFile>& files) {
    LargePayloads found;
    for (const auto& file : files) {
        if (file.table == kPayloadFile) {
            found.emplace(TRY(digest_in_path(file.path)), file.path);
        }
    }
    return found;
}

Result<void> read_payload_table(
    const fs::path& folder,
    const PartitionFile& file,
    const LargePayloads& large,
    const std::function<bool(const Digest&)>& wants,
    const std::function<Result<void>(Payload&&)>& visit
) {
    const ParquetCut cut{"first_seen", {Time::min(), Time::max()}, {}};
    return read_parquet(folder / file.path, cut, [&](const arrow::RecordBatch& batch) {
        return decode_payloads(batch, wants, [&](StoredPayload&& stored) -> Result<void> {
            Payload& payload = stored.payload;
            payload.model = file.model;
            if (stored.stands_beside()) {
                const auto found = large.find(payload.digest);
                if (found == large.end()) {
                    return corrupt("No file has a large payload: " + payload.digest.hex());
                }
                const fs::path beside = folder / found->second;
                payload.bytes = TRY(read_whole_file(beside));
                if (sha256(payload.bytes) != payload.digest) {
                    return corrupt("Payload does not match its digest: " + beside.string());
                }
            }
            return visit(std::move(payload));
        });
    });
}

}  // namespace flywheel
