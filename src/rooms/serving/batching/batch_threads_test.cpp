// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/batching/batch_threads.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/rng.h"
#include "held_model.h"

namespace flywheel::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HeldModel;
using testing::kBreaks;
using testing::kDoubled;
using testing::kNoWorker;
using testing::kSum;

/// A request that was submitted, and its answer.
struct Asked {
    std::vector<float> values;
    QueuedPointer request;
    std::promise<Result<BatchOutcome>> promise;
    std::atomic<int> answers = 0;

    Result<BatchOutcome> answer() { return promise.get_future().get(); }
};

class BatchThreadsTest : public ::testing::Test {
  protected:
    void open(const BatchLimits& limits) { lane_ = threads_->open(model_, limits, counts_); }

    /// Rows of `width` values each.
    std::shared_ptr<Asked> ask(
        std::vector<float> values,
        std::size_t width = 1,
        std::vector<std::size_t> wanted = {kDoubled},
        milliseconds time_out = seconds(30)
    ) {
        auto asked = std::make_shared<Asked>();
        asked->values = std::move(values);
        asked->request = std::make_shared<QueuedRequest>();
        QueuedRequest& request = *asked->request;
        request.rows = static_cast<std::int64_t>(asked->values.size() / width);
        request.inputs = {
            {DataType::Fp32,
             {request.rows, static_cast<std::int64_t>(width)},
             std::as_bytes(std::span(asked->values))}
        };
        request.wanted = std::move(wanted);
        request.deadline = monotonic_now() + time_out;
        request.memory = asked;
        request.done = [asked](Result<BatchOutcome> outcome) {
            asked->answers += 1;
            asked->promise.set_value(std::move(outcome));
        };
        lane_->submit(asked->request);
        kept_.push_back(asked);
        return asked;
    }

    /// A request that keeps the one instance busy until release().
    std::shared_ptr<Asked> occupy() {
        model_->hold();
        auto asked = ask({1});
        model_->wait_inside(1);
        return asked;
    }

    ~BatchThreadsTest() override {
        model_->release();
        threads_.reset();
        for (const auto& asked : kept_) {
            asked->request->memory = nullptr;  // they own each other
            asked->request->done = nullptr;
        }
    }

    std::shared_ptr<HeldModel> model_ = std::make_shared<HeldModel>();
    std::shared_ptr<ServedCounts> counts_ = std::make_shared<ServedCounts>();
    std::unique_ptr<BatchThreads> threads_ = std::make_unique<BatchThreads>();
    std::shared_ptr<BatchLane> lane_;
    std::vector<std::shared_ptr<Asked>> kept_;
};

std::vector<float> floats_of(const Tensor& tensor) {
    const auto bytes = tensor.bytes.bytes();
    const auto* values = reinterpret_cast<const float*>(bytes.data());
    return {values, values + bytes.size() / sizeof(float)};
}

std::int64_t rejected(const ServedCounts& counts, Rejection reason) {
    return counts.rejected[static_cast<std::size_t>(reason)];
}

TEST_F(BatchThreadsTest, RunsWhatWaitedInOneCallAndGivesEachItsOwn) {
    open({.batch_rows = 64});
    const auto first = occupy();
    std::vector<std::shared_ptr<Asked>> company;
    for (int i = 0; i < 8; ++i) {
        const auto value = static_cast<float>(10 * i);
        company.push_back(
            ask({value, value + 1},
                1,
                i % 2 == 0 ? std::vector<std::size_t>{kSum, kDoubled}
                           : std::vector<std::size_t>{kDoubled})
        );
    }
    EXPECT_EQ(lane_->waiting_rows(), 16);
    EXPECT_EQ(lane_->waiting_requests(), 8);
    model_->release();
    EXPECT_EQ(first->answer()->batch_rows, 1);
    for (int i = 0; i < 8; ++i) {
        const auto outcome = company[static_cast<std::size_t>(i)]->answer();
        ASSERT_TRUE(outcome) << outcome.error().message;
        const auto value = static_cast<float>(10 * i);
        EXPECT_EQ(outcome->batch_rows, 16);
        EXPECT_GT(outcome->queue.count(), 0);
        EXPECT_THAT(floats_of(outcome->tensors.back()), ElementsAre(2 * value, 2 * value + 2));
        if (i % 2 == 0) {
            EXPECT_THAT(floats_of(outcome->tensors[0]), ElementsAre(value, value + 1));
        }
    }
    EXPECT_THAT(model_->calls(), ElementsAre(1, 16));
    EXPECT_EQ(counts_->executions, 2);
}

