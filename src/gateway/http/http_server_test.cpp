// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/http_server.h"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "raw_client.h"

namespace flywheel::http {
namespace {

using std::chrono::milliseconds;
using testing::get_request;
using testing::post_request;
using testing::RawAnswer;
using testing::RawClient;

class HttpServerTest : public ::testing::Test {
  protected:
    HttpServerTest() {
        add(Method::Get, "/hello", [](const HttpRequest&, HttpResponse& response) -> Result<void> {
            response.body = "{\"hello\":true}";
            return {};
        });
        add(
            Method::Post,
            "/echo",
            [](const HttpRequest& request, HttpResponse& response) -> Result<void> {
                response.body = request.body;
                return {};
            },
            RouteSpeed::Fast,
            12 * 1024 * 1024
        );
        add(
            Method::Post,
            "/small",
            [](const HttpRequest&, HttpResponse&) -> Result<void> { return {}; },
            RouteSpeed::Fast,
            10
        );
        add(
            Method::Get,
            "/wait",
            [this](const HttpRequest&, HttpResponse& response) -> Result<void> {
                waiting_.set_value();
                release_.get_future().wait();
                response.body = "waited";
                return {};
            },
            RouteSpeed::Slow
        );
        add(
            Method::Get,
            "/slow",
            [](const HttpRequest&, HttpResponse&) -> Result<void> { return {}; },
            RouteSpeed::Slow
        );
        add(Method::Get, "/later", [](const HttpRequest&, HttpResponse&) -> Result<void> {
            return make_error(Code::Unavailable, "Not now: 1");
        });
    }

    void add(
        Method method,
        std::string pattern,
        RouteFunction run,
        RouteSpeed speed = RouteSpeed::Fast,
        std::uint64_t limit = kDefaultBodyLimit
    ) {
        std::string name = pattern.substr(1);
        router_.add({method, std::move(pattern), std::move(name), std::move(run), speed, limit});
    }

    void start(HttpServerPlan plan = {}) {
        plan.port = 0;
        auto server = HttpServer::start(router_, std::move(plan));
        ASSERT_TRUE(server.has_value()) << server.error().message;
        server_ = std::move(*server);
    }

    /// Asks on connection after connection, each as long as it is kept; the number of lost
    /// requests.
    int ask_until(const std::atomic<bool>& announced) {
        int lost = 0;
        while (!announced) {
            RawClient client(server_->port());
            for (bool open = true; open;) {
                const RawAnswer answer = client.ask(get_request("/hello"));
                lost += answer.status == 200 ? 0 : 1;
                open = answer.status == 200 &&
                       answer.head.find("Connection: close") == std::string::npos;
            }
        }
        return lost;
    }

