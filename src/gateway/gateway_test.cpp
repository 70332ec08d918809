// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include <atomic>
#include <set>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/access.h"
#include "gateway/capture_routes.h"
#include "gateway/feedback_json.h"
#include "gateway/v2_routes.h"
#include "raw_client.h"
#include "serving_world.h"

namespace flywheel::gateway {
namespace {

using testing::get_request;
using ::testing::HasSubstr;
using testing::post_request;
using testing::RawClient;

std::string infer_body(std::string_view text) {
    std::string body = R"({"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":[)";
    http::append_json_string(body, text);
    return body + "]}]}";
}

class GatewayTest : public ::testing::Test {
  protected:
    GatewayTest() {
        world_.add_version("m", 1, "0.5,0.25,0.25");
        world_.add_version("m", 2, "0.25,0.5,0.25");
        world_.roll_out("m", 1);
        EXPECT_TRUE(world_.serving.refresh_all());
        add_v2_routes(gateway_, {&world_.serving, "test"});
        add_capture_routes(
            gateway_, {&world_.serving, &world_.capture, &world_.capture, &world_.clock}
        );
        EXPECT_TRUE(gateway_.start({.port = 0, .threads = 2, .time_outs = {}}));
    }

    testing::ServingWorld world_;
    Gateway gateway_;
};

TEST_F(GatewayTest, NamesTheLimitOfATextOfTenMebibytes) {
    RawClient client(gateway_.port());
    const auto answer = client.ask(
        post_request("/v2/models/m/infer", infer_body(std::string(10 * 1024 * 1024, 'x')))
    );
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(
        answer.body,
        "{\"error\":\"Row 0: text is larger than the limit of 1048576 bytes: 10485760\"}"
    );
    EXPECT_EQ(client.ask(get_request("/v2/health/live")).status, 200);
}

TEST_F(GatewayTest, NamesTheByteThatIsNotUtf8) {
    RawClient client(gateway_.port());
    std::string body = infer_body("abc");
    body[body.find("abc") + 1] = '\xFF';
    const auto answer = client.ask(post_request("/v2/models/m/infer", body));
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(
        answer.body,
        "{\"error\":\"Request body: Text is not valid UTF-8 at byte " +
            std::to_string(body.find('\xFF')) + "\"}"
    );
    body = R"({"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["\udc00"]}]})";
    EXPECT_EQ(client.ask(post_request("/v2/models/m/infer", body)).status, 400);
}

