// SPDX-License-Identifier: Apache-2.0
#include "gateway/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"
#include "gateway/keys.h"
#include "gateway/roles.h"
#include "plain_ledger.h"

namespace flywheel::gateway {
namespace {

using http::HeaderField;
using http::HttpResponse;
using http::Method;
using http::Role;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000'000;

struct Doorway {
    testing::PlainLedger ledger;
    ManualClock clock{*parse_time("2026-03-01T12:00:00Z")};
    Keys keys{Writer<ApiKey>(ledger), clock};
    trail::Refusals refusals;
    Access access{{.refusals = &refusals}, clock, "fwk_local"};
    HttpResponse refusal;
    std::string caller;

    std::string add(KeyPlan plan) {
        const auto made = keys.add(plan);
        CHECK(made.has_value());
        refresh();
        return made->secret;
    }

    void refresh() { access.refresh(keys.list().value()); }

    /// Status of a request that shows this key.
    int ask(Role role, const std::string& key, std::string_view header = "Authorization") {
        refusal.clear();
        const std::string value = header == "Authorization" ? "Bearer " + key : key;
        const std::array<HeaderField, 1> fields = {HeaderField{header, value}};
        const http::Visit visit{role, "infer", {fields.data(), key.empty() ? 0U : 1U}, {}, "::1"};
        return access.admits(visit, refusal, caller) ? 200 : refusal.status;
    }

    /// Status of a request whose path names this model.
    int ask_model(std::string_view model) {
        refusal.clear();
        std::array<http::PathParameter, http::kMaxPathParameters> parameters{};
        parameters.back() = {"model", model};  // as the router fills them
        const http::Visit visit{Role::Open, "infer", {}, parameters, "192.0.2.7"};
        return access.admits(visit, refusal, caller) ? 200 : refusal.status;
    }
};

TEST(Access, EverybodyMayDoEverythingWhileThereIsNoKey) {
    Doorway door;
    EXPECT_FALSE(door.access.guarded());
    EXPECT_EQ(door.ask(Role::Admin, ""), 200);
}

TEST(Access, AKeyOpensItsRolesAndNothingElse) {
    Doorway door;
    const std::string shop = door.add({.name = "shop", .roles = {"infer", "feedback"}});
    EXPECT_TRUE(door.access.guarded());
    EXPECT_EQ(door.ask(Role::Infer, shop), 200);
    EXPECT_EQ(door.caller, "shop");
    EXPECT_EQ(door.ask(Role::Feedback, shop, "x-api-key"), 200);
    for (const Role role : {Role::Label, Role::Read, Role::Admin}) {
        EXPECT_EQ(door.ask(role, shop), 403);
        EXPECT_THAT(door.refusal.body, HasSubstr("'shop'"));
    }
    EXPECT_EQ(door.ask(Role::Open, ""), 200);
    EXPECT_EQ(door.ask(Role::Metadata, ""), 200);
}

TEST(Access, AnAdminMayDoEverything) {
    Doorway door;
    const std::string boss = door.add({.name = "boss", .roles = {"admin"}});
    for (const Role role : {Role::Infer, Role::Feedback, Role::Label, Role::Read, Role::Admin}) {
        EXPECT_EQ(door.ask(role, boss), 200);
    }
}

TEST(Access, NoKeyAndAWrongKeyAreRefusedWithAChallenge) {
    Doorway door;
    const std::string good = door.add({.name = "shop", .roles = {"infer"}});
    std::string other = good;
    other.back() = other.back() == 'A' ? 'B' : 'A';
    for (const std::string& key : {std::string(), other, std::string("fwk_"), good + "A"}) {
        EXPECT_EQ(door.ask(Role::Infer, key), 401) << key;
        EXPECT_THAT(door.refusal.header_lines(), HasSubstr("WWW-Authenticate: Bearer"));
        EXPECT_EQ(door.refusal.body.find(good), std::string::npos);
    }
    MetricsPage page;
    door.access.append_metrics(page);
    EXPECT_THAT(page.text(), HasSubstr(R"(fw_rejected_total{reason="auth"} 4)"));
}

TEST(Access, SaysWhatAKeyMayDo) {
    Doorway door;
    door.add({.name = "kim", .roles = {"label", "read"}});
    door.add({.name = "boss", .roles = {"admin"}});
    EXPECT_THAT(door.access.roles_of("kim"), ElementsAre("label", "read"));
    EXPECT_THAT(
        door.access.roles_of("boss"), ElementsAre("infer", "feedback", "label", "read", "admin")
    );
    EXPECT_THAT(door.access.roles_of("nobody"), IsEmpty());
    EXPECT_THAT(door.access.roles_of(""), IsEmpty());
}

TEST(Access, SomeRoutesAreForAnyKeyOrForEitherOfTwoRoles) {
    Doorway door;
    const std::string kim = door.add({.name = "kim", .roles = {"label"}});
    const std::string lee = door.add({.name = "lee", .roles = {"read"}});
    const std::string shop = door.add({.name = "shop", .roles = {"infer"}});
    for (const std::string& key : {kim, lee, shop}) {
        EXPECT_EQ(door.ask(Role::AnyKey, key), 200);
        EXPECT_EQ(door.ask(Role::LabelOrRead, key), key == shop ? 403 : 200);
    }
    EXPECT_EQ(door.ask(Role::AnyKey, ""), 401);
}

TEST(Access, APageOfAnotherSiteMayChangeNothing) {
    Doorway door;
    const auto ask = [&door](Method method, std::string_view origin) {
        door.refusal.clear();
        const std::array<HeaderField, 2> fields = {
            HeaderField{"Host", "127.0.0.1:8000"}, HeaderField{"Origin", origin}
        };
        http::Visit visit{Role::Admin, "promote", fields, {}, "127.0.0.1"};
        visit.method = method;
        return door.access.admits(visit, door.refusal, door.caller) ? 200 : door.refusal.status;
    };
    EXPECT_EQ(ask(Method::Post, "http://127.0.0.1:8000"), 200);
    EXPECT_EQ(ask(Method::Get, "http://evil.example"), 200);  // it cannot read the answer
    for (const Method method : {Method::Post, Method::Put, Method::Patch, Method::Delete}) {
        EXPECT_EQ(ask(method, "http://evil.example"), 403);
    }
    door.add({.name = "boss", .roles = {"admin"}});
    EXPECT_EQ(ask(Method::Post, "http://evil.example"), 403);  // before any key is looked at
    MetricsPage page;
    door.access.append_metrics(page);
    EXPECT_THAT(page.text(), HasSubstr(R"(fw_rejected_total{reason="origin"} 5)"));
    const auto told = door.refusals.take();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].offence, trail::Offence::OtherSite);
    EXPECT_EQ(told[0].count, 5);
}