    Router router_;
    std::unique_ptr<HttpServer> server_;
    std::promise<void> waiting_;
    std::promise<void> release_;
};

TEST_F(HttpServerTest, AnswersManyRequestsOnOneConnection) {
    start();
    RawClient client(server_->port());
    for (int i = 0; i < 100; ++i) {
        const RawAnswer answer = client.ask(get_request("/hello"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "{\"hello\":true}");
    }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
    start();
    RawClient client(server_->port());
    std::string all;
    for (int i = 0; i < 50; ++i) {
        all += post_request("/echo", std::to_string(i));
    }
    client.send(all);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(client.answer().body, std::to_string(i));
    }
}

TEST_F(HttpServerTest, ReadsBodiesHoweverTheyArrive) {
    start();
    RawClient client(server_->port());
    const std::string body(10 * 1024 * 1024, 'x');
    EXPECT_EQ(client.ask(post_request("/echo", body)).body, body);
    for (const char byte : post_request("/echo", "slowly")) {
        client.send(std::string_view(&byte, 1));
    }
    EXPECT_EQ(client.answer().body, "slowly");
    const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(
        client.ask(head + "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n" + get_request("/hello")).body,
        "hello!"
    );
    EXPECT_EQ(client.answer().body, "{\"hello\":true}");
}

TEST_F(HttpServerTest, SaysContinueOnlyWhenTheBodyIsWanted) {
    start();
    RawClient client(server_->port());
    const auto head = [](std::string_view path, int length) {
        return "POST " + std::string(path) +
               " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " +
               std::to_string(length) + "\r\n\r\n";
    };
    EXPECT_EQ(client.ask(head("/echo", 4)).status, 100);
    EXPECT_EQ(client.ask("body").body, "body");
    EXPECT_EQ(client.ask(head("/small", 11)).status, 413);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, RefusesALargeBodyAndStillDeliversTheAnswer) {
    start();
    RawClient client(server_->port());
    const RawAnswer answer = client.ask(post_request("/small", std::string(5 * 1024 * 1024, 'x')));
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.body, "{\"error\":\"Body is larger than the limit of 10 bytes: 5242880\"}");
    RawClient other(server_->port());
    const std::string chunked =
        "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n";
    EXPECT_EQ(other.ask(chunked).status, 413);
}

TEST_F(HttpServerTest, GivesErrorsTheOneBodyTheyHave) {
    start();
    RawClient client(server_->port());
    RawAnswer answer = client.ask(get_request("/nothing"));
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body, "{\"error\":\"Not Found\"}");
    answer = client.ask(get_request("/later"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.head.find("Retry-After: 1\r\n"), std::string::npos);
    answer = client.ask(get_request("/echo"));  // no body to skip: the connection stays
    EXPECT_EQ(answer.status, 405);
    EXPECT_NE(answer.head.find("Allow: POST\r\n"), std::string::npos);
    answer = client.ask("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.head.find("Content-Length: 14\r\n"), std::string::npos);
    answer = client.ask("HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n", true);
    EXPECT_EQ(answer.status, 404);
    answer = client.ask(post_request("/nothing", "body"));
    EXPECT_EQ(answer.status, 404);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, ClosesAfterAHeadThatIsNotStrict) {
    start();
    for (const std::string_view text : {
             "GET /hello HTTP/1.1\nHost: a\n\n",
             "GET /hello HTTP/1.1\r\n\r\n",
             "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
             "chunked\r\n\r\n0\r\n\r\n",
             "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\n",
         }) {
        SCOPED_TRACE(text);
        RawClient client(server_->port());
        const RawAnswer answer = client.ask(text);
        EXPECT_EQ(answer.status, 400);
        EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
        EXPECT_TRUE(client.closed_by_server());
    }
}

TEST_F(HttpServerTest, HonoursConnectionCloseAndHttpOneZero) {
    start();
    RawClient client(server_->port());
    EXPECT_EQ(
        client.ask("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").status, 200
    );
    EXPECT_TRUE(client.closed_by_server());
    RawClient old(server_->port());
    EXPECT_EQ(old.ask("GET /hello HTTP/1.0\r\n\r\n").status, 200);
    EXPECT_TRUE(old.closed_by_server());
}

TEST_F(HttpServerTest, AnswersAPeerThatHasEndedItsSide) {
    start();
    RawClient client(server_->port());
    client.send(get_request("/hello"));
    client.end_of_sending();
    EXPECT_EQ(client.answer().status, 200);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServerTest, GivesUpOnSlowPeers) {
    HttpServerPlan plan;
    plan.time_outs = {milliseconds(60), milliseconds(60), milliseconds(60), milliseconds(60)};
    start(std::move(plan));
    RawClient silent(server_->port());
    EXPECT_TRUE(silent.closed_by_server());
    RawClient half_a_head(server_->port());
    EXPECT_EQ(half_a_head.ask("GET /hello HTT").status, 408);
    EXPECT_TRUE(half_a_head.closed_by_server());
    RawClient half_a_body(server_->port());
    EXPECT_EQ(
        half_a_body.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf").status,
        408
    );
    RawClient idle(server_->port());
    EXPECT_EQ(idle.ask(get_request("/hello")).status, 200);
    EXPECT_TRUE(idle.closed_by_server());
    RawClient no_reader(server_->port());
    const std::string big = post_request("/echo", std::string(10 * 1024 * 1024, 'x'));
    while (no_reader.send(big)) {  // never reads: the server's writes stand still, then it resets
    }
    server_->stop(milliseconds(0));
    EXPECT_EQ(server_->in_flight(), 0U);
}

TEST_F(HttpServerTest, KeepsAnsweringWhileASlowRouteWaits) {
    HttpServerPlan plan;
    plan.threads = 1;
    start(std::move(plan));
    RawClient slow(server_->port());
    slow.send(get_request("/wait"));
    waiting_.get_future().wait();
    RawClient fast(server_->port());
    EXPECT_EQ(fast.ask(get_request("/hello")).status, 200);
    EXPECT_GE(server_->in_flight(), 1U);
    release_.set_value();
    EXPECT_EQ(slow.answer().body, "waited");
}

TEST_F(HttpServerTest, EndsWhileSlowRoutesRunAndWait) {
    HttpServerPlan plan;
    plan.threads = 1;
    plan.workers = 1;
    start(std::move(plan));
    RawClient running(server_->port());
    running.send(get_request("/wait"));
    waiting_.get_future().wait();
    RawClient gone(server_->port());
    gone.send(get_request("/slow"));
    auto ended = std::async(std::launch::async, [this] { server_.reset(); });
    EXPECT_TRUE(running.closed_by_server());
    release_.set_value();
    ended.get();
}

TEST_F(HttpServerTest, ServesSixtyFourConnectionsAtOnce) {
    HttpServerPlan plan;
    plan.threads = 2;
    start(std::move(plan));
    std::atomic<int> right = 0;
    std::vector<std::thread> peers;
    for (int peer = 0; peer < 64; ++peer) {
        peers.emplace_back([&, peer] {
            RawClient client(server_->port());
            for (int i = 0; i < 50; ++i) {
                const std::string body = std::to_string(peer * 1000 + i);
                right += client.ask(post_request("/echo", body)).body == body ? 1 : 0;
            }
        });
    }
    for (std::thread& peer : peers) {
        peer.join();
    }
    EXPECT_EQ(right, 64 * 50);
}

TEST_F(HttpServerTest, TurnsAwayConnectionsOverItsLimit) {
    HttpServerPlan plan;
    plan.max_connections = 2;
    plan.threads = 1;
    start(std::move(plan));
    RawClient first(server_->port());
    RawClient second(server_->port());
    EXPECT_EQ(first.ask(get_request("/hello")).status, 200);
    EXPECT_EQ(second.ask(get_request("/hello")).status, 200);
    RawClient third(server_->port());
    EXPECT_EQ(third.answer().status, 503);
    EXPECT_EQ(first.ask(get_request("/hello")).status, 200);
}

TEST_F(HttpServerTest, HoldsNoMoreBodiesThanItsMemoryAllows) {
    HttpServerPlan plan;
    plan.max_buffered = 4 * 1024 * 1024;
    plan.threads = 1;
    start(std::move(plan));
    const std::string half(2 * 1024 * 1024, 'x');
    RawClient first(server_->port());
    ASSERT_TRUE(first.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"));
    ASSERT_TRUE(first.send(half));
    const auto refused = first.ask(half);
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.head.find("Retry-After: 1"), std::string::npos);
    RawClient second(server_->port());
    ASSERT_TRUE(second.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    );
    ASSERT_TRUE(second.send("800000\r\n" + half));
    EXPECT_EQ(second.ask(half + half).status, 503);
    RawClient third(server_->port());
    EXPECT_EQ(third.ask(get_request("/hello")).status, 200);
    std::vector<std::unique_ptr<RawClient>> idle;  // they stay, but their memory comes back
    for (int i = 0; i < 6; ++i) {
        idle.push_back(std::make_unique<RawClient>(server_->port()));
        EXPECT_EQ(idle.back()->ask(post_request("/echo", half.substr(0, 900'000))).status, 200);
    }
}

TEST_F(HttpServerTest, GivesUpAnswersThatNobodyTakesWhenTheyFillItsMemory) {
    const std::string large(32 * 1024 * 1024, 'y');
    add(Method::Get, "/large", [&](const HttpRequest&, HttpResponse& response) -> Result<void> {
        response.body = large;
        return {};
    });
    HttpServerPlan plan;
    plan.max_buffered = 80 * 1024 * 1024;
    plan.threads = 1;
    start(std::move(plan));
    std::vector<std::unique_ptr<RawClient>> deaf;
    for (int i = 0; i < 3; ++i) {
        deaf.push_back(std::make_unique<RawClient>(server_->port()));
        deaf.back()->send(get_request("/large"));
        char first = 0;
        ASSERT_EQ(::recv(deaf.back()->socket(), &first, 1, MSG_PEEK), 1);
    }
    EXPECT_EQ(deaf[2]->answer().status, 0) << "it is cut off";
    RawClient other(server_->port());
    EXPECT_EQ(other.ask(get_request("/hello")).status, 200);
    EXPECT_EQ(deaf[0]->answer().body, large);
    EXPECT_EQ(deaf[1]->answer().body, large);
    EXPECT_EQ(deaf[0]->ask(get_request("/large")).body, large);
}

TEST_F(HttpServerTest, FinishesWhatIsInFlightWhenItStops) {
    start();
    RawClient idle(server_->port());
    EXPECT_EQ(idle.ask(get_request("/hello")).status, 200);
    RawClient busy(server_->port());
    busy.send(get_request("/wait"));
    waiting_.get_future().wait();
    auto stopped = std::async(std::launch::async, [&] { server_->stop(std::chrono::seconds(20)); });
    EXPECT_TRUE(idle.closed_by_server());
    release_.set_value();
    const RawAnswer answer = busy.answer();
    EXPECT_EQ(answer.body, "waited");
    EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(busy.closed_by_server());
    stopped.wait();
    EXPECT_FALSE(RawClient(server_->port()).connected());
}

TEST_F(HttpServerTest, LosesNoRequestThatWasSentBeforeItStopped) {
    for (int round = 0; round < 20; ++round) {
        start({.threads = 2});
        std::atomic<int> lost = 0;
        std::atomic<bool> announced = false;
        std::vector<std::thread> peers;
        for (int peer = 0; peer < 4; ++peer) {
            peers.emplace_back([&] { lost += ask_until(announced); });
        }
        server_->announce_close();
        announced = true;
        for (std::thread& peer : peers) {
            peer.join();
        }
        server_->stop(std::chrono::seconds(20));
        EXPECT_EQ(lost, 0);
    }
}

TEST_F(HttpServerTest, CutsWhatDoesNotFinishInTime) {
    start();
    RawClient half(server_->port());
    half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    RawClient other(server_->port());
    EXPECT_EQ(other.ask(get_request("/hello")).status, 200);
    server_->stop(milliseconds(1));
    EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(HttpServerTest, RunsBesideOthersAndRefusesATakenPort) {
    start();
    HttpServerPlan plan;
    plan.port = server_->port();
    const auto second = HttpServer::start(router_, plan);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Code::Unavailable);
    plan.address = "nowhere";
    EXPECT_EQ(HttpServer::start(router_, plan).error().code, Code::InvalidArgument);
    std::vector<std::unique_ptr<HttpServer>> servers;
    for (int i = 0; i < 10; ++i) {
        plan = {.port = 0};
        servers.push_back(*HttpServer::start(router_, plan));
        EXPECT_EQ(RawClient(servers.back()->port()).ask(get_request("/hello")).status, 200);
    }
}

}  // namespace
}  // namespace flywheel::http
