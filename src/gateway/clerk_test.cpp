// SPDX-License-Identifier: Apache-2.0
#include "gateway/clerk.h"

#include <gtest/gtest.h>

#include "plain_ledger.h"

namespace flywheel::gateway {
namespace {

TEST(Clerk, WritesRefusalsAndUsesAtTheLatestWhenItStops) {
    testing::PlainLedger ledger;
    const ManualClock clock{*parse_time("2026-03-01T12:00:00Z")};
    Keys keys(Writer<ApiKey>(ledger), clock);
    const auto shop = keys.add({.name = "shop", .roles = {"infer"}});
    ASSERT_TRUE(shop);
    const trail::AuditLog audit(Writer<AuditEvent>(ledger), clock);
    trail::Refusals refusals;
    Access access({.refusals = &refusals}, clock, "");
    access.refresh(*keys.list());
    {
        const Clerk clerk({access, keys, audit, refusals}, {});
        http::HttpResponse refusal;
        std::string caller;
        const std::array<http::HeaderField, 1> fields = {{{"X-API-Key", shop->secret}}};
        http::Visit visit{.role = http::Role::Infer, .headers = fields, .remote = "::1"};
        EXPECT_TRUE(access.admits(visit, refusal, caller));
        visit.headers = {};
        EXPECT_FALSE(access.admits(visit, refusal, caller));
    }
    EXPECT_EQ(keys.list()->front().last_used, clock.now());
    EXPECT_EQ(audit.newest(10)->front().act, "wrong_key");
}

TEST(Clerk, DoesNotWaitForItsEndToWrite) {
    testing::PlainLedger ledger;
    const SystemClock clock;
    const trail::AuditLog audit(Writer<AuditEvent>(ledger), clock);
    trail::Refusals refusals;
    Access access({}, clock, "");
    const Clerk clerk(
        {access, Keys(Writer<ApiKey>(ledger), clock), audit, refusals},
        {.refusals_every = std::chrono::milliseconds(1)}
    );
    refusals.add(trail::Offence::Replay, "shop", "::1", "feedback", 3);
    while (audit.newest(1)->empty()) {
        std::this_thread::yield();
    }
    EXPECT_EQ(audit.newest(1)->front().count, 3);
}

}  // namespace
}  // namespace flywheel::gateway