TEST(Access, WithoutKeysOnlyItsOwnNamesLeadHere) {
    Doorway door;
    Access named({.hosts = {"ml.example.org"}}, door.clock, "");
    const auto ask = [&door](Access& access, std::string_view host) {
        door.refusal.clear();
        const std::array<HeaderField, 1> fields = {HeaderField{"Host", host}};
        return access.admits({Role::Read, "status", fields}, door.refusal, door.caller);
    };
    EXPECT_TRUE(ask(door.access, "localhost:8000"));
    EXPECT_FALSE(ask(door.access, "ml.example.org"));
    EXPECT_EQ(door.refusal.status, 403);
    EXPECT_TRUE(ask(named, "ml.example.org"));
    EXPECT_FALSE(ask(named, "evil.example"));
    door.add({.name = "boss", .roles = {"admin"}});
    EXPECT_FALSE(ask(door.access, "ml.example.org"));  // for want of a key now
    EXPECT_EQ(door.refusal.status, 401);
}

TEST(Access, ARevokedOrExpiredKeyIsNoKey) {
    Doorway door;
    const Time soon = door.clock.now() + std::chrono::hours(1);
    const std::string brief = door.add({.name = "brief", .roles = {"infer"}, .expires = soon});
    const std::string shop = door.add({.name = "shop", .roles = {"infer"}});
    EXPECT_EQ(door.ask(Role::Infer, brief), 200);
    door.clock.set(soon);
    EXPECT_EQ(door.ask(Role::Infer, brief), 401);
    ASSERT_TRUE(door.keys.revoke("shop"));
    door.refresh();
    EXPECT_EQ(door.ask(Role::Infer, shop), 401);
    EXPECT_EQ(door.keys.revoke("shop").error().code, Code::NotFound);
}