TEST_F(GatewayTest, AcceptsNestingOfAHundredAndNoMore) {
    RawClient client(gateway_.port());
    const auto deep = [](std::size_t depth) {
        return R"({"x":)" + std::string(depth, '[') + std::string(depth, ']') + "," +
               infer_body("x").substr(1);
    };
    EXPECT_EQ(client.ask(post_request("/v2/models/m/infer", deep(99))).status, 200);
    const auto refused = client.ask(post_request("/v2/models/m/infer", deep(100)));
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("limit of 100"));
    EXPECT_EQ(client.ask(post_request("/v2/models/m/infer", deep(100'000))).status, 400);
}

TEST(GatewayBatching, IsShownAsTheModelsOwn) {
    serving::Plan plan;
    plan.batching.batch_rows = 16;
    plan.model_batching["own"] = {
        .batch_rows = 8, .delay = std::chrono::microseconds(2500), .instances = 2
    };
    testing::ServingWorld world(plan);
    for (const char* model : {"own", "other"}) {
        world.add_version(model, 1, "echo INT16 2");
        world.roll_out(model, 1);
    }
    ASSERT_TRUE(world.serving.refresh_all());
    Gateway gateway;
    add_v2_routes(gateway, {&world.serving, "test"});
    ASSERT_TRUE(gateway.start({.port = 0, .threads = 1, .time_outs = {}}));
    RawClient client(gateway.port());
    const std::string own = client.ask(get_request("/v2/models/own/config")).body;
    EXPECT_THAT(own, HasSubstr(R"("max_batch_size":8,)"));
    EXPECT_THAT(own, HasSubstr(R"([{"kind":"KIND_CPU","count":2}])"));
    EXPECT_THAT(own, HasSubstr(R"({"max_queue_delay_microseconds":2500})"));
    const std::string other = client.ask(get_request("/v2/models/other/config")).body;
    EXPECT_THAT(other, HasSubstr(R"("max_batch_size":16,)"));
    EXPECT_THAT(other, HasSubstr(R"({"max_queue_delay_microseconds":0})"));
}

TEST(GatewayLimits, AreThoseOfTheRouteAndNamedInTheRefusal) {
    testing::ServingWorld world;
    world.add_version("m", 1, "0.5,0.25,0.25");
    world.roll_out("m", 1);
    world.add_version("t", 1, "echo INT16 2");
    world.roll_out("t", 1);
    ASSERT_TRUE(world.serving.refresh_all());
    Gateway gateway({
        .infer = {.body = 300, .tensors = 8},
        .feedback_body = 200,
        .other_body = 100,
    });
    add_v2_routes(gateway, {&world.serving, "test"});
    add_capture_routes(gateway, {&world.serving, &world.capture, &world.capture, &world.clock});
    ASSERT_TRUE(gateway.start({.port = 0, .threads = 1, .head = {.fields = 20}, .time_outs = {}}));
    const auto says = [&](const std::string& request) {
        return RawClient(gateway.port()).ask(request).body;
    };
    const std::string much(301, ' ');
    EXPECT_THAT(says(post_request("/v2/models/m/infer", much)), HasSubstr("limit of 300 bytes"));
    EXPECT_THAT(says(post_request("/v2/models/m/feedback", much)), HasSubstr("limit of 200 bytes"));
    EXPECT_THAT(says(post_request("/v2/repository/index", much)), HasSubstr("limit of 100 bytes"));
    EXPECT_THAT(
        says(post_request("/v2/repository/models/m/load", much)), HasSubstr("limit of 300 bytes")
    );
    const auto numbers = [](std::size_t rows, std::string_view data) {
        return R"({"inputs":[{"name":"x","datatype":"INT16","shape":[)" + std::to_string(rows) +
               ",2],\"data\":[" + std::string(data) + "]}]}";
    };
    EXPECT_THAT(says(post_request("/v2/models/t/infer", numbers(2, "1,2,3,4"))), HasSubstr("4"));
    EXPECT_THAT(
        says(post_request("/v2/models/t/infer", numbers(3, "1,2,3,4,5,6"))),
        HasSubstr("more than the limit of 8 bytes")
    );
    std::string fields = "GET /v2 HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 20; ++i) {
        fields += "X: 1\r\n";
    }
    EXPECT_THAT(says(fields + "\r\n"), HasSubstr("limit of 20"));
}

TEST(GatewayKeys, AFeedbackBatchCostsATokenForEachHundredLinesBegun) {
    testing::ServingWorld world;
    world.add_version("m", 1, "0.5,0.25,0.25");
    world.roll_out("m", 1);
    ASSERT_TRUE(world.serving.refresh_all());
    Keys keys(Writer<ApiKey>(world.ledger), world.clock);
    const auto key = keys.add({.name = "shop", .roles = {"feedback"}, .rate = 0.001, .burst = 6});
    ASSERT_TRUE(key);
    Access access({}, world.clock, "");
    access.refresh(keys.list().value());
    Gateway gateway;
    add_capture_routes(
        gateway,
        {.serving = &world.serving,
         .feedback = &world.capture,
         .captured = &world.capture,
         .clock = &world.clock,
         .access = &access}
    );
    ASSERT_TRUE(gateway.start({.port = 0, .threads = 1, .time_outs = {}, .guard = &access}));
    RawClient client(gateway.port());
    const auto say = [&](int lines) {
        std::string body;
        for (int i = 0; i < lines; ++i) {
            body +=
                "\n"
                R"({"id":"q","correct":false})"
                "\n";
        }
        return client.ask(post_request(
            "/v2/models/m/feedback",
            body,
            "Content-Type: application/x-ndjson\r\nAuthorization: Bearer " + key->secret + "\r\n"
        ));
    };
    EXPECT_EQ(say(100).status, 202);  // 5 of 6 tokens are left
    EXPECT_EQ(say(101).status, 202);  // 3
    EXPECT_EQ(world.capture.said().size(), 201U);
    const auto refused = say(301);  // 2, and it costs 3 more
    EXPECT_EQ(refused.status, 429);
    EXPECT_THAT(refused.head, HasSubstr("Retry-After: 2000\r\n"));
    EXPECT_EQ(world.capture.said().size(), 201U) << "nothing of it is stored";
    EXPECT_EQ(say(101).status, 202);  // 0
    EXPECT_EQ(say(1).status, 429);
    EXPECT_EQ(world.capture.said().size(), 302U);
}

TEST(GatewayAudit, ShowsWhatWasAskedUnlessTheRouteKeepsItPrivate) {
    testing::PlainLedger ledger;
    ManualClock clock{*parse_time("2026-03-01T12:00:00Z")};
    const trail::AuditLog audit(Writer<AuditEvent>(ledger), clock);
    Gateway gateway;
    gateway.keep_audit(audit);
    for (const bool secret : {false, true}) {
        http::Route route;
        route.method = http::Method::Post;
        route.pattern = secret ? "/v1/secret" : "/v1/plain";
        route.name = secret ? "secret" : "plain";
        route.run = [](const http::HttpRequest&, http::HttpResponse&) { return Result<void>(); };
        route.speed = http::RouteSpeed::Slow;
        route.private_body = secret;
        gateway.add(std::move(route));
    }
    ASSERT_TRUE(gateway.start({.port = 0, .threads = 1, .time_outs = {}}));
    RawClient client(gateway.port());
    const std::string body = R"({ "subject": "kim" })";
    EXPECT_EQ(client.ask(post_request("/v1/plain", body)).status, 200);
    EXPECT_EQ(client.ask(post_request("/v1/plain", "no JSON")).status, 200);
    EXPECT_EQ(client.ask(post_request("/v1/secret", body)).status, 200);
    const auto events = audit.newest(10);
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), 3U);
    EXPECT_EQ((*events)[2].act, "plain");
    EXPECT_EQ((*events)[2].detail, R"({"subject":"kim"})");
    EXPECT_EQ((*events)[1].detail, R"({"bytes":7})");
    EXPECT_EQ((*events)[0].act, "secret");
    EXPECT_EQ((*events)[0].about, "/v1/secret");
    EXPECT_EQ((*events)[0].detail, "");
    for (const AuditEvent& event : *events) {
        const bool shown = to_json_text(event).find("kim") != std::string::npos;
        EXPECT_EQ(shown, event.seq == 1) << to_json_text(event);
    }
}