TEST_F(BatchThreadsTest, AnswersAloneAsInCompanyBitByBit) {
    open({.batch_rows = 64, .queue_rows = 10'000});
    Rng rng(1);
    std::vector<std::shared_ptr<Asked>> alone;
    std::vector<std::vector<float>> values(64);
    for (auto& row : values) {
        for (int i = 0; i < 16; ++i) {
            row.push_back(static_cast<float>(rng.normal()));
        }
    }
    std::vector<std::vector<float>> expected;
    for (const auto& row : values) {
        expected.push_back(floats_of(ask(row, 16, {kSum})->answer()->tensors[0]));
    }
    const auto first = occupy();
    for (const auto& row : values) {
        alone.push_back(ask(row, 16, {kSum}));
    }
    model_->release();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto outcome = alone[i]->answer();
        EXPECT_EQ(outcome->batch_rows, 64);
        EXPECT_EQ(floats_of(outcome->tensors[0]), expected[i]);
    }
}

TEST_F(BatchThreadsTest, NeverRunsWhatTimedOutInTheQueue) {
    open({});
    const auto first = occupy();
    const auto late = ask({7}, 1, {kDoubled}, milliseconds(5));
    const auto past = ask({8}, 1, {kDoubled}, milliseconds(0));
    const auto patient = ask({9});
    for (const auto& asked : {late, past}) {
        const auto outcome = asked->answer();  // while the instance is still busy
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, Code::Unavailable);
        EXPECT_THAT(outcome.error().message, HasSubstr("timed out"));
    }
    model_->release();
    EXPECT_TRUE(patient->answer());
    EXPECT_TRUE(first->answer());
    EXPECT_THAT(model_->seen(), ElementsAre(1, 9));
    EXPECT_EQ(rejected(*counts_, Rejection::TimeOut), 2);
}

TEST_F(BatchThreadsTest, DropsWhatTimedOutWhileItRan) {
    open({});
    model_->hold();
    std::string words;
    for (int i = 1; words.find("while it ran") == std::string::npos; ++i) {
        const auto slow = ask({7}, 1, {kDoubled}, milliseconds(10 * i));  // a busy machine is late
        const auto outcome = slow->answer();
        ASSERT_FALSE(outcome);
        words = outcome.error().message;
    }
    model_->release();
    EXPECT_TRUE(ask({8})->answer());
    for (const auto& asked : kept_) {
        EXPECT_EQ(asked->answers, 1);
    }
}

TEST_F(BatchThreadsTest, ForgetsWhoHasLeft) {
    open({});
    model_->hold();
    const auto running = ask({1});
    model_->wait_inside(1);
    const auto waiting = ask({2});
    const auto stays = ask({3});
    EXPECT_TRUE(lane_->cancel(running->request));
    EXPECT_TRUE(lane_->cancel(waiting->request));
    EXPECT_EQ(lane_->waiting_rows(), 1);
    model_->release();
    EXPECT_TRUE(stays->answer());
    EXPECT_THAT(model_->seen(), ElementsAre(1, 3));
    EXPECT_FALSE(lane_->cancel(stays->request));  // too late: no effect
    EXPECT_EQ(running->answers + waiting->answers, 0);
    EXPECT_EQ(stays->answers, 1);
}

TEST_F(BatchThreadsTest, LetsOneBadRowFailNobodyElse) {
    open({});
    const auto first = occupy();
    const auto good = ask({1});
    const auto bad = ask({kBreaks});
    const auto other = ask({2});
    model_->release();
    EXPECT_THAT(floats_of(good->answer()->tensors[0]), ElementsAre(2));
    EXPECT_EQ(bad->answer().error().code, Code::Internal);
    EXPECT_THAT(floats_of(other->answer()->tensors[0]), ElementsAre(4));
    EXPECT_THAT(model_->calls(), ElementsAre(1, 3, 1, 1, 1));
    EXPECT_EQ(counts_->engine_failures, 1);
}

TEST_F(BatchThreadsTest, AsksAWorkerThatIsNotThereOnce) {
    open({});
    const auto first = occupy();
    const auto one = ask({kNoWorker});
    const auto two = ask({2});
    model_->release();
    EXPECT_EQ(one->answer().error().code, Code::Unavailable);
    EXPECT_EQ(two->answer().error().code, Code::Unavailable);
    EXPECT_THAT(model_->calls(), ElementsAre(1, 2));
    EXPECT_EQ(counts_->engine_failures, 2);
}

