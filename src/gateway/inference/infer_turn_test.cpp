// SPDX-License-Identifier: Apache-2.0
// Long inferences of a model that runs on the HTTP threads: they wait for each other, a few of
// them, and everything else goes on.
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer_server.h"
#include "raw_client.h"

namespace flywheel::gateway {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::post_request;
using testing::RawAnswer;
using testing::RawClient;

constexpr std::int64_t kMostRows = 10;

serving::Plan ten_rows_wait() {
    serving::Plan plan;
    plan.batching.queue_rows = kMostRows;
    return plan;
}

/// Four rows, told apart by `value`; long enough to be a long request once one was.
std::string four_rows(int value, std::string_view more = "") {
    return post_request(
        "/v2/models/t/infer",
        fmt::format(
            R"({{"id":"v{0}","inputs":[{{"name":"x","shape":[4,1],"datatype":"FP32","data":[{0},1,1,1]}}],"outputs":[{{"name":"y"}}]{1}}})",
            value,
            more
        )
    );
}

class InferTurnTest : public ::testing::Test {
  protected:
    /// Connections that the server knows already: what is sent by them is read in one round.
    std::vector<std::unique_ptr<RawClient>> connect(int count) {
        std::vector<std::unique_ptr<RawClient>> clients;
        for (int i = 0; i < count; ++i) {
            clients.push_back(std::make_unique<RawClient>(server_.http->port()));
            clients.back()->send(testing::get_request("/nothing"));
            EXPECT_EQ(clients.back()->answer().status, 404);
        }
        return clients;
    }

    /// The one thread is in the model until release(), and knows by then that these are long.
    void occupy(RawClient& client) {
        model_->hold();
        client.send(four_rows(100));
        model_->wait_inside(1);
        std::this_thread::sleep_for(milliseconds(20));
    }

    testing::InferServer server_{std::make_shared<testing::HeldModel>(true), ten_rows_wait(), 1};
    testing::HeldModel* model_ = server_.model.get();
};

TEST_F(InferTurnTest, LetsAsManyRowsWaitAsMayAndRefusesTheRestAtOnce) {
    const auto first = std::move(connect(1).front());
    const auto clients = connect(6);
    occupy(*first);
    for (int i = 0; i < 6; ++i) {
        clients[static_cast<std::size_t>(i)]->send(four_rows(i));
    }
    model_->release();
    EXPECT_EQ(first->answer().status, 200);
    int answered = 0;
    for (const auto& client : clients) {
        const RawAnswer answer = client->answer();
        answered += answer.status == 200 ? 1 : 0;
        if (answer.status != 200) {
            EXPECT_EQ(answer.status, 503);
            EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1\r\n"));
            EXPECT_THAT(
                answer.body, HasSubstr("Too many rows wait for the model; try again: 8 of 10")
            );
        }
    }
    EXPECT_EQ(answered, 2);  // 8 of 10 rows; the next four are too many
    EXPECT_EQ(server_.rejected(serving::Rejection::Queue), 4);
    EXPECT_EQ(server_.version().waiting_rows(), 0);
    EXPECT_GT(server_.version().counts->stage_nanos(serving::Stage::Queue), 0);
    int refused = 0;
    for (const Prediction& row : server_.world.capture.rows()) {
        refused += row.status == 503 ? 1 : 0;
    }
    EXPECT_EQ(refused, 16);  // recorded, row by row
}

TEST_F(InferTurnTest, LeavesTheLineWhenItsClientHasGone) {
    auto clients = connect(3);
    occupy(*clients[0]);
    clients[1]->send(four_rows(1));
    clients[2]->send(four_rows(2));
    clients[1].reset();
    model_->release();
    EXPECT_EQ(clients[0]->answer().status, 200);
    EXPECT_EQ(clients[2]->answer().status, 200);
    EXPECT_EQ(server_.version().waiting_rows(), 0);
    clients[0]->send(four_rows(4));
    EXPECT_EQ(clients[0]->answer().status, 200);  // the line goes on
}

TEST_F(InferTurnTest, DoesNotRunWhatIsTooLate) {
    const auto clients = connect(2);
    occupy(*clients[0]);
    clients[1]->send(four_rows(7, R"(,"parameters":{"timeout":1})"));
    model_->release();
    EXPECT_EQ(clients[0]->answer().status, 200);
    const RawAnswer answer = clients[1]->answer();
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("timed out in the queue"));
    EXPECT_EQ(server_.rejected(serving::Rejection::TimeOut), 1);
    EXPECT_THAT(model_->seen(), ::testing::Not(::testing::Contains(7.0F)));
}

TEST_F(InferTurnTest, LeavesNobodyInTheLineAtAForcedStop) {
    const auto clients = connect(3);
    occupy(*clients[0]);
    clients[1]->send(four_rows(1));
    clients[2]->send(four_rows(2));
    std::thread stopper([this] { server_.http->stop(milliseconds(0)); });
    std::this_thread::sleep_for(milliseconds(10));
    model_->release();
    stopper.join();
    EXPECT_EQ(server_.version().waiting_rows(), 0);
}

}  // namespace
}  // namespace flywheel::gateway
