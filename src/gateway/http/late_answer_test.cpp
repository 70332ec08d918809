// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/late_answer.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "gateway/http/http_server.h"
#include "raw_client.h"

namespace flywheel::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::get_request;
using testing::post_request;
using testing::RawAnswer;
using testing::RawClient;

/// One answer that a route of the tests has put off.
struct Owed {
    std::shared_ptr<LateAnswer> answer;
    std::shared_ptr<const void> kept;
    std::string_view body;  // of the request, valid as long as `kept`

    void say(std::string text) const {
        answer->complete([text = std::move(text)](HttpResponse& response) -> Result<void> {
            response.body = text;
            return {};
        });
    }
};

class LateAnswerTest : public ::testing::Test {
  protected:
    LateAnswerTest() {
        add(Method::Get, "/hello", [](const HttpRequest&, HttpResponse& response) -> Result<void> {
            response.body = "hello";
            return {};
        });
        for (const Method method : {Method::Get, Method::Post}) {
            add(method, "/later", [this](const HttpRequest& request, HttpResponse&) {
                return put_off(request);
            });
        }
        add(Method::Get, "/held", [this](const HttpRequest& request, HttpResponse& response) {
            return hold(std::string(request.query), response);
        });
        add(Method::Get, "/held-later", [this](const HttpRequest& request, HttpResponse&) {
            const auto late = request.deferral->defer([] {});
            late->complete([this, how = std::string(request.query)](HttpResponse& response) {
                return hold(how, response);
            });
            return Result<void>();
        });
        add(Method::Get, "/at-once", [](const HttpRequest& request, HttpResponse&) -> Result<void> {
            request.deferral->defer([] {})->complete([](HttpResponse& response) -> Result<void> {
                response.body = "at once";
                return {};
            });
            return {};
        });
    }

    ~LateAnswerTest() override { server_.reset(); }

    void add(Method method, std::string pattern, RouteFunction run) {
        Route route;
        route.method = method;
        route.name = pattern.substr(1);
        route.pattern = std::move(pattern);
        route.run = std::move(run);
        route.body_limit = 64 * 1024 * 1024;
        router_.add(std::move(route));
    }

    /// Complete, but held back; let go at once, with an error, or by release().
    Result<void> hold(std::string how, HttpResponse& response) {
        response.body = "held";
        response.hold = [this, how = std::move(how)](Release release) {
            if (how == "at-once") {
                release({});
            } else if (how == "refused") {
                release(make_error(Code::Unavailable, "The disk is full"));
            } else {
                const std::scoped_lock lock(mutex_);
                held_.push_back(std::move(release));
                changed_.notify_all();
            }
        };
        return {};
    }

    Release take_held() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !held_.empty(); });
        Release release = std::move(held_.front());
        held_.pop_front();
        return release;
    }

    Result<void> put_off(const HttpRequest& request) {
        Owed owed;
        owed.body = request.body;
        owed.kept = request.deferral->keep_body();
        owed.answer = request.deferral->defer([this] {
            const std::scoped_lock lock(mutex_);
            gone_ += 1;
            changed_.notify_all();
        });
        const std::scoped_lock lock(mutex_);
        owed_.push_back(std::move(owed));
        changed_.notify_all();
        return {};
    }

    /// The next answer that is owed, once there is one.
    Owed next() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !owed_.empty(); });
        Owed owed = std::move(owed_.front());
        owed_.pop_front();
        return owed;
    }

    void wait_for_gone(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return gone_ >= count; });
        EXPECT_EQ(gone_, count);
    }

    void start(int threads = 1, HttpObserver* observer = nullptr) {
        HttpServerPlan plan;
        plan.observer = observer;
        plan.port = 0;
        plan.threads = threads;
        auto server = HttpServer::start(router_, std::move(plan));
        ASSERT_TRUE(server.has_value()) << server.error().message;
        server_ = std::move(*server);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Owed> owed_;
    std::deque<Release> held_;
    int gone_ = 0;
    Router router_;
    std::unique_ptr<HttpServer> server_;
};