TEST_F(GatewayTest, SaysUnavailableWhenFeedbackCannotBeStored) {
    world_.capture.disk_full = true;
    RawClient client(gateway_.port());
    const auto answer =
        client.ask(post_request("/v2/models/m/feedback", R"({"id":"q","correct":false})"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1"));
    EXPECT_THAT(answer.body, HasSubstr("no space left"));
}

TEST_F(GatewayTest, ShowsWhatItCounted) {
    RawClient client(gateway_.port());
    for (int i = 0; i < 3; ++i) {
        client.ask(post_request("/v2/models/m/infer", infer_body("x")));
    }
    client.ask(post_request("/v2/models/m/infer", infer_body("")));
    client.ask(post_request("/v2/models/unknown/infer", infer_body("x")));
    client.ask(get_request("/nothing"));
    const auto answer = client.ask(get_request("/metrics"));
    EXPECT_THAT(answer.head, HasSubstr("Content-Type: text/plain; version=0.0.4"));
    for (const std::string_view line : {
             "fw_requests_total{route=\"infer\",code=\"200\"} 3\n",
             "fw_requests_total{route=\"infer\",code=\"400\"} 1\n",
             "fw_requests_total{route=\"infer\",code=\"404\"} 1\n",
             "fw_requests_total{route=\"none\",code=\"404\"} 1\n",
             "fw_http_request_seconds_count{route=\"infer\"} 5\n",
             "fw_http_request_seconds_bucket{route=\"infer\",le=\"+Inf\"} 5\n",
             "fw_request_seconds_count{model=\"m\",version=\"1\",route=\"stable\"} 3\n",
             "fw_postprocess_seconds_bucket{model=\"m\",version=\"1\",route=\"stable\",le=\"+Inf\"}"
             " 3\n",
             "fw_capture_seconds_count{model=\"m\",version=\"1\",route=\"stable\"} 3\n",
             "fw_executions_total{model=\"m\",version=\"1\"} 3\n",
             "fw_batch_rows_bucket{model=\"m\",version=\"1\",le=\"1\"} 3\n",
             "fw_rejected_total{model=\"m\",version=\"1\",reason=\"timeout\"} 0\n",
             "fw_rows_total{model=\"m\",version=\"1\",route=\"stable\"} 3\n",
             "fw_refused_rows_total{model=\"m\",version=\"1\"} 1\n",
             "fw_label_version{model=\"m\",label=\"stable\"} 1\n",
             "fw_ready 1\n",
             "# TYPE process_resident_memory_bytes gauge\n",
         }) {
        EXPECT_THAT(answer.body, HasSubstr(std::string(line)));
    }
    EXPECT_EQ(answer.body.find("unknown"), std::string::npos);
    std::set<std::string> families;  // the format allows each one once
    std::istringstream lines(answer.body);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) {
            EXPECT_TRUE(families.insert(line.substr(7, line.find(' ', 7) - 7)).second) << line;
        }
    }
}

