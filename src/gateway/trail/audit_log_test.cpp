// SPDX-License-Identifier: Apache-2.0
#include "gateway/trail/audit_log.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plain_ledger.h"
#include "ports/ledger/faulty_ledger.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"

namespace flywheel::trail {
namespace {

using ::testing::HasSubstr;

struct Trail {
    std::unique_ptr<Ledger> ledger = sqlite::open_in_memory().value();
    ManualClock clock{*parse_time("2026-03-01T12:00:00Z")};
    AuditLog log{Writer<AuditEvent>(*ledger), clock};
};

TEST(AuditLog, ShowsWhoDidWhatNewestFirst) {
    Trail trail;
    ASSERT_TRUE(trail.log.record({.who = "boss", .source = "::1", .name = "promote"}));
    trail.clock.advance(std::chrono::seconds(1));
    ASSERT_TRUE(trail.log.record({.who = "kim", .name = "erase", .outcome = 409, .reason = "no"}));
    const auto events = trail.log.newest(10);
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), 2U);
    EXPECT_EQ((*events)[0].act, "erase");
    EXPECT_EQ((*events)[0].outcome, 409);
    EXPECT_EQ((*events)[0].seq, 2);
    EXPECT_EQ((*events)[1].who, "boss");
    EXPECT_EQ(*trail.log.verify_chain(), 2);
}

TEST(AuditLog, AChangedEventBreaksTheChainAndIsNamed) {
    testing::PlainLedger ledger;  // without the triggers that refuse the change
    ManualClock clock{*parse_time("2026-03-01T12:00:00Z")};
    const Writer<AuditEvent> events(ledger);
    const AuditLog log(events, clock);
    for (const char* name : {"load", "unload", "promote"}) {
        ASSERT_TRUE(log.record({.who = "boss", .name = name}));
    }
    AuditEvent event = log.newest(2)->back();
    event.who = "somebody else";
    ASSERT_TRUE(events.update(event));
    const auto broken = log.verify_chain();
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, Code::Corrupt);
    EXPECT_THAT(broken.error().message, HasSubstr("event 2"));
}

TEST(AuditLog, KeepsItsOrderWhenManyThreadsWrite) {
    Trail trail;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 25; ++k) {
                EXPECT_TRUE(trail.log.record({.who = "boss", .name = "load"}));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(*trail.log.verify_chain(), 100);
}

TEST(AuditLog, BoundsWhatACallerCanWriteIntoIt) {
    Trail trail;
    const auto event = trail.log.record(
        {.who = "boss",
         .name = "load",
         .about = std::string(10'000, 'x'),
         .detail = std::string(10'000, 'y')}
    );
    ASSERT_TRUE(event);
    EXPECT_EQ(event->about.size(), AuditLog::kMostAbout);
    EXPECT_EQ(event->detail, R"({"bytes":10000})");
}

TEST(AuditLog, NotesSettingsOnlyWhenTheyAreOthers) {
    Trail trail;
    ASSERT_TRUE(trail.log.settings_read("kim", sha256("a")));
    ASSERT_TRUE(trail.log.settings_read("kim", sha256("a")));
    ASSERT_TRUE(trail.log.record({.who = "boss", .name = "load"}));
    ASSERT_TRUE(trail.log.settings_read("kim", sha256("a")));
    ASSERT_TRUE(trail.log.settings_read("lee", sha256("b")));
    EXPECT_EQ(trail.log.newest(10)->size(), 3U);
    EXPECT_THAT(trail.log.newest(1)->front().detail, HasSubstr(sha256("b").hex()));
}

TEST(AuditLog, WritesRefusalsWithTheStatusTheyWereAnswered) {
    Trail trail;
    ASSERT_TRUE(trail.log.record_refusals(
        {{Offence::WrongKey, "", "192.0.2.1", "infer", 1000, false},
         {Offence::PathTrick, "", "", "", 5, true}}
    ));
    const auto events = trail.log.newest(10).value();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].act, "wrong_key");
    EXPECT_EQ(events[1].outcome, 401);
    EXPECT_EQ(events[1].count, 1000);
    EXPECT_EQ(events[0].act, "path_trick");
    EXPECT_EQ(events[0].source, "elsewhere");
}

TEST(AuditLog, AWriteThatFailsLeavesTheChainWhole) {
    for (int call = 1;; ++call) {
        SCOPED_TRACE(call);
        ASSERT_LT(call, 20);
        Trail trail;
        ASSERT_TRUE(trail.log.record({.who = "boss", .name = "load"}));
        FaultyLedger faulty(*trail.ledger, {.fail_at = call});
        const AuditLog log(Writer<AuditEvent>(faulty), trail.clock);
        const bool written = log.record({.who = "boss", .name = "unload"}).has_value();
        ASSERT_TRUE(trail.log.record({.who = "boss", .name = "promote"}));
        EXPECT_EQ(trail.log.verify_chain().value_or(-1), written ? 3 : 2);
        if (written) {
            break;
        }
    }
}

}  // namespace
}  // namespace flywheel::trail