TEST(Access, ARevokedKeyIsForgottenAtOnce) {
    Doorway door;
    const std::string shop = door.add({.name = "shop", .roles = {"infer"}});
    door.add({.name = "other", .roles = {"infer"}});
    EXPECT_EQ(door.ask(Role::Infer, shop), 200);
    ASSERT_TRUE(door.keys.revoke("shop"));
    door.refresh();  // no time passes: nothing of it is kept
    EXPECT_EQ(door.ask(Role::Infer, shop), 401);
    EXPECT_THAT(door.access.take_uses(), ::testing::SizeIs(0));
}

TEST(Access, NotesWhenAKeyWasUsedAndTellsItOnce) {
    Doorway door;
    const std::string shop = door.add({.name = "shop", .roles = {"infer"}});
    EXPECT_EQ(door.ask(Role::Read, shop), 403);  // no use: it opened nothing
    EXPECT_TRUE(door.access.take_uses().empty());
    EXPECT_EQ(door.ask(Role::Infer, shop), 200);
    const auto uses = door.access.take_uses();
    ASSERT_EQ(uses.size(), 1U);
    EXPECT_EQ(uses[0].time, door.clock.now());
    EXPECT_TRUE(door.access.take_uses().empty());
    ASSERT_TRUE(door.keys.note_uses(uses));
    EXPECT_EQ(door.keys.list()->front().last_used, door.clock.now());
    door.refresh();  // as when another key is made
    EXPECT_TRUE(door.access.take_uses().empty());
    door.clock.advance(std::chrono::seconds(1));
    EXPECT_EQ(door.ask(Role::Infer, shop), 200);
    EXPECT_EQ(door.access.take_uses().size(), 1U);
}

TEST(Keys, AUseThatIsWrittenLateLeavesARevokedKeyRevoked) {
    Doorway door;
    const std::string shop = door.add({.name = "shop", .roles = {"infer"}});
    EXPECT_EQ(door.ask(Role::Infer, shop), 200);
    ASSERT_TRUE(door.keys.revoke("shop"));
    ASSERT_TRUE(door.keys.note_uses(door.access.take_uses()));
    EXPECT_TRUE(door.keys.list()->front().revoked);
    EXPECT_TRUE(door.keys.list()->front().last_used);
}

TEST(Access, TellsOfWrongKeysAndWrongRolesWithoutTheKey) {
    Doorway door;
    const std::string shop = door.add({.name = "shop", .roles = {"infer"}});
    EXPECT_EQ(door.ask(Role::Infer, "fwk_guess"), 401);
    EXPECT_EQ(door.ask(Role::Infer, "fwk_guess2"), 401);
    EXPECT_EQ(door.ask(Role::Admin, shop), 403);
    const auto told = door.refusals.take();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].offence, trail::Offence::WrongKey);
    EXPECT_EQ(told[0].who, "");
    EXPECT_EQ(told[0].from, "::1");
    EXPECT_EQ(told[0].count, 2);
    EXPECT_EQ(told[1].offence, trail::Offence::WrongRole);
    EXPECT_EQ(told[1].who, "shop");
}

TEST(Access, RefusesPathTricksInModelNamesAlsoWithoutAnyKey) {
    Doorway door;
    for (const std::string_view trick :
         {"..", ".", "../../etc/passwd", "a/b", "a\\b", "m\n", "\x7F", "..."}) {
        SCOPED_TRACE(trick);
        EXPECT_EQ(door.ask_model(trick), 404);
        EXPECT_THAT(door.refusal.body, HasSubstr("is not found"));
    }
    EXPECT_EQ(door.ask_model(std::string_view("m\0x", 3)), 404);
    for (const std::string_view name : {"m", "news.v2", "..m", "뉴스", "a b"}) {
        EXPECT_EQ(door.ask_model(name), 200) << name;
    }
    MetricsPage page;
    door.access.append_metrics(page);
    EXPECT_THAT(page.text(), HasSubstr(R"(fw_rejected_total{reason="path"} 9)"));
    const auto told = door.refusals.take();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].offence, trail::Offence::PathTrick);
    EXPECT_EQ(told[0].from, "192.0.2.7");
    EXPECT_EQ(told[0].count, 9);
}