void reset(const RawClient& client) {
    const linger at_once{1, 0};
    ::setsockopt(client.socket(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

TEST_F(LateAnswerTest, AnswersFromAnyThreadWhileOthersAreServed) {
    start();
    RawClient late(server_->port());
    for (int i = 0; i < 20; ++i) {
        late.send(get_request("/later"));
        const Owed owed = next();
        RawClient other(server_->port());
        EXPECT_EQ(other.ask(get_request("/hello")).body, "hello");
        std::thread([&] { owed.say(std::to_string(i)); }).join();
        EXPECT_EQ(late.answer().body, std::to_string(i));
    }
    EXPECT_EQ(late.ask(get_request("/at-once")).body, "at once");
    EXPECT_EQ(late.ask(get_request("/hello")).body, "hello");
    EXPECT_EQ(gone_, 0);
}

TEST_F(LateAnswerTest, TurnsAnErrorIntoItsAnswer) {
    start();
    RawClient client(server_->port());
    client.send(get_request("/later"));
    next().answer->complete([](HttpResponse&) -> Result<void> {
        return make_error(Code::Unavailable, "Queue is full: 7");
    });
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, "{\"error\":\"Queue is full: 7\"}");
    EXPECT_NE(answer.head.find("Retry-After: 1\r\n"), std::string::npos);
}

TEST_F(LateAnswerTest, TakesPipelinedRequestsForNoEnd) {
    start();
    RawClient client(server_->port());
    client.send(get_request("/later") + get_request("/hello") + get_request("/later"));
    const Owed first = next();
    client.send(get_request("/hello"));
    first.say("first");
    EXPECT_EQ(client.answer().body, "first");
    EXPECT_EQ(client.answer().body, "hello");
    next().say("second");
    EXPECT_EQ(client.answer().body, "second");
    EXPECT_EQ(client.answer().body, "hello");
    EXPECT_EQ(gone_, 0);
}

TEST_F(LateAnswerTest, ReadsOnlySomeOfWhatIsPipelined) {
    start();
    RawClient client(server_->port());
    const std::string body(3 * 1024 * 1024, 'b');
    client.send(get_request("/later"));
    const Owed first = next();
    auto sent = std::async(std::launch::async, [&] { client.send(post_request("/later", body)); });
    first.say("first");
    EXPECT_EQ(client.answer().body, "first");
    sent.wait();
    const Owed second = next();
    EXPECT_EQ(second.body, body);
    second.say("second");
    EXPECT_EQ(client.answer().body, "second");
}

TEST_F(LateAnswerTest, AnswersAPeerThatHasEndedItsSide) {
    start();
    RawClient client(server_->port());
    client.send(get_request("/later"));
    const Owed owed = next();
    client.end_of_sending();
    EXPECT_EQ(client.answer().status, 100);  // the question whether somebody is there
    owed.say("still there");
    EXPECT_EQ(client.answer().body, "still there");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(gone_, 0);
}

TEST_F(LateAnswerTest, AsksNobodyWhoSpeaksHttpOneZero) {
    start();
    RawClient client(server_->port());
    client.send("GET /later HTTP/1.0\r\n\r\n");
    const Owed owed = next();
    client.end_of_sending();
    RawClient other(server_->port());
    EXPECT_EQ(other.ask(get_request("/hello")).body, "hello");
    owed.say("old");
    EXPECT_EQ(client.answer().body, "old");
}

TEST_F(LateAnswerTest, TellsTheRouteThatTheClientHasGone) {
    start();
    int gone = 0;
    for (const bool by_reset : {false, true}) {
        for (const std::size_t pipelined : {0, 100, 100'000}) {
            SCOPED_TRACE(pipelined);
            auto client = std::make_unique<RawClient>(server_->port());
            client->send(get_request("/later"));
            const Owed owed = next();
            client->send(std::string(by_reset ? pipelined : 0, 'x'));
            if (by_reset) {
                reset(*client);
            }
            client.reset();
            wait_for_gone(++gone);
            owed.answer->complete([](HttpResponse&) -> Result<void> {
                ADD_FAILURE() << "nobody waits for this";
                return {};
            });
        }
    }
    RawClient client(server_->port());
    EXPECT_EQ(client.ask(get_request("/hello")).body, "hello");
}

TEST_F(LateAnswerTest, KeepsABodyForWhoeverAnswers) {
    start();
    for (const std::size_t size : {1, 3'000, 2'000'000}) {
        SCOPED_TRACE(size);
        RawClient client(server_->port());
        const std::string body(size, 'b');
        client.send(post_request("/later", body) + get_request("/hello"));
        const Owed plain = next();
        plain.say("plain");
        EXPECT_EQ(client.answer().body, "plain");
        EXPECT_EQ(client.answer().body, "hello");
        client.send("POST /later HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send("3\r\nabc\r\n0\r\n\r\n" + get_request("/hello"));
        const Owed chunked = next();
        chunked.say("chunked");
        EXPECT_EQ(client.answer().body, "chunked");
        EXPECT_EQ(client.answer().body, "hello");
        EXPECT_EQ(plain.body, body);
        EXPECT_EQ(chunked.body, "abc");
    }
}

/// Remembers what it was told of each request.
class Listener final : public HttpObserver {
  public:
    void answered(const HttpTrace& trace) override {
        if (trace.request == nullptr) {
            return;
        }
        heard += std::string(trace.request->path) + ' ';
        heard += trace.request->header("X-Name");
        heard += ' ' + std::to_string(trace.status) + '\n';
    }

    std::string heard;  // the one loop's thread only, until the server has stopped
};

TEST_F(LateAnswerTest, TellsTheObserverOfTheWholeRequest) {
    Listener listener;
    start(1, &listener);
    const std::string head = "GET /later HTTP/1.1\r\nHost: a\r\nX-Name: ";
    auto client = std::make_unique<RawClient>(server_->port());
    client->send(head + "first\r\n\r\n" + get_request("/hello"));
    {
        const Owed owed = next();
        client->send(std::string(3000, '\r') + "\n");  // read ahead
        owed.say("one");
    }
    EXPECT_EQ(client->answer().body, "one");
    client = std::make_unique<RawClient>(server_->port());
    client->send(head + "second\r\n\r\n");
    const Owed owed = next();
    client.reset();
    wait_for_gone(1);
    server_->stop(seconds(20));
    EXPECT_EQ(listener.heard.substr(0, 17), "/later first 200\n");
    EXPECT_NE(listener.heard.find("/later second 499\n"), std::string::npos);
}

TEST_F(LateAnswerTest, FinishesWhatIsOwedWhenItStops) {
    start();
    RawClient idle(server_->port());
    EXPECT_EQ(idle.ask(get_request("/hello")).status, 200);
    auto client = std::make_unique<RawClient>(server_->port());
    client->send(get_request("/later"));
    const Owed owed = next();
    auto stopped = std::async(std::launch::async, [&] { server_->stop(seconds(20)); });
    EXPECT_TRUE(idle.closed_by_server());
    owed.say("the last");
    const RawAnswer answer = client->answer();
    client.reset();
    EXPECT_EQ(answer.body, "the last");
    EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
    stopped.wait();
    EXPECT_EQ(gone_, 0);
}

TEST_F(LateAnswerTest, MayBeCompletedAfterTheServerHasEnded) {
    start();
    std::vector<std::unique_ptr<RawClient>> clients;
    std::vector<Owed> all;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(std::make_unique<RawClient>(server_->port()));
        clients.back()->send(get_request("/later"));
        all.push_back(next());
    }
    EXPECT_EQ(server_->in_flight(), 8U);
    server_->stop(milliseconds(0));
    EXPECT_EQ(server_->in_flight(), 0U);
    EXPECT_EQ(gone_, 8);
    server_.reset();
    for (const Owed& owed : all) {
        owed.say("too late");
    }
    EXPECT_TRUE(clients.front()->closed_by_server());
}

TEST_F(LateAnswerTest, EndsEachRequestOnceWhoeverComesFirst) {
    start(2);
    constexpr int kPeers = 8;
    constexpr int kRounds = 60;
    std::atomic<int> filled = 0;
    std::thread answerer([&] {
        for (int i = 0; i < kPeers * kRounds; ++i) {
            next().answer->complete([&](HttpResponse& response) -> Result<void> {
                filled += 1;
                response.body = "here";
                return {};
            });
        }
    });
    std::vector<std::thread> peers;
    for (std::uint64_t peer = 0; peer < kPeers; ++peer) {
        peers.emplace_back([&, peer] {
            Rng rng(peer);
            for (int round = 0; round < kRounds; ++round) {
                RawClient client(server_->port());
                client.send(get_request("/later"));
                const auto kind = rng.below(3);
                if (kind == 0) {
                    EXPECT_EQ(client.answer().body, "here");
                } else if (kind == 1) {
                    reset(client);
                }
            }
        });
    }
    for (std::thread& peer : peers) {
        peer.join();
    }
    answerer.join();
    server_->stop(seconds(20));
    EXPECT_EQ(filled + gone_, kPeers * kRounds);
}

TEST_F(LateAnswerTest, HoldsAFinishedAnswerBackUntilItIsLetGo) {
    start();
    RawClient client(server_->port());
    for (const char* path : {"/held", "/held-later"}) {
        SCOPED_TRACE(path);
        EXPECT_EQ(client.ask(get_request(std::string(path) + "?at-once")).body, "held");
        const RawAnswer refused = client.ask(get_request(std::string(path) + "?refused"));
        EXPECT_EQ(refused.status, 503);
        EXPECT_EQ(refused.body, "{\"error\":\"The disk is full\"}");
        client.send(get_request(path) + get_request("/hello"));
        const Release release = take_held();
        RawClient other(server_->port());
        EXPECT_EQ(other.ask(get_request("/hello")).body, "hello");
        std::thread([&] { release({}); }).join();
        EXPECT_EQ(client.answer().body, "held");
        EXPECT_EQ(client.answer().body, "hello");
    }
    auto gone = std::make_unique<RawClient>(server_->port());
    gone->send(get_request("/held"));
    const Release release = take_held();
    reset(*gone);
    gone.reset();
    release({});
    EXPECT_EQ(client.ask(get_request("/hello")).body, "hello");
}

}  // namespace
}  // namespace flywheel::http
