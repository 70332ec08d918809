// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/shadow_queue.h"

#include <condition_variable>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "serving_world.h"

namespace flywheel::serving {
namespace {

using std::chrono::nanoseconds;

RC_GTEST_PROP(ShadowBudget, ShadowsTakeAtMostAQuarterOfAllTime, ()) {
    ShadowBudget budget;
    std::int64_t live = 0;
    std::int64_t shadow = 0;
    std::int64_t longest = 0;
    const auto steps = *rc::gen::container<std::vector<std::pair<bool, int>>>(
        rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::inRange(1, 1'000'000))
    );
    for (const auto& [is_live, nanos] : steps) {
        if (is_live) {
            budget.earn(nanoseconds(nanos));
            live += nanos;
        } else if (budget.may_run()) {
            budget.spend(nanoseconds(nanos));
            shadow += nanos;
            longest = std::max<std::int64_t>(longest, nanos);
        }
        RC_ASSERT(3 * shadow <= live + 3 * longest);  // but for the piece that used it up
    }
}

TEST(ShadowBudget, AQuietTimeDoesNotBuyALongBusyOne) {
    ShadowBudget budget;
    budget.earn(std::chrono::hours(1));
    budget.spend(std::chrono::seconds(1));
    EXPECT_FALSE(budget.may_run());
}

class ShadowQueueTest : public ::testing::Test, protected testing::ServingWorld {
  protected:
    ShadowQueueTest() {
        add_version("m", 1, "0.5,0.25,0.25");
        add_version("m", 2, "0.25,0.5,0.25");
        roll_out("m", 1);
        EXPECT_TRUE(serving.refresh("m"));
        stable_ = serving.find("m", "").value();
        roll_out("m", 2);
        EXPECT_TRUE(serving.refresh("m"));
        mirror_.version = serving.find("m", "").value();
        mirror_.salt = "salt";
        mirror_.rollout = Id<Rollout>::derived(Time(), "mirror");
        mirror_.totals = std::make_shared<ModelCounts>();
    }

    /// One request with these texts, as answered by the stable version.
    void offer(const std::vector<std::string_view>& texts, const std::string& id = "r") {
        InferRequest request{.model = "m", .version = "", .request_id = id, .texts = texts};
        request.subject = "anna";
        InferAnswer answer;
        answer.served = stable_;
        answer.request_id = id;
        answer.base_id = Uuid::random(clock.now(), rng).with_row(0);
        answer.labels.assign(texts.size(), 0);
        answer.infer_time = std::chrono::seconds(1);
        queue_.offer(mirror_, request, answer, clock.now());
    }

    std::shared_ptr<const ServedVersion> stable_;
    Mirror mirror_;
    ShadowQueue queue_{capture, clock};
};

TEST_F(ShadowQueueTest, RecordsThePairUnderOneRequestIdWithIdsOfItsOwn) {
    offer({"x", "0 is the class"}, "q");
    EXPECT_EQ(queue_.waiting_rows(), 2);
    ASSERT_TRUE(queue_.run_one());
    EXPECT_FALSE(queue_.run_one());
    const auto rows = capture.rows();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].route, Route::Shadow);
    EXPECT_EQ(rows[0].rollout, mirror_.rollout);
    EXPECT_EQ(rows[0].request_id, "q");
    EXPECT_EQ(rows[0].version, "2");
    EXPECT_EQ(rows[0].label, 1);
    EXPECT_EQ(rows[0].agreement, Agreement::Differs);
    EXPECT_EQ(rows[1].label, 0);
    EXPECT_EQ(rows[1].agreement, Agreement::Agrees);
    EXPECT_EQ(rows[1].payload, "0 is the class");
    EXPECT_EQ(rows[1].raw_subject, "anna");
    EXPECT_EQ(rows[1].id.uuid.row(), 1);
    EXPECT_NE(rows[0].id.text(), "q");
    EXPECT_EQ(mirror_.version->counts->rows[static_cast<std::size_t>(Route::Shadow)], 2);
}

TEST_F(ShadowQueueTest, HoldsAFixedNumberOfRowsAndCountsTheRest) {
    const std::vector<std::string_view> hundred(100, "x");
    for (int i = 0; i < 4; ++i) {
        offer(hundred);
    }
    EXPECT_EQ(queue_.waiting_rows(), 200);
    EXPECT_EQ(mirror_.totals->shadow_dropped, 200);
    offer(std::vector<std::string_view>(56, "x"));
    EXPECT_EQ(queue_.waiting_rows(), 256);
    queue_.stop();
    EXPECT_EQ(queue_.waiting_rows(), 0);
    EXPECT_EQ(mirror_.totals->shadow_dropped, 456);
}

TEST_F(ShadowQueueTest, HoldsAFixedNumberOfBytes) {
    const std::string large(5UL * 1024 * 1024, 'x');
    for (int i = 0; i < 5; ++i) {
        offer({large});
    }
    EXPECT_EQ(queue_.waiting_rows(), 3);
    EXPECT_EQ(mirror_.totals->shadow_dropped, 2);
}

TEST_F(ShadowQueueTest, TakesTheShareOfTheRequestsThatItIsTold) {
    mirror_.share = 0.25;
    std::int64_t taken = 0;
    for (int i = 0; i < 200; ++i) {
        const std::string id = "r" + std::to_string(i);
        offer({"x"}, id);
        const bool wanted = in_share("salt", id, 0.25);
        EXPECT_EQ(queue_.waiting_rows(), taken += wanted ? 1 : 0);
    }
    EXPECT_GT(taken, 0);
    EXPECT_EQ(mirror_.totals->shadow_dropped, 0);  // not wanted is not dropped
}

TEST_F(ShadowQueueTest, RecordsWhatTheShadowVersionFailsAt) {
    add_version("t", 1, "break FP32 2");
    roll_out("t", 1);
    ASSERT_TRUE(serving.refresh("t"));
    mirror_.version = serving.find("t", "").value();
    const std::vector<float> values = {1, 2};
    const std::vector<TensorView> inputs = {
        {DataType::Fp32, {1, 2}, std::as_bytes(std::span(values)), {}}
    };
    const std::vector<std::size_t> wanted = {0};
    InferRequest request{.model = "t", .version = "", .request_id = "q", .texts = {}};
    request.inputs = inputs;
    request.wanted = wanted;
    request.rows = 1;
    InferAnswer answer;
    answer.served = stable_;
    answer.request_id = "q";
    answer.infer_time = std::chrono::seconds(1);
    queue_.offer(mirror_, request, answer, clock.now());
    ASSERT_TRUE(queue_.run_one());
    ASSERT_EQ(capture.rows().size(), 1U);
    EXPECT_EQ(capture.rows()[0].status, 500);
    EXPECT_EQ(capture.rows()[0].route, Route::Shadow);
}

TEST_F(ShadowQueueTest, WaitsWhileALiveRowWaits) {
    std::atomic<bool> live = true;
    std::atomic<int> asked = 0;
    queue_.start([&] {
        ++asked;
        return live.load();
    });
    offer({"x"});
    while (asked == 0) {
        std::this_thread::yield();
    }
    EXPECT_TRUE(capture.rows().empty());
    live = false;
    while (capture.rows().empty()) {
        std::this_thread::yield();
    }
    queue_.stop();
    EXPECT_EQ(capture.rows()[0].route, Route::Shadow);
}

}  // namespace
}  // namespace flywheel::serving
