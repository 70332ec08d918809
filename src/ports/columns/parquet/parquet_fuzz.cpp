// SPDX-License-Identifier: Apache-2.0
// A file that says it is Parquet: its rows come out, or Corrupt does; and the list of a segment's
// files. Arrow's own code is not followed, so the corpus does the work. libFuzzer.

#include <fstream>

#include "fuzz_input.h"
#include "ports/columns/parquet/column_batch.h"
#include "ports/columns/parquet/parquet_file.h"
#include "ports/columns/parquet/partition.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

void read_as_predictions(const std::filesystem::path& path, RowParts parts) {
    const auto read = read_parquet(
        path,
        {"time", kAllTimes, columns_of(parts)},
        [&](const arrow::RecordBatch& batch) {
            return decode_predictions(batch, {"m", kAllTimes, parts}, [](const Prediction&) {
                return Result<void>();
            });
        }
    );
    CHECK(read || read.error().code == Code::Corrupt);
}

void read_as_feedback(const std::filesystem::path& path) {
    const auto read =
        read_parquet(path, {"arrived", kAllTimes, {}}, [](const arrow::RecordBatch& batch) {
            return decode_feedback(batch, {"m", kAllTimes}, [](const Feedback&) {
                return Result<void>();
            });
        });
    CHECK(read || read.error().code == Code::Corrupt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const testing::TempFolder folder;
    testing::FuzzInput input(data, size);
    const auto kind = input.choose(4);
    if (kind == 3) {
        if (const auto unit = decode_list(input.rest())) {
            CHECK(decode_list(encode_list(*unit)).has_value());
        }
        return 0;
    }
    const auto path = folder.path() / "a.parquet";
    std::ofstream(path, std::ios::binary) << input.rest();
    if (kind == 2) {
        read_as_feedback(path);
    } else {
        read_as_predictions(path, kind == 0 ? RowParts::Whole : RowParts::Light);
    }
    return 0;
}

}  // namespace flywheel
