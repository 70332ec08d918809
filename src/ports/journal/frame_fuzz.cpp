// SPDX-License-Identifier: Apache-2.0
// Bytes of a segment: walked over without a crash, every byte accounted for once, and left as they
// were. Checksums of frames that look right are made right first, or nothing would pass. libFuzzer.

#include "fuzz_input.h"
#include "ports/journal/frame.h"
#include "ports/journal/frame_repair.h"

namespace flywheel {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    testing::FuzzInput input(data, size);
    const bool repair = input.choose(4) != 0;
    std::string bytes(input.rest());
    if (repair) {
        testing::repair_checksums(bytes);
    }
    const std::string before = bytes;
    std::size_t covered = 0;
    std::size_t end = 0;
    const auto scan =
        scan_frames(bytes, 0, [&](std::size_t at, const FrameView& view) -> Result<void> {
            CHECK(at % 8 == 0 && at >= end);
            CHECK(testing::is_within(view.payload, bytes));
            covered += frame_bytes(view.payload.size());
            end = at + frame_bytes(view.payload.size());
            std::string written;
            append_frame(written, {view.kind, std::string(view.payload)}, view.stamp);
            CHECK(frame_at(written, 0)->payload == view.payload);
            return {};
        });
    CHECK(scan && bytes == before && scan->good_end == end);
    CHECK(scan->corrupt_bytes + scan->torn_bytes + covered == bytes.size());
    return 0;
}

}  // namespace flywheel
