// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1/news.h"

#include <atomic>

#include <gtest/gtest.h>

#include "gateway/http/http_server.h"
#include "raw_client.h"

namespace flywheel::gateway {
namespace {

using std::chrono::milliseconds;
using testing::get_request;
using testing::RawClient;

constexpr std::string_view kHello = "19\r\nretry: 1000\n: listening\n\n\r\n";

constexpr std::string_view kAllTopics =
    "34\r\nevent: changed\ndata: {\"topics\":[\"labels\",\"turns\"]}\n\n\r\n";

std::string chunk(std::string_view text) {
    return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

class NewsTest : public ::testing::Test {
  protected:
    void start(News::Plan plan) {
        news_ = std::make_unique<News>(
            [this]() -> Result<News::Marks> {
                looks_ += 1;
                looks_.notify_all();
                if (fails_) {
                    return make_error(Code::Unavailable, "The ledger is busy");
                }
                return News::Marks{
                    {"labels", std::to_string(labels_)}, {"turns", std::to_string(turns_)}
                };
            },
            plan
        );
        router_.add(
            {.pattern = "/events",
             .name = "events",
             .run =
                 [this](const auto&, auto& response) {
                     auto listens = news_->listen(response);
                     asked_ += 1;
                     return listens;
                 }}
        );
        server_ = http::HttpServer::start(router_, {.port = 0, .threads = 1}).value();
    }

    void TearDown() override {
        news_->stop();
        server_.reset();
    }

    std::unique_ptr<RawClient> listener(bool waits_for_look = true) {
        auto client = std::make_unique<RawClient>(server_->port());
        EXPECT_EQ(client->ask(get_request("/events")).status, 200);
        EXPECT_EQ(client->bytes(kHello.size()), kHello);
        if (waits_for_look) {
            EXPECT_EQ(client->bytes(kAllTopics.size()), kAllTopics);
        }
        return client;
    }

    void wait_for_look() {
        const int before = looks_;
        looks_.wait(before);
        looks_.wait(before + 1);  // one that began after this was called
    }

    std::atomic<int> labels_ = 0;
    std::atomic<int> turns_ = 0;
    std::atomic<int> looks_ = 0;
    std::atomic<int> asked_ = 0;
    std::atomic<bool> fails_ = false;
    std::unique_ptr<News> news_;
    http::Router router_;
    std::unique_ptr<http::HttpServer> server_;
};

TEST_F(NewsTest, SaysWhichTopicsHaveChangedToAllWhoListen) {
    start({.look_every = milliseconds(2)});
    const auto one = listener();
    const auto two = listener();
    labels_ = 1;
    const auto labels = chunk("event: changed\ndata: {\"topics\":[\"labels\"]}\n\n");
    EXPECT_EQ(one->bytes(labels.size()), labels);
    EXPECT_EQ(two->bytes(labels.size()), labels);
    turns_ = 5;
    const auto turns = chunk("event: changed\ndata: {\"topics\":[\"turns\"]}\n\n");
    EXPECT_EQ(one->bytes(turns.size()), turns);
}

TEST_F(NewsTest, LooksOnlyWhileSomebodyListens) {
    start({.look_every = milliseconds(1)});
    EXPECT_EQ(looks_, 0);
    auto one = listener();
    one.reset();
    while (news_->listeners() > 0) {
        std::this_thread::yield();
    }
    const auto late = listener();
    turns_ = 1;
    const auto turns = chunk("event: changed\ndata: {\"topics\":[\"turns\"]}\n\n");
    EXPECT_EQ(late->bytes(turns.size()), turns);
}

TEST_F(NewsTest, SaysThatTheLineLives) {
    start({.look_every = milliseconds(1), .beat_every = milliseconds(1)});
    const auto one = listener(false);
    const auto beat = chunk(": beat\n\n");
    // The first look may come before, between or after three of them.
    const std::string told = one->bytes(kAllTopics.size() + 3 * beat.size());
    EXPECT_NE(told.find(beat + beat), std::string::npos) << told;
}

TEST_F(NewsTest, GoesOnAfterALookThatFailed) {
    start({.look_every = milliseconds(1)});
    const auto one = listener();
    fails_ = true;
    wait_for_look();
    labels_ = 1;
    fails_ = false;
    const auto labels = chunk("event: changed\ndata: {\"topics\":[\"labels\"]}\n\n");
    EXPECT_EQ(one->bytes(labels.size()), labels);
}

TEST_F(NewsTest, HasNoPlaceForTooMany) {
    start({.max_listeners = 1});
    const auto one = listener(false);
    RawClient two(server_->port());
    EXPECT_EQ(two.ask(get_request("/events")).status, 503);
}

TEST_F(NewsTest, ForgetsWhoNeverComesForMore) {
    start({.look_every = milliseconds(1), .max_listeners = 2});
    for (int i = 0; i < 20; ++i) {
        RawClient client(server_->port());
        const std::string head = "HEAD /events HTTP/1.1\r\nHost: test\r\n\r\n";
        EXPECT_EQ(client.ask(head, true).status, 200);
        EXPECT_EQ(client.ask(head, true).status, 200);
    }
    while (news_->listeners() > 0) {
        std::this_thread::yield();
    }
    for (int i = 0; i < 20; ++i) {
        RawClient client(server_->port());
        client.send(get_request("/events"));  // and leaves at once
    }
    // The last of them may have come only after it left.
    while (asked_ < 60 || news_->listeners() > 0) {
        std::this_thread::yield();
    }
    const auto one = listener();
    EXPECT_EQ(news_->listeners(), 1U);
}

TEST_F(NewsTest, EndsTheStreamsWhenItStops) {
    start({});
    const auto one = listener();
    news_->stop();
    EXPECT_EQ(one->bytes(5), "0\r\n\r\n");
    EXPECT_EQ(one->ask(get_request("/events")).status, 503);
}

}  // namespace
}  // namespace flywheel::gateway
