// SPDX-License-Identifier: Apache-2.0
// Inferences that wait for a batch, over real connections.
#include <future>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer_server.h"
#include "raw_client.h"

namespace flywheel::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using testing::post_request;
using testing::RawAnswer;
using testing::RawClient;

serving::Plan small_queue() {
    serving::Plan plan;
    plan.batching.queue_rows = 10;
    return plan;
}

std::string request_for(float value, std::string_view more = "") {
    return post_request(
        "/v2/models/t/infer",
        fmt::format(
            R"({{"id":"v{}","inputs":[{{"name":"x","shape":[1,1],"datatype":"FP32","data":[{}]}}],"outputs":[{{"name":"y"}}]{}}})",
            value,
            value,
            more
        )
    );
}

class InferBatchTest : public ::testing::Test {
  protected:
    std::unique_ptr<RawClient> send(const std::string& request) {
        auto client = std::make_unique<RawClient>(server_.http->port());
        client->send(request);
        return client;
    }

    /// A request that keeps the one instance busy until release().
    std::unique_ptr<RawClient> occupy() {
        model_->hold();
        auto client = send(request_for(100));
        model_->wait_inside(1);
        return client;
    }

    /// Sends a request and returns when its row waits.
    std::unique_ptr<RawClient> queue_up(const std::string& request) {
        const std::int64_t before = waiting();
        auto client = send(request);
        while (waiting() == before) {
            std::this_thread::yield();
        }
        return client;
    }

    std::int64_t waiting() { return server_.version().waiting_rows(); }

    const serving::ServedCounts& counts() { return *server_.version().counts; }

    /// The captured row of the request with this id.
    Prediction row_of(const std::string& id) {
        const auto found = server_.world.capture.find("t", id);
        EXPECT_TRUE(found) << id;
        EXPECT_TRUE(!found || found->rows.size() == 1) << id;
        return found ? found->rows[0] : Prediction();
    }

    testing::InferServer server_{std::make_shared<testing::HeldModel>(), small_queue(), 2};
    testing::HeldModel* model_ = server_.model.get();
};

TEST_F(InferBatchTest, AnswersEightRequestsOutOfOneCall) {
    const auto first = occupy();
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(queue_up(request_for(static_cast<float>(i))));
    }
    model_->release();
    EXPECT_EQ(first->answer().status, 200);
    for (int i = 0; i < 8; ++i) {
        const RawAnswer answer = clients[static_cast<std::size_t>(i)]->answer();
        EXPECT_EQ(answer.status, 200);
        EXPECT_THAT(answer.body, HasSubstr(fmt::format("\"data\":[{}", 2 * i)));
        EXPECT_THAT(answer.head, HasSubstr(fmt::format("X-Request-Id: v{}\r\n", i)));
        const Prediction row = row_of(fmt::format("v{}", i));
        EXPECT_EQ(row.batch_rows, 8);
        EXPECT_EQ(row.status, 200);
        EXPECT_GT(row.us_total, 0);
        EXPECT_GE(row.us_total, row.us_queue);
    }
    EXPECT_EQ(counts().executions, 2);
    EXPECT_EQ(counts().answered_rows(), 9);
    EXPECT_EQ(counts().answered_requests(), 9);
    EXPECT_GT(counts().stage_nanos(serving::Stage::Queue), 0);
    EXPECT_EQ(counts().batch_rows[3], 1);
}

TEST_F(InferBatchTest, RefusesBeforeItReadsWhenTheQueueIsFull) {
    const auto first = occupy();
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 10; ++i) {
        clients.push_back(queue_up(request_for(static_cast<float>(i))));
    }
    RawClient client(server_.http->port());
    const RawAnswer answer =
        client.ask(post_request("/v2/models/t/infer", "no JSON at all", "X-Request-Id: full\r\n"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, "{\"error\":\"Too many rows wait for the model; try again: 10 of 10\"}");
    EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_THAT(answer.head, HasSubstr("X-Request-Id: full\r\n"));
    EXPECT_EQ(row_of("full").status, 503);
    EXPECT_EQ(server_.rejected(serving::Rejection::Queue), 1);
    model_->release();
    for (const auto& one : clients) {
        EXPECT_EQ(one->answer().status, 200);
    }
}

