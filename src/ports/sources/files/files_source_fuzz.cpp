// SPDX-License-Identifier: Apache-2.0
// Files that are imported: JSON lines, CSV, TSV, each also compressed. Rows come out in valid
// UTF-8, or are refused with their line. libFuzzer.

#include <array>
#include <fstream>

#include "base/text.h"
#include "fuzz_input.h"
#include "ports/sources/files/files_source.h"
#include "temp_folder.h"

namespace flywheel {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array kNames = {"a.jsonl", "a.csv", "a.tsv", "a.csv.gz", "a.jsonl.gz", "a"};
    static const testing::TempFolder folder;
    testing::FuzzInput input(data, size);
    const auto path = folder.path() / kNames.at(input.choose(kNames.size()));
    std::ofstream(path, std::ios::binary) << input.rest();
    const auto source = files::open(path);
    if (!source) {
        return 0;  // nothing like rows: told before they are read
    }
    std::int64_t rows = 0;
    const auto read = (*source)->read([&](SourceRow&& row) -> Result<void> {
        ++rows;
        CHECK(row.line >= 1 && check_utf8(row.text) && check_utf8(row.label));
        CHECK(check_utf8(row.id) && row.text.size() <= files::kTextBytesMax);
        return {};
    });
    if (read) {
        CHECK(read->rows == rows && read->first_rejections.size() <= 100);
    }
    return 0;
}

}  // namespace flywheel
