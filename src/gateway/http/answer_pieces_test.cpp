// SPDX-License-Identifier: Apache-2.0
// Answers whose body comes piece by piece: HttpResponse::more.
#include <condition_variable>
#include <future>
#include <mutex>

#include <gtest/gtest.h>

#include "gateway/http/http_server.h"
#include "gateway/http/late_answer.h"
#include "raw_client.h"

namespace flywheel::http {
namespace {

using std::chrono::seconds;
using testing::get_request;
using testing::RawClient;

class AnswerPiecesTest : public ::testing::Test {
  protected:
    AnswerPiecesTest() {
        add("/pieces", [this](const HttpRequest&, HttpResponse& response) -> Result<void> {
            response.body = "first";
            go_on(response);
            return {};
        });
        add("/hello", [](const HttpRequest&, HttpResponse& response) -> Result<void> {
            response.body = "hello";
            return {};
        });
    }

    ~AnswerPiecesTest() override { server_.reset(); }

    void add(std::string pattern, RouteFunction run) {
        Route route;
        route.name = pattern.substr(1);
        route.pattern = std::move(pattern);
        route.run = std::move(run);
        router_.add(std::move(route));
    }

    void go_on(HttpResponse& response) {
        response.more = [this](Deferral& deferral) {
            auto late = deferral.defer([this] {
                const std::scoped_lock lock(mutex_);
                gone_ += 1;
                changed_.notify_all();
            });
            const std::scoped_lock lock(mutex_);
            owed_ = std::move(late);
            changed_.notify_all();
        };
    }

    /// Says the next piece, once it is asked for.
    void say(const std::string& text, bool last = false) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return owed_ != nullptr; });
        std::exchange(owed_, nullptr)->complete([this, text, last](HttpResponse& response) {
            response.body = text;
            if (!last) {
                go_on(response);
            }
            return Result<void>();
        });
    }

    void wait_for_gone() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return gone_ == 1; });
    }

    void start(HttpObserver* observer = nullptr) {
        HttpServerPlan plan;
        plan.observer = observer;
        plan.port = 0;
        plan.threads = 1;
        server_ = HttpServer::start(router_, std::move(plan)).value();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<LateAnswer> owed_;
    int gone_ = 0;
    Router router_;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(AnswerPiecesTest, ComeAsChunksEachAsSoonAsItIsSaid) {
    start();
    RawClient client(server_->port());
    for (int round = 0; round < 2; ++round) {
        const auto first = client.ask(get_request("/pieces"));
        EXPECT_EQ(first.status, 200);
        EXPECT_NE(first.head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
        EXPECT_EQ(first.head.find("Content-Length"), std::string::npos);
        EXPECT_EQ(client.bytes(10), "5\r\nfirst\r\n");
        RawClient other(server_->port());
        EXPECT_EQ(other.ask(get_request("/hello")).body, "hello");
        say("the second one");
        EXPECT_EQ(client.bytes(19), "e\r\nthe second one\r\n");
        say("");  // nothing to say is no end
        say("x", true);
        EXPECT_EQ(client.bytes(11), "1\r\nx\r\n0\r\n\r\n");
    }
    EXPECT_EQ(client.ask(get_request("/hello")).body, "hello");
    EXPECT_EQ(gone_, 0);
}

TEST_F(AnswerPiecesTest, LargerThanTheKernelTakes) {
    start();
    RawClient client(server_->port());
    client.send(get_request("/pieces"));
    client.answer();
    client.bytes(10);
    const std::string large(20'000'000, 'x');
    say(large);
    EXPECT_EQ(client.bytes(9), "1312d00\r\n");
    EXPECT_EQ(client.bytes(large.size()), large);
    EXPECT_EQ(client.bytes(2), "\r\n");
    say("", true);
    EXPECT_EQ(client.bytes(5), "0\r\n\r\n");
}

TEST_F(AnswerPiecesTest, EndAHttpOneZeroConnection) {
    start();
    RawClient client(server_->port());
    client.send("GET /pieces HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.answer().head.find("chunked"), std::string::npos);
    EXPECT_EQ(client.bytes(5), "first");
    say("second", true);
    EXPECT_EQ(client.bytes(6), "second");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(AnswerPiecesTest, HaveNoBodyForHead) {
    start();
    RawClient client(server_->port());
    const auto head = client.ask("HEAD /pieces HTTP/1.1\r\nHost: test\r\n\r\n", true);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(client.ask(get_request("/hello")).body, "hello");
    EXPECT_EQ(owed_, nullptr);
}

TEST_F(AnswerPiecesTest, StopWhenTheClientHasGone) {
    start();
    for (const bool by_half : {false, true}) {
        gone_ = 0;
        auto client = std::make_unique<RawClient>(server_->port());
        client->send(get_request("/pieces"));
        client->answer();
        EXPECT_EQ(client->bytes(10), "5\r\nfirst\r\n");
        if (by_half) {
            client->end_of_sending();
        } else {
            client.reset();
        }
        wait_for_gone();
        say("to nobody");
    }
}

TEST_F(AnswerPiecesTest, GoOnWhileTheServerStopsUntilTheyAreSaid) {
    start();
    auto client = std::make_unique<RawClient>(server_->port());
    client->send(get_request("/pieces"));
    client->answer();
    client->bytes(10);
    auto stopped = std::async(std::launch::async, [&] { server_->stop(seconds(20)); });
    say("last", true);
    EXPECT_EQ(client->bytes(14), "4\r\nlast\r\n0\r\n\r\n");
    client.reset();
    stopped.wait();
    EXPECT_EQ(gone_, 0);
}

}  // namespace
}  // namespace flywheel::http
