// SPDX-License-Identifier: Apache-2.0
// A journal folder with any bytes in it: opened, every frame read, and opened once more with the
// same outcome. The segment's header may be made right, so that what follows it is looked into.
// libFuzzer.

#include <fstream>

#include "fuzz_input.h"
#include "ports/journal/frame_repair.h"
#include "ports/journal/segments/segment_header.h"
#include "ports/journal/segments/segment_journal.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

struct Seen {
    std::vector<std::string> payloads;
    std::uint64_t bad_segments = 0;

    bool operator==(const Seen&) const = default;
};

Seen open_and_read(const std::filesystem::path& folder) {
    SegmentJournal::Plan plan;
    plan.fault = [](std::string_view call) {  // the disk is not what is looked at
        return call == "fdatasync" || call == "fsync" ? kPretendItWorked : 0;
    };
    const auto journal = SegmentJournal::open(folder, std::move(plan));
    CHECK(journal.has_value());
    Seen seen;
    seen.bad_segments = (*journal)->health().bad_segments;
    const auto sealed = (*journal)->sealed();
    for (const auto segment : *sealed) {
        const auto read =
            (*journal)->read(segment, [&](FramePlace place, const Frame& frame) -> Result<void> {
                CHECK((*journal)->read_at(place)->payload == frame.payload);
                seen.payloads.push_back(frame.payload);
                return {};
            });
        CHECK(read.has_value());
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    testing::FuzzInput input(data, size);
    const char* ending = input.choose(2) == 0 ? "open" : "seg";
    const auto help = input.choose(4);
    std::string bytes(input.rest());
    if (help >= 1) {
        testing::repair_checksums(bytes);
    }
    if (help >= 2) {
        bytes.insert(0, encode_header({.segment = 1, .created = {}}));
    }
    const testing::TempFolder folder;
    std::ofstream(folder.path() / segment_name(1, ending), std::ios::binary) << bytes;
    const Seen first = open_and_read(folder.path());
    const Seen again = open_and_read(folder.path());
    CHECK(first == again);
    return 0;
}

}  // namespace flywheel