TEST_F(InferBatchTest, KeepsOfABodyThatDidNotParseItsStatusAndError) {
    RawClient client(server_.http->port());
    const RawAnswer answer =
        client.ask(post_request("/v2/models/t/infer", "no JSON at all", "X-Request-Id: bad\r\n"));
    EXPECT_EQ(answer.status, 400);
    const Prediction row = row_of("bad");
    EXPECT_EQ(row.status, 400);
    EXPECT_THAT(row.error, ::testing::StartsWith("Body of 14 bytes: "));
    EXPECT_EQ(row.payload, "");
    EXPECT_EQ(row.payload_digest, Digest());
    EXPECT_EQ(
        client.ask(post_request("/v2/models/t/infer", "x", "Content-Encoding: br\r\n")).status, 415
    );
    EXPECT_EQ(server_.world.capture.rows().back().status, 415);
    EXPECT_EQ(counts().failures, 2);
}

TEST_F(InferBatchTest, GivesUpOnWhatWaitsTooLong) {
    const auto first = occupy();
    RawClient client(server_.http->port());
    const RawAnswer answer = client.ask(request_for(1, R"(,"parameters":{"timeout":2000})"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("timed out"));
    EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_EQ(row_of("v1").status, 503);
    EXPECT_EQ(server_.rejected(serving::Rejection::TimeOut), 1);
    model_->release();
    EXPECT_EQ(first->answer().status, 200);
    EXPECT_EQ(model_->seen(), std::vector<float>{100});
    EXPECT_EQ(client.ask(request_for(2)).status, 200);
}

TEST_F(InferBatchTest, RecordsWhoLeftAndRunsNothingForThem) {
    auto running = occupy();
    auto waits = queue_up(request_for(1));
    const auto stays = queue_up(request_for(2));
    running.reset();
    waits.reset();
    while (server_.rejected(serving::Rejection::Cancel) < 2) {
        std::this_thread::yield();
    }
    EXPECT_EQ(waiting(), 1);
    model_->release();
    EXPECT_EQ(stays->answer().status, 200);
    server_.http->stop(seconds(20));
    for (const char* id : {"v100", "v1"}) {
        const Prediction row = row_of(id);
        EXPECT_EQ(row.status, 499);
        EXPECT_TRUE(row.cancelled);
    }
    EXPECT_EQ(model_->seen(), (std::vector<float>{100, 2}));
}

TEST_F(InferBatchTest, FailsOnlyTheRequestWithTheBadRow) {
    const auto first = occupy();
    const auto good = queue_up(request_for(1));
    const auto bad = queue_up(request_for(testing::kBreaks));
    model_->release();
    EXPECT_EQ(good->answer().status, 200);
    const RawAnswer answer = bad->answer();
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body, "{\"error\":\"Row is broken\"}");
    EXPECT_EQ(row_of("v-1").status, 500);
}

TEST_F(InferBatchTest, FinishesWhatWaitsWhenTheServerStops) {
    auto first = occupy();
    auto waits = queue_up(request_for(1));
    auto stopped = std::async(std::launch::async, [this] { server_.http->stop(seconds(20)); });
    model_->release();
    EXPECT_EQ(first->answer().status, 200);
    EXPECT_EQ(waits->answer().status, 200);
    first.reset();  // else the server waits for its clients to close
    waits.reset();
    stopped.wait();
}

TEST_F(InferBatchTest, EndsByForceWhileBatchesWaitAndRun) {
    const auto first = occupy();
    const auto waits = queue_up(request_for(1));
    server_.http->stop(milliseconds(0));
    EXPECT_EQ(row_of("v100").status, 499);
    EXPECT_EQ(row_of("v1").status, 499);
    model_->release();
}

}  // namespace
}  // namespace flywheel::gateway