TEST(Access, TheLocalKeyAlwaysOpens) {
    Doorway door;
    door.add({.name = "shop", .roles = {"infer"}});
    EXPECT_EQ(door.ask(Role::Admin, "fwk_local"), 200);
    EXPECT_EQ(door.caller, "local");
}

TEST(Access, MetadataNeedsAKeyWhenTheSettingsSaySo) {
    Doorway door;
    const std::string shop = door.add({.name = "shop", .roles = {"infer"}});
    Access strict({.open_read = false}, door.clock, "");
    strict.refresh(door.keys.list().value());
    HttpResponse refusal;
    std::string caller;
    EXPECT_FALSE(strict.admits({.role = Role::Metadata}, refusal, caller));
    EXPECT_TRUE(strict.admits({.role = Role::Open}, refusal, caller));
    const std::string value = "Bearer " + shop;
    const std::array<HeaderField, 1> fields = {HeaderField{"Authorization", value}};
    EXPECT_TRUE(strict.admits({.role = Role::Metadata, .headers = fields}, refusal, caller));
}

TEST(Access, ARateIsKeptAndSaysWhenToComeBack) {
    Doorway door;
    const std::string shop =
        door.add({.name = "shop", .roles = {"infer"}, .rate = 0.01, .burst = 3});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(door.ask(Role::Infer, shop), 200);
    }
    EXPECT_EQ(door.ask(Role::Infer, shop), 429);
    EXPECT_THAT(door.refusal.header_lines(), HasSubstr("Retry-After: 100"));
    door.refresh();  // keys that stay keep their bucket
    EXPECT_EQ(door.ask(Role::Infer, shop), 429);
}

TEST(RateLimit, TakesTheRestOfWhatARequestCosts) {
    RateLimit limit(1, 5);
    const std::int64_t now = 100 * kSecond;
    EXPECT_EQ(limit.take(now), 0);
    EXPECT_EQ(limit.take_more(now, 3), 0);  // one is left
    EXPECT_EQ(limit.take(now), 0);          // none
    EXPECT_EQ(limit.take_more(now, 2), 3 * kSecond) << "one for the door and two";
    EXPECT_EQ(limit.take(now), kSecond) << "nothing was taken";
    EXPECT_EQ(limit.take(now + 3 * kSecond), 0);
    EXPECT_EQ(limit.take_more(now + 3 * kSecond, 2), 0);
    EXPECT_EQ(limit.take_more(now + 3 * kSecond, 0), 0);
}

TEST(RateLimit, WhatCostsMoreThanTheBucketHoldsNeedsAFullOneAndIsOwed) {
    RateLimit limit(1, 5);
    std::int64_t now = 100 * kSecond;
    EXPECT_EQ(limit.take(now), 0);
    EXPECT_EQ(limit.take(now), 0);
    EXPECT_EQ(limit.take_more(now, 99), 2 * kSecond) << "three are left, five make it full";
    now += 2 * kSecond;
    EXPECT_EQ(limit.take(now), 0);
    EXPECT_EQ(limit.take_more(now, 99), 0);
    EXPECT_EQ(limit.take(now), 96 * kSecond) << "95 are owed";
    EXPECT_EQ(limit.take(now + 96 * kSecond), 0);

    RateLimit none(0, 0);
    EXPECT_EQ(none.take_more(now, 1'000'000), 0);
    RateLimit slow(1e-12, 1e6);
    EXPECT_EQ(slow.take(now), 0);
    EXPECT_EQ(slow.take_more(now, 100), 0);
    EXPECT_GT(slow.take(now), 0);
}

TEST(Access, ChargesTheKeyForWhatARequestCostsMore) {
    Doorway door;
    const std::string shop =
        door.add({.name = "shop", .roles = {"infer"}, .rate = 0.01, .burst = 3});
    EXPECT_EQ(door.ask(Role::Infer, shop), 200);
    EXPECT_TRUE(door.access.charge("shop", 0, door.refusal));
    EXPECT_TRUE(door.access.charge("shop", 2, door.refusal));
    EXPECT_FALSE(door.access.charge("shop", 1, door.refusal));
    EXPECT_EQ(door.refusal.status, 429);
    EXPECT_THAT(door.refusal.header_lines(), HasSubstr("Retry-After: 200"));
    EXPECT_TRUE(door.access.charge("", 1000, door.refusal));
    EXPECT_TRUE(door.access.charge("local", 1000, door.refusal));
    MetricsPage page;
    door.access.append_metrics(page);
    EXPECT_THAT(page.text(), HasSubstr(R"(fw_rejected_total{reason="rate"} 1)"));
}

