// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/memory_journal.h"

#include <gtest/gtest.h>

#include "ports/journal/faulty_journal.h"

namespace flywheel {
namespace {

std::vector<std::string> payloads(const Journal& journal, std::uint64_t segment) {
    std::vector<std::string> seen;
    const auto read = journal.read(segment, [&](FramePlace, const Frame& frame) -> Result<void> {
        seen.push_back(frame.payload);
        return {};
    });
    EXPECT_TRUE(read.has_value());
    return seen;
}

TEST(MemoryJournal, ForgetsAtACrashWhatWasNotSynced) {
    MemoryJournal journal;
    ASSERT_TRUE(journal.append({{FrameKind::Predictions, "kept"}}));
    ASSERT_TRUE(journal.sync());
    ASSERT_TRUE(journal.append({{FrameKind::Predictions, "lost"}}));
    journal.crash();
    EXPECT_EQ(journal.sealed().value(), std::vector<std::uint64_t>{1});
    EXPECT_EQ(payloads(journal, 1), std::vector<std::string>{"kept"});
}

TEST(MemoryJournal, NeverUsesANumberTwice) {
    MemoryJournal journal;
    ASSERT_TRUE(journal.append({{FrameKind::Predictions, "a"}}));
    ASSERT_TRUE(journal.seal());
    ASSERT_TRUE(journal.drop(1));
    const auto places = journal.append({{FrameKind::Predictions, "b"}});
    ASSERT_TRUE(places);
    EXPECT_EQ(places->front(), (FramePlace{2, 0}));
    EXPECT_EQ(journal.read_at({2, 0})->payload, "b");
    EXPECT_EQ(journal.read_at({1, 0}).error().code, Code::NotFound);
    EXPECT_EQ(journal.drop(2).error().code, Code::NotFound) << "the open segment stays";
}

TEST(FaultyJournal, FailsExactlyTheCallItWasTold) {
    MemoryJournal inner;
    const FaultPlan plan{.fail_at = 2};
    FaultyJournal journal(inner, plan);
    EXPECT_TRUE(journal.append({{FrameKind::Predictions, "a"}}));
    const auto failed = journal.append({{FrameKind::Predictions, "b"}});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::Unavailable);
    EXPECT_EQ(failed.error().message, "Injected fault at call 2");
    EXPECT_TRUE(journal.append({{FrameKind::Predictions, "c"}}));
    EXPECT_EQ(payloads(inner, 1), (std::vector<std::string>{"a", "c"}));
    EXPECT_EQ(plan.calls->load(), 3);
}

TEST(FaultyJournal, CanLoseOnlyTheAnswer) {
    MemoryJournal inner;
    FaultyJournal journal(inner, {.fail_at = 1, .mode = FaultMode::FailAfterDone});
    EXPECT_FALSE(journal.append({{FrameKind::Predictions, "a"}}));
    EXPECT_EQ(payloads(inner, 1), std::vector<std::string>{"a"});
}

TEST(FaultyJournalDeathTest, CanEndTheProcess) {
    MemoryJournal inner;
    FaultyJournal journal(inner, {.fail_at = 1, .mode = FaultMode::Kill});
    EXPECT_EXIT((void)journal.sync(), ::testing::ExitedWithCode(137), "");
}

}  // namespace
}  // namespace flywheel
