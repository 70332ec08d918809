// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/segments/segment_journal.h"

#include <cerrno>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "temp_folder.h"

namespace flywheel {
namespace {

namespace fs = std::filesystem;
using Payloads = std::vector<std::string>;

/// Many small segments need not wait for the disk.
int no_waiting(std::string_view call) {
    return call == "fdatasync" || call == "fsync" ? kPretendItWorked : 0;
}

std::vector<Frame> frames_of(const Payloads& payloads) {
    std::vector<Frame> frames;
    for (const auto& payload : payloads) {
        frames.push_back({FrameKind::Predictions, payload});
    }
    return frames;
}

Payloads read_segment(const Journal& journal, std::uint64_t segment) {
    Payloads seen;
    const auto read = journal.read(segment, [&](FramePlace, const Frame& frame) -> Result<void> {
        seen.push_back(frame.payload);
        return {};
    });
    EXPECT_TRUE(read);
    return seen;
}

Payloads read_all(const Journal& journal) {
    Payloads seen;
    std::vector<std::uint64_t> segments = journal.sealed().value();
    if (journal.open_segment() != 0) {
        segments.push_back(journal.open_segment());
    }
    for (const auto segment : segments) {
        std::ranges::copy(read_segment(journal, segment), std::back_inserter(seen));
    }
    return seen;
}

std::unique_ptr<Journal> open_journal(const fs::path& folder, SegmentJournal::Plan plan = {}) {
    auto journal = SegmentJournal::open(folder, std::move(plan));
    EXPECT_TRUE(journal);
    return *std::move(journal);
}

TEST(SegmentJournal, ReadsBackWhatWasAppendedBeforeAndAfterSealing) {
    const testing::TempFolder folder;
    auto journal = open_journal(folder.path());
    const auto places = journal->append(frames_of({"a", "", std::string(100'000, 'b')}));
    ASSERT_TRUE(places);
    EXPECT_EQ(read_all(*journal), (Payloads{"a", "", std::string(100'000, 'b')}));
    EXPECT_EQ(journal->read_at((*places)[2])->payload, std::string(100'000, 'b'));
    EXPECT_EQ(journal->open_segment(), 1U);
    ASSERT_TRUE(journal->seal());
    EXPECT_EQ(journal->open_segment(), 0U);
    EXPECT_EQ(journal->sealed().value(), std::vector<std::uint64_t>{1});
    EXPECT_EQ(journal->read_at((*places)[0])->payload, "a");
    EXPECT_EQ(journal->read_at({1, 72}).error().code, Code::Corrupt);
    EXPECT_EQ(journal->read_at({2, 64}).error().code, Code::NotFound);
    EXPECT_TRUE(fs::exists(folder.path() / "000000000001.seg"));
}

TEST(SegmentJournal, GivesBackWhatItPreallocated) {
    const testing::TempFolder folder;
    auto journal = open_journal(folder.path());
    ASSERT_TRUE(journal->append(frames_of({"small"})));
    ASSERT_TRUE(journal->seal());
    EXPECT_LT(fs::file_size(folder.path() / "000000000001.seg"), 300U);
    EXPECT_EQ(journal->health().bytes, fs::file_size(folder.path() / "000000000001.seg"));
}

RC_GTEST_PROP(SegmentJournal, KeepsGroupsInOrderOverManySegments, ()) {
    const auto groups = *rc::gen::resize(12, rc::gen::arbitrary<std::vector<Payloads>>());
    const testing::TempFolder folder;
    Payloads expected;
    {
        auto journal = open_journal(folder.path(), {.segment_bytes = 512, .fault = no_waiting});
        for (const auto& group : groups) {
            RC_ASSERT(journal->append(frames_of(group)).has_value());
            std::ranges::copy(group, std::back_inserter(expected));
        }
        RC_ASSERT(read_all(*journal) == expected);
    }
    RC_ASSERT(read_all(*open_journal(folder.path())) == expected);
}

TEST(SegmentJournal, SealsASegmentThatIsTooOld) {
    const testing::TempFolder folder;
    auto journal = open_journal(folder.path(), {.max_age = std::chrono::seconds(0)});
    ASSERT_TRUE(journal->append(frames_of({"a"})));
    ASSERT_TRUE(journal->append(frames_of({"b"})));
    EXPECT_EQ(journal->sealed().value(), std::vector<std::uint64_t>{1});
    EXPECT_EQ(journal->open_segment(), 2U);
}

TEST(SegmentJournal, KeepsASecondProcessOut) {
    const testing::TempFolder folder;
    auto first = open_journal(folder.path());
    const auto second = SegmentJournal::open(folder.path(), {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::Conflict);
    first.reset();
    EXPECT_TRUE(SegmentJournal::open(folder.path(), {}));
}

TEST(SegmentJournal, NeverUsesADroppedNumberAgain) {
    const testing::TempFolder folder;
    for (std::uint64_t round = 1; round <= 3; ++round) {
        auto journal = open_journal(folder.path());
        const auto places = journal->append(frames_of({"a"}));
        ASSERT_TRUE(places);
        EXPECT_EQ(places->front().segment, round);
        EXPECT_EQ(journal->drop(round).error().code, Code::NotFound) << "it is still open";
        ASSERT_TRUE(journal->seal());
        ASSERT_TRUE(journal->drop(round));
        EXPECT_EQ(journal->read_at(places->front()).error().code, Code::NotFound);
    }
    EXPECT_TRUE(fs::exists(folder.path() / "000000000003.dropped"));
    EXPECT_FALSE(fs::exists(folder.path() / "000000000002.dropped"));
}

TEST(SegmentJournal, CountsDamageInASealedSegmentOnce) {
    const testing::TempFolder folder;
    auto journal = open_journal(folder.path());
    const auto places = journal->append(frames_of({"first", "second", "third"}));
    ASSERT_TRUE(journal->seal());
    {
        std::fstream file(
            folder.path() / "000000000001.seg", std::ios::in | std::ios::out | std::ios::binary
        );
        file.seekp(static_cast<std::streamoff>((*places)[1].offset + 33));
        file.put('X');
    }
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(read_segment(*journal, 1), (Payloads{"first", "third"}));
        EXPECT_EQ(journal->health().corrupt_bytes, 40U);
    }
    EXPECT_EQ(journal->read_at((*places)[1]).error().code, Code::Corrupt);
}

/// Fails call number `n` of the disk.
struct FaultAt {
    int n = 0;
    int reason = EIO;
    std::shared_ptr<int> calls = std::make_shared<int>(0);

    int operator()(std::string_view /*call*/) const { return ++*calls == n ? reason : 0; }
};

/// Writes groups; a group that fails is appended once more with all that was not yet synced, as the
/// contract says. Returns what was promised.
Payloads write_with_retries(Journal& journal) {
    Payloads promised;
    for (int i = 0; i < 6; ++i) {
        const auto group = frames_of({"g" + std::to_string(i), "h" + std::to_string(i)});
        const auto once = [&]() -> Result<void> {
            TRY(journal.append(group));
            return journal.sync();
        };
        if (once() || once()) {
            promised.push_back(group[0].payload);
            promised.push_back(group[1].payload);
        }
        if (i == 2) {
            static_cast<void>(journal.seal());
        }
    }
    return promised;
}

TEST(SegmentJournal, WritesTheGroupAgainToANewSegmentAfterAnyFault) {
    for (int n = 1;; ++n) {
        SCOPED_TRACE(n);
        const testing::TempFolder folder;
        const FaultAt fault{.n = n};
        Payloads promised;
        {
            auto journal = open_journal(folder.path(), {.segment_bytes = 300, .fault = fault});
            promised = write_with_retries(*journal);
            EXPECT_EQ(read_all(*journal), promised) << "readers see each frame once, in order";
        }
        EXPECT_EQ(promised.size(), 12U) << "one fault is survived";
        EXPECT_EQ(read_all(*open_journal(folder.path())), promised);
        if (*fault.calls < n) {
            break;
        }
    }
}

TEST(SegmentJournal, SaysThatTheDiskIsFullAndGoesOnWhenItIsNot) {
    const testing::TempFolder folder;
    const auto full = std::make_shared<bool>(false);
    const DiskFault fault = [full](std::string_view call) {
        return *full && call != "truncate" && call != "rename" ? ENOSPC : 0;
    };
    auto journal = open_journal(folder.path(), {.fault = fault});
    ASSERT_TRUE(journal->append(frames_of({"before"})));
    ASSERT_TRUE(journal->sync());
    *full = true;
    for (int i = 0; i < 3; ++i) {
        const auto refused = journal->append(frames_of({"during"}));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::Unavailable);
        EXPECT_NE(refused.error().message.find("the disk is full"), std::string::npos);
    }
    *full = false;
    ASSERT_TRUE(journal->append(frames_of({"after"})));
    ASSERT_TRUE(journal->sync());
    EXPECT_EQ(read_all(*journal), (Payloads{"before", "after"}));
    journal.reset();
    EXPECT_EQ(read_all(*open_journal(folder.path())), (Payloads{"before", "after"}));
}

TEST(SegmentJournal, SaysThatItsFolderCannotBeMade) {
    const testing::TempFolder folder;
    std::ofstream(folder.path() / "file") << "x";
    const auto journal = SegmentJournal::open(folder.path() / "file" / "journal", {});
    ASSERT_FALSE(journal);
    EXPECT_EQ(journal.error().code, Code::Unavailable);
}

TEST(SegmentJournal, IsReadWhileItIsWritten) {
    const testing::TempFolder folder;
    auto journal = open_journal(folder.path(), {.segment_bytes = 4096, .fault = no_waiting});
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (int i = 0; i < 300; ++i) {
            EXPECT_TRUE(journal->append(frames_of({"row " + std::to_string(i)})));
        }
        done = true;
    });
    std::size_t most = 0;
    while (!done) {
        const std::size_t seen = read_all(*journal).size();
        EXPECT_GE(seen + 80, most) << "at most the segment opened between two looks is missing";
        most = std::max(most, seen);
    }
    writer.join();
    EXPECT_EQ(read_all(*journal).size(), 300U);
}

}  // namespace
}  // namespace flywheel