// The bucket as it is defined: tokens = min(burst, tokens + dt * rate), one taken a request.
RC_GTEST_PROP(RateLimit, AdmitsWhatTheTokenBucketAdmits, (std::uint64_t seed)) {
    Rng rng(seed);
    const auto burst = static_cast<double>(1 + rng.below(5));
    const auto rate = static_cast<double>(1 + rng.below(100));
    RateLimit limit(rate, burst);
    double tokens = burst;
    std::int64_t now = kSecond;
    for (int i = 0; i < 200; ++i) {
        const auto step =
            static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(kSecond / 20)));
        now += step;
        tokens = std::min(burst, tokens + static_cast<double>(step) * 1e-9 * rate);
        const std::int64_t wait = limit.take(now);
        if (std::abs(tokens - 1) < 1e-4) {
            return;  // the nanosecond decides, and rounding it
        }
        RC_ASSERT((wait == 0) == (tokens >= 1));
        tokens -= wait == 0 ? 1 : 0;
        if (wait > 0) {
            RC_ASSERT(std::abs(static_cast<double>(wait) * 1e-9 - (1 - tokens) / rate) < 1e-3);
        }
    }
}

TEST(Keys, RefuseBadPlansAndNamesInUse) {
    Doorway door;
    const auto code = [&](KeyPlan plan) { return door.keys.add(plan).error().code; };
    EXPECT_EQ(code({.name = "no spaces", .roles = {"infer"}}), Code::InvalidArgument);
    EXPECT_EQ(code({.name = "", .roles = {"infer"}}), Code::InvalidArgument);
    EXPECT_EQ(code({.name = "a", .roles = {}}), Code::InvalidArgument);
    EXPECT_EQ(code({.name = "a", .roles = {"root"}}), Code::InvalidArgument);
    EXPECT_EQ(code({.name = "a", .roles = {"infer"}, .rate = -1}), Code::InvalidArgument);
    EXPECT_EQ(
        code({.name = "a", .roles = {"infer"}, .expires = door.clock.now()}), Code::InvalidArgument
    );
}

TEST(Keys, TheTextOfAKeyIsStoredNowhere) {
    Doorway door;
    const std::string shop = door.add({.name = "shop", .roles = {"infer"}});
    EXPECT_EQ(shop.size(), 47U);
    const auto listed = door.keys.list();
    ASSERT_TRUE(listed);
    for (const ApiKey& key : *listed) {
        EXPECT_EQ(to_json_text(key).find(shop), std::string::npos);
        EXPECT_EQ(key.digest, sha256(shop));
    }
}

TEST(RoleFor, WhatNobodyThoughtOfNeedsAnAdmin) {
    EXPECT_EQ(role_for(Method::Get, "/v3/anything"), Role::Admin);
    EXPECT_EQ(role_for(Method::Post, "/v1/anything"), Role::Admin);
    EXPECT_EQ(role_for(Method::Post, "/v2/repository/models/{model}/unload"), Role::Admin);
    EXPECT_EQ(role_for(Method::Put, "/v2/models/{model}/infer"), Role::Admin);
    EXPECT_EQ(role_for(Method::Get, "/v1/keys"), Role::Admin);
    EXPECT_EQ(role_for(Method::Get, "/v2/models/{model}/requests/{id}"), Role::Read);
    EXPECT_EQ(role_for(Method::Get, "/"), Role::Open);
    EXPECT_EQ(role_for(Method::Get, "/v2/health/ready"), Role::Open);
    EXPECT_EQ(role_for(Method::Get, "/v2/models/{model}"), Role::Metadata);
    EXPECT_EQ(role_for(Method::Post, "/v2/models/{model}/versions/{version}/infer"), Role::Infer);
}

}  // namespace
}  // namespace flywheel::gateway