TEST_F(BatchThreadsTest, AnswersALargeRequestWholeOrNotAtAll) {
    open({.batch_rows = 4, .instances = 3});
    std::vector<float> values(103);
    std::vector<float> expected;
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(i);
        expected.push_back(2 * values[i]);
    }
    const auto outcome = ask(values)->answer();
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(floats_of(outcome->tensors[0]), expected);
    EXPECT_EQ(outcome->tensors[0].shape[0], 103);
    EXPECT_EQ(outcome->batch_rows, 4);
    values[50] = kBreaks;
    EXPECT_EQ(ask(values)->answer().error().code, Code::Internal);
    EXPECT_TRUE(ask({1})->answer());
}

TEST_F(BatchThreadsTest, RefusesWhatIsTooMuch) {
    open({.queue_rows = 3});
    const auto first = occupy();
    const auto waits = ask({1, 2});
    EXPECT_FALSE(lane_->full());
    const auto refused = ask({3, 4})->answer();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unavailable);
    EXPECT_EQ(refused.error().message, "Too many rows wait for the model; try again: 2 of 3");
    const auto last = ask({5});
    EXPECT_TRUE(lane_->full());
    EXPECT_EQ(rejected(*counts_, Rejection::Queue), 1);
    model_->release();
    EXPECT_TRUE(waits->answer());
    EXPECT_TRUE(last->answer());
}

TEST_F(BatchThreadsTest, WaitsForCompanyAsLongAsItIsTold) {
    open({.batch_rows = 3, .delay = seconds(100)});
    const auto one = ask({1});
    const auto two = ask({2});
    const auto three = ask({3});  // fills the batch
    EXPECT_EQ(one->answer()->batch_rows, 3);
    open({.batch_rows = 3, .delay = milliseconds(3)});
    EXPECT_EQ(ask({1})->answer()->batch_rows, 1);
}

TEST_F(BatchThreadsTest, AnswersWhatStillWaitsWhenItEnds) {
    open({});
    const auto first = occupy();
    const auto waits = ask({2});
    auto ended = std::async(std::launch::async, [this] { threads_.reset(); });
    model_->release();
    ended.get();
    EXPECT_TRUE(first->answer());
    const auto outcome = waits->answer();
    EXPECT_TRUE(outcome || outcome.error().code == Code::Unavailable);
    EXPECT_EQ(ask({3})->answer().error().code, Code::Unavailable);
}

TEST_F(BatchThreadsTest, MayLoseItsLaneOnItsOwnThread) {
    open({});
    const auto asked = occupy();
    EXPECT_TRUE(lane_->cancel(asked->request));
    // The last owner of the lane, as of a version; and of the values, which are still being read.
    asked->request->memory =
        std::make_shared<std::pair<std::shared_ptr<BatchLane>, std::shared_ptr<Asked>>>(
            std::exchange(lane_, nullptr), asked
        );
    asked->request.reset();
    kept_.clear();
    model_->release();
    open({});
    EXPECT_TRUE(ask({2})->answer());
}

TEST_F(BatchThreadsTest, AnswersEachRequestOnceWhateverHappens) {
    open({.batch_rows = 6, .queue_rows = 30, .instances = 2});
    constexpr int kPeers = 4;
    constexpr int kRequests = 400;
    std::atomic<int> ended = 0;
    std::mutex keeping;
    std::vector<std::thread> peers;
    for (std::uint64_t peer = 0; peer < kPeers; ++peer) {
        peers.emplace_back([&, peer] {
            Rng rng(peer);
            for (int i = 0; i < kRequests; ++i) {
                auto asked = std::make_shared<Asked>();
                auto request = std::make_shared<QueuedRequest>();
                asked->values.assign(1 + rng.below(9), rng.below(20) == 0 ? kBreaks : 1.0F);
                request->rows = static_cast<std::int64_t>(asked->values.size());
                request->inputs = {
                    {DataType::Fp32, {request->rows, 1}, std::as_bytes(std::span(asked->values))}
                };
                request->wanted = {kDoubled};
                request->deadline = monotonic_now() + std::chrono::microseconds(rng.below(3000));
                request->memory = asked;
                request->done = [asked, &ended](const Result<BatchOutcome>& outcome) {
                    EXPECT_EQ(asked->answers.fetch_add(1), 0);
                    if (outcome) {
                        EXPECT_EQ(floats_of(outcome->tensors[0]).size(), asked->values.size());
                    }
                    ended += 1;
                };
                lane_->submit(request);
                if (rng.below(4) == 0) {
                    const bool silent = lane_->cancel(request);
                    ended += silent ? 1 : 0;
                    EXPECT_FALSE(silent && asked->answers.fetch_add(1) > 0);
                }
            }
        });
    }
    for (std::thread& peer : peers) {
        peer.join();
    }
    threads_.reset();
    EXPECT_EQ(ended, kPeers * kRequests);
    EXPECT_EQ(lane_->waiting_rows(), 0);
}

}  // namespace
}  // namespace flywheel::serving
