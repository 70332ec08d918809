// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/segments/recovery.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/hash.h"
#include "ports/journal/frame.h"
#include "ports/journal/segments/segment_header.h"
#include "ports/journal/segments/segment_journal.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

namespace fs = std::filesystem;
using Payloads = std::vector<std::string>;

void write_file(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// A segment that was being written when the process died.
std::string open_segment_bytes(const Payloads& payloads) {
    std::string bytes = encode_header({1, Time(Duration(1)), {}});
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        append_frame(bytes, {FrameKind::Predictions, payloads[i]}, {0, i});
    }
    return bytes;
}

/// Thousands of recoveries need not wait for the disk.
int never_waiting(std::string_view call) {
    return call == "fdatasync" || call == "fsync" ? kPretendItWorked : 0;
}

struct Recovered {
    Payloads payloads;
    JournalHealth health;
};

Recovered recover(const fs::path& folder) {
    Recovered seen;
    auto journal = SegmentJournal::open(folder, {.fault = never_waiting});
    EXPECT_TRUE(journal);
    const auto sealed = (*journal)->sealed();
    for (const auto segment : *sealed) {
        const auto read =
            (*journal)->read(segment, [&](FramePlace, const Frame& frame) -> Result<void> {
                seen.payloads.push_back(frame.payload);
                return {};
            });
        EXPECT_TRUE(read) << (read ? "" : read.error().message);
    }
    seen.health = (*journal)->health();
    return seen;
}

std::map<std::string, Digest> contents(const fs::path& folder) {
    std::map<std::string, Digest> digests;
    for (const auto& entry : fs::directory_iterator(folder)) {
        digests[entry.path().filename().string()] = sha256(read_whole(entry.path()).value());
    }
    return digests;
}

TEST(Recovery, KeepsExactlyTheCompleteFramesBeforeACutAtAnyByte) {
    const Payloads payloads = {"first", std::string(90, 'x'), "", "last one"};
    const std::string bytes = open_segment_bytes(payloads);
    std::vector<std::size_t> ends;
    std::size_t end = kSegmentHeaderBytes;
    for (const auto& payload : payloads) {
        ends.push_back(end += frame_bytes(payload.size()));
    }
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        SCOPED_TRACE(cut);
        const testing::TempFolder folder;
        write_file(folder.path() / "000000000001.open", bytes.substr(0, cut));
        const auto whole = static_cast<std::size_t>(
            std::count_if(ends.begin(), ends.end(), [&](std::size_t e) { return e <= cut; })
        );
        const Recovered seen = recover(folder.path());
        ASSERT_EQ(seen.payloads, Payloads(payloads.begin(), payloads.begin() + whole));
        const bool bad = cut > 0 && cut < kSegmentHeaderBytes;
        EXPECT_EQ(seen.health.bad_segments, bad ? 1U : 0U);
        EXPECT_EQ(fs::exists(folder.path() / "000000000001.bad"), bad);
        const std::size_t good_end = whole == 0 ? kSegmentHeaderBytes : ends[whole - 1];
        EXPECT_EQ(seen.health.torn_bytes, cut > good_end ? cut - good_end : 0U);

        const auto before = contents(folder.path());
        const Recovered again = recover(folder.path());
        EXPECT_EQ(again.payloads, seen.payloads);
        EXPECT_EQ(contents(folder.path()), before) << "twice changes nothing";
    }
}

TEST(Recovery, LosesAtMostTheFrameWhoseByteIsDamaged) {
    const Payloads payloads = {"first", std::string(40, 'x'), "", "last one"};
    const std::string bytes = open_segment_bytes(payloads);
    std::size_t begin = kSegmentHeaderBytes;
    for (std::size_t f = 0; f < payloads.size(); ++f) {
        const std::size_t end = begin + frame_bytes(payloads[f].size());
        Payloads others = payloads;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(f));
        for (std::size_t at = begin; at < end; ++at) {
            SCOPED_TRACE(at);
            std::string damaged = bytes;
            damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
            const testing::TempFolder folder;
            write_file(folder.path() / "000000000001.open", damaged);
            const Recovered seen = recover(folder.path());
            const bool padding = at >= begin + kFrameHeadBytes + payloads[f].size();
            EXPECT_EQ(seen.payloads, padding ? payloads : others);
            if (!padding) {
                const bool last = f + 1 == payloads.size();
                // A gap is counted at recovery and stays in the file; it is not counted twice.
                EXPECT_EQ(seen.health.torn_bytes, last ? end - begin : 0U);
                EXPECT_EQ(seen.health.corrupt_bytes, last ? 0U : end - begin);
            }
        }
        begin = end;
    }
}

TEST(Recovery, SetsASegmentWithADamagedHeaderAside) {
    for (std::size_t at = 0; at < kSegmentHeaderBytes; ++at) {
        SCOPED_TRACE(at);
        const testing::TempFolder folder;
        std::string bytes = open_segment_bytes({"one"});
        bytes[at] = static_cast<char>(bytes[at] ^ 1);
        write_file(folder.path() / "000000000001.open", bytes);
        const Recovered seen = recover(folder.path());
        EXPECT_EQ(seen.health.bad_segments, 1U);
        EXPECT_EQ(read_whole(folder.path() / "000000000001.bad").value(), bytes);
        EXPECT_TRUE(seen.payloads.empty());
    }
}

TEST(Recovery, SetsASealedSegmentWithAnothersNumberAside) {
    const testing::TempFolder folder;
    write_file(folder.path() / "000000000002.seg", open_segment_bytes({"one"}));
    EXPECT_EQ(recover(folder.path()).health.bad_segments, 1U);
    EXPECT_TRUE(fs::exists(folder.path() / "000000000002.bad"));
}

TEST(Recovery, GoesOnBehindTheNumbersOfFilesItSetAside) {
    const testing::TempFolder folder;
    write_file(folder.path() / "000000000007.open", "no header at all");
    auto journal = SegmentJournal::open(folder.path(), {}).value();
    const auto places = journal->append({{FrameKind::Predictions, "next"}});
    ASSERT_TRUE(places);
    EXPECT_EQ(places->front().segment, 8U);
}

RC_GTEST_PROP(Recovery, KeepsCompleteFramesOfRandomGroups, ()) {
    const auto payloads = *rc::gen::container<Payloads>(rc::gen::string<std::string>());
    const std::string bytes = open_segment_bytes(payloads);
    const auto cut = *rc::gen::inRange<std::size_t>(kSegmentHeaderBytes, bytes.size() + 1);
    const testing::TempFolder folder;
    write_file(folder.path() / "000000000001.open", bytes.substr(0, cut));
    Payloads expected;
    std::size_t end = kSegmentHeaderBytes;
    for (const auto& payload : payloads) {
        end += frame_bytes(payload.size());
        if (end > cut) {
            break;
        }
        expected.push_back(payload);
    }
    RC_ASSERT(recover(folder.path()).payloads == expected);
}

}  // namespace
}  // namespace flywheel
