// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/split.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/hash.h"

namespace flywheel::serving {
namespace {

const std::string kSalt = "01970000-0000-7000-8000-000000000001";

Chosen undecided(double share, bool by_head = false) {
    auto stable = std::make_shared<ServedVersion>();
    stable->number = 1;
    auto canary = std::make_shared<ServedVersion>();
    canary->number = 2;
    auto split = std::make_shared<Split>();
    split->canary = canary;
    split->salt = kSalt;
    split->share = share;
    split->by_head = by_head;
    split->totals = std::make_shared<ModelCounts>();
    return {stable, Route::Stable, split, {}};
}

TEST(Split, TheBucketIsTheHashOfSaltAndKey) {
    EXPECT_EQ(bucket_of(kSalt, "anna"), xxh3(kSalt + "anna") % 10'000);
    EXPECT_NE(bucket_of(kSalt, "anna"), bucket_of("another rollout", "anna"));
}

TEST(Split, ShareOneTakesEverybodyAndABelowTheFirstBucketNobody) {
    int taken = 0;
    for (int i = 0; i < 2000; ++i) {
        const std::string key = std::to_string(i);
        EXPECT_TRUE(in_share(kSalt, key, 1));
        taken += in_share(kSalt, key, 0) ? 1 : 0;
    }
    EXPECT_EQ(taken, 0);
}

RC_GTEST_PROP(Split, WhoeverIsInAShareIsInEveryGreaterOne, (const std::string& key)) {
    const auto small = *rc::gen::inRange(0, 10'000);
    const auto great = *rc::gen::inRange(small, 10'001);
    if (in_share(kSalt, key, small / 10'000.0)) {
        RC_ASSERT(in_share(kSalt, key, great / 10'000.0));
    }
}

TEST(Split, SharesAreMetWithinBinomialBounds) {
    constexpr int kKeys = 200'000;
    for (const double share : {0.01, 0.05, 0.25, 0.5}) {
        SCOPED_TRACE(share);
        int taken = 0;
        for (int i = 0; i < kKeys; ++i) {
            taken += in_share(kSalt, "user-" + std::to_string(i), share) ? 1 : 0;
        }
        // Five standard deviations: the keys are fixed, so this holds for ever or never.
        const double bound = 5 * std::sqrt(kKeys * share * (1 - share));
        EXPECT_NEAR(taken, kKeys * share, bound);
    }
}

TEST(Split, AnotherRolloutHitsOtherPeople) {
    int both = 0;
    for (int i = 0; i < 100'000; ++i) {
        const std::string key = "user-" + std::to_string(i);
        both += in_share(kSalt, key, 0.05) && in_share("next rollout", key, 0.05) ? 1 : 0;
    }
    EXPECT_NEAR(both, 250, 5 * std::sqrt(250.0));  // 5 % of 5 %, as by chance
}

TEST(Split, KeyGoesBeforeSubjectAndSubjectBeforeRequest) {
    for (int i = 0; i < 200; ++i) {
        const std::string a = "a" + std::to_string(i);
        const std::string b = "b" + std::to_string(i);
        const std::string c = "c" + std::to_string(i);

        struct Row {
            SplitKey key;
            const std::string& decides;
            std::int64_t unsticky;
        };

        for (const Row& row :
             {Row{{a, b, c}, a, 0}, Row{{"", b, c}, b, 0}, Row{{"", "", c}, c, 1}}) {
            Chosen chosen = undecided(0.5);
            const auto totals = chosen.split->totals;
            settle(chosen, row.key);
            const bool canary = in_share(kSalt, row.decides, 0.5);
            EXPECT_EQ(chosen.version->number, canary ? 2 : 1);
            EXPECT_EQ(chosen.route, canary ? Route::Canary : Route::Stable);
            EXPECT_EQ(totals->unsticky, row.unsticky);
            EXPECT_EQ(chosen.split, nullptr);
        }
    }
}

TEST(Split, WithoutAnyIdChanceDecides) {
    int canary = 0;
    for (int i = 0; i < 10'000; ++i) {
        Chosen chosen = undecided(0.5);
        settle(chosen, {});
        canary += chosen.route == Route::Canary ? 1 : 0;
    }
    EXPECT_NEAR(canary, 5000, 500);  // ten standard deviations
}

TEST(Split, ABatchGoesWhereItsFirstSubjectGoes) {
    const std::vector<std::string_view> subjects = {"first", "second"};
    InferRequest request;
    request.request_id = "r";
    request.subject = "head";
    EXPECT_EQ(key_of(request).subject, "head");
    request.subjects = subjects;
    EXPECT_EQ(key_of(request).subject, "first");
}

TEST(Split, WhenTensorsDifferOnlyTheHeadDecides) {
    Chosen body = undecided(1.0, true);
    const auto totals = body.split->totals;
    settle_by_head(body, {"", "", "id"});
    EXPECT_EQ(body.route, Route::Stable);  // what stands in the body comes too late
    EXPECT_EQ(body.split, nullptr);
    EXPECT_EQ(totals->unsticky, 1);
    Chosen head = undecided(1.0, true);
    settle_by_head(head, {"anna", "", ""});
    EXPECT_EQ(head.route, Route::Canary);
    Chosen same = undecided(1.0);
    settle_by_head(same, {"anna", "", ""});
    EXPECT_EQ(same.route, Route::Stable);  // the body may still say another key
    EXPECT_NE(same.split, nullptr);
}

}  // namespace
}  // namespace flywheel::serving