TEST_F(GatewayTest, IsNotReadyWhileItStopsButStillAnswers) {
    RawClient client(gateway_.port());
    EXPECT_EQ(client.ask(get_request("/v2/health/ready")).status, 200);
    gateway_.announce_stop();
    const auto answer = client.ask(get_request("/v2/health/ready"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, "{\"error\":\"Not ready: the server is stopping\"}");
    RawClient other(gateway_.port());
    EXPECT_EQ(other.ask(post_request("/v2/models/m/infer", infer_body("x"))).status, 200);
    EXPECT_TRUE(other.closed_by_server());
}

TEST_F(GatewayTest, IsNotReadyWhenAModelFailedToLoad) {
    world_.add_version("n", 1, "damaged");
    world_.roll_out("n", 1);
    EXPECT_FALSE(world_.serving.refresh_all());
    RawClient client(gateway_.port());
    EXPECT_EQ(client.ask(get_request("/v2/health/ready")).status, 503);
    EXPECT_EQ(client.ask(get_request("/v2/models/n/ready")).status, 503);
    EXPECT_EQ(client.ask(get_request("/v2/models/m/ready")).status, 200);
}

TEST_F(GatewayTest, SwapsVersionsUnderLoadWithoutAFailedRequest) {
    std::atomic<bool> done = false;
    std::atomic<int> failed = 0;
    std::atomic<int> answered = 0;
    std::vector<std::thread> peers;
    for (int peer = 0; peer < 4; ++peer) {
        peers.emplace_back([&] {
            RawClient client(gateway_.port());
            while (!done) {
                failed +=
                    client.ask(post_request("/v2/models/m/infer", infer_body("x"))).status == 200
                        ? 0
                        : 1;
                ++answered;
            }
        });
    }
    for (int swap = 0; swap < 50 || answered < 500; ++swap) {
        world_.roll_out("m", 1 + swap % 2);
        EXPECT_TRUE(world_.serving.refresh("m"));
    }
    done = true;
    for (std::thread& peer : peers) {
        peer.join();
    }
    EXPECT_EQ(failed, 0);
}

TEST(Feedback, HasLimits) {
    const FeedbackContext context{"m", Time(), {"a"}};
    EXPECT_FALSE(
        parse_feedback(R"({"id":"q","label":"a","by":")" + std::string(129, 'x') + "\"}", context)
    );
    EXPECT_FALSE(parse_feedback(
        R"({"id":"q","label":"a","comment":")" + std::string(2049, 'x') + "\"}", context
    ));
    EXPECT_FALSE(parse_feedback(R"({"id":"q","x":")" + std::string(65'536, 'x') + "\"}", context));
    std::string lines;
    for (int i = 0; i <= 10'000; ++i) {
        lines += "{}\n";
    }
    EXPECT_THAT(parse_feedback_lines(lines, context).error().message, HasSubstr("10000"));
    const auto batch = parse_feedback_lines(lines.substr(0, 600), context);
    EXPECT_EQ(batch->refused_count, 200);
    EXPECT_EQ(batch->refused.size(), 100U);
}

}  // namespace
}  // namespace flywheel::gateway
