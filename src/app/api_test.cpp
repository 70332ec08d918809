// SPDX-License-Identifier: Apache-2.0
// Plays the conversations in tests/api/v1 against a real project: model "m", labels cold and warm,
// version 1 trained and served since 2026-03-01, 60 rows served the day after, and turn 2 waiting
// for 12 answers at 2026-03-03.
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "app/server.h"
#include "base/json_value.h"
#include "base/log.h"
#include "gateway/page/page.h"
#include "gateway/v1/news.h"
#include "gateway/v1/routes.h"
#include "raw_client.h"
#include "temp_folder.h"
#include "transcript.h"

namespace flywheel::app {
namespace {

Settings settings_of_test() {
    Settings settings;
    settings.model = "m";
    settings.policy.trials = 1;
    settings.policy.label_share = 0.2;
    return settings;
}

class ApiTest : public ::testing::Test {
  protected:
    ApiTest() { set_log_level(LogLevel::Off); }

    void prepare() {
        ASSERT_TRUE(Project::create(folder_.path() / "m", settings_of_test()));
        OpenOptions options;
        options.id_seed = 1;  // the same ids each time, so the same rows are audited
        auto opened = Project::open(folder_.path() / "m", clock_, std::move(options));
        ASSERT_TRUE(opened) << opened.error().message;
        project_ = std::move(*opened);
        import_rows();
        turn_until("done");
        serve_rows();
        clock_.set(*parse_time("2026-03-03"));
        turn_until("waiting");
    }

    void import_rows() {
        const auto file = folder_.path() / "rows.csv";
        std::ofstream out(file);
        out << "text,label\n";
        for (int i = 0; i < 40; ++i) {
            out << (i % 2 == 0 ? "snow frost ice 얼음 " : "sun beach heat 더위 ") << i * 7919 << ","
                << (i % 2 == 0 ? "cold" : "warm") << "\n";
        }
        out.close();
        const auto report = project_->import_file(file, {});
        ASSERT_TRUE(report) << report.error().message;
    }

    void turn_until(const std::string& state) {
        auto& conductor = project_->conductor();
        const auto opened = conductor.open("cadence", clock_.now());
        ASSERT_TRUE(opened) << opened.error().message;
        const auto turn = conductor.advance();
        ASSERT_TRUE(turn) << turn.error().message;
        ASSERT_EQ(enum_name(turn->state), state);
    }

    void serve_rows() {
        clock_.set(*parse_time("2026-03-02"));
        for (int i = 0; i < 60; ++i) {
            clock_.advance(std::chrono::seconds(1));
            const std::string text =
                (i % 2 == 0 ? "frost and ice " : "heat on the beach ") + std::to_string(i * 104729);
            const std::string_view view = text;
            serving::InferRequest request;
            request.model = "m";
            const std::string id = "row-" + std::to_string(i);
            request.request_id = id;
            request.texts = std::span(&view, 1);
            const auto answer = project_->serving().infer(request);
            ASSERT_TRUE(answer) << answer.error().message;
        }
        ASSERT_TRUE(project_->capture().flush());
    }

    void play(const std::string& name) {
        prepare();
        gateway::Gateway gateway;
        gateway::add_v1_routes(gateway, v1_rooms(*project_));
        gateway::add_page(gateway);
        http::HttpServerPlan plan;
        plan.port = 0;
        ASSERT_TRUE(gateway.start(plan));
        const auto folder = std::filesystem::path(__FILE__).parent_path() / "../../tests/api/v1";
        testing::play_transcript(folder / name, gateway.port());
    }

    testing::TempFolder folder_;
    ManualClock clock_{*parse_time("2026-03-01")};
    std::unique_ptr<Project> project_;
};

TEST_F(ApiTest, LabelsAreAskedAnsweredAndCounted) {
    play("labels.http");
}

TEST_F(ApiTest, WhatPeopleSaidIsShownAndCompared) {
    play("people.http");
}

TEST_F(ApiTest, WhatPeopleDifferOnIsDecidedAndMadeGold) {
    play("review.http");
}

TEST_F(ApiTest, RowsAreCountedSampledAndJudgedAgain) {
    play("rows.http");
}

TEST_F(ApiTest, TurnsAreShownOpenedAndCancelled) {
    play("turns.http");
}

TEST_F(ApiTest, ModelsAreListedAndMovedByHand) {
    play("models.http");
}

TEST_F(ApiTest, ImportsThatCannotBeAreRefused) {
    play("imports.http");
}

TEST_F(ApiTest, DatasetsAndMonitoringAreShown) {
    play("records.http");
}

TEST_F(ApiTest, CapturedRowsAreJoinedWithTheirTruthAndErased) {
    play("captured.http");
}

TEST_F(ApiTest, TheAuditTrailIsShownAndVerified) {
    play("audit.http");
}

TEST_F(ApiTest, StatusAndThePageSayWhatRuns) {
    play("status.http");
}

/// Every route of our own API, asked as a stranger, with a key for something else, and as the page
/// of another site.
TEST_F(ApiTest, NobodyGetsInWithoutTheRightKeyOrFromAnotherSite) {
    prepare();
    gateway::Keys keys(Writer<ApiKey>(project_->ledger()), clock_);
    const auto wrong = keys.add({.name = "shop", .roles = {"feedback"}});
    ASSERT_TRUE(wrong);
    gateway::Access access({}, clock_, "");
    access.refresh(keys.list().value());
    gateway::News news([] { return gateway::News::Marks(); });
    gateway::V1Rooms rooms = v1_rooms(*project_);
    rooms.access = &access;
    rooms.news = &news;
    gateway::Gateway gateway;
    gateway::add_v1_routes(gateway, rooms);
    http::HttpServerPlan plan;
    plan.port = 0;
    plan.guard = &access;
    ASSERT_TRUE(gateway.start(plan));
    int asked = 0;
    for (const auto& route : gateway.router().routes()) {
        if (!route->pattern.starts_with("/v1/")) {
            continue;
        }
        ++asked;
        SCOPED_TRACE(route->pattern);
        std::string path;
        for (std::size_t i = 0; i < route->pattern.size(); ++i) {
            const bool named = route->pattern[i] == '{';
            path += named ? "m" : route->pattern.substr(i, 1);
            i = named ? route->pattern.find('}', i) : i;
        }
        const auto status = [&](const std::string& fields) {
            testing::RawClient client(gateway.port());
            return client
                .ask(
                    fmt::format(
                        "{} {} HTTP/1.1\r\n{}", http::name_of(route->method), path, fields
                    ) +
                    "Host: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"
                )
                .status;
        };
        const std::string key = "Authorization: Bearer " + wrong->secret + "\r\n";
        const bool any_key = route->role == http::Role::AnyKey;
        EXPECT_EQ(status(""), 401);
        EXPECT_EQ(status("Authorization: Bearer fwk_wrong\r\n"), 401);
        EXPECT_EQ(status(key), any_key ? 200 : 403);
        if (route->method != http::Method::Get) {
            EXPECT_EQ(status(key + "Origin: http://evil.example\r\n"), 403);
            EXPECT_EQ(status(key + "Sec-Fetch-Site: cross-site\r\n"), 403);
        }
    }
    EXPECT_GT(asked, 40);
    news.stop();
}

/// What a route says when it is asked with a query that nobody knows; "" when it takes none.
std::string known_by(std::uint16_t port, const http::Route& route, const std::string& path) {
    testing::RawClient client(port);
    const auto answer = client.ask(fmt::format(
        "{} {}?nope=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{{}}",
        http::name_of(route.method),
        path
    ));
    constexpr std::string_view kBegin = "known are ";
    const auto begin = answer.body.find(kBegin);
    const auto end = answer.body.find(": 'nope'");
    return begin == std::string::npos || end == std::string::npos
               ? ""
               : answer.body.substr(begin + kBegin.size(), end - begin - kBegin.size());
}

/// The names behind '?' in the guide, as known_by() says them.
std::string told_by(std::string_view details) {
    std::vector<std::string> names;
    for (auto at = details.find('?'); at != std::string_view::npos; at = details.find("\n?", at)) {
        at += details[at] == '\n' ? 2 : 1;
        names.emplace_back(details.substr(at, details.find(':', at) - at));
    }
    return details.starts_with('?') ? fmt::format("{}", fmt::join(names, ", ")) : "";
}

TEST_F(ApiTest, TheGuideTellsOfEveryRouteAndItsQuery) {
    prepare();
    gateway::News news([] { return gateway::News::Marks(); });
    gateway::V1Rooms rooms = v1_rooms(*project_);
    rooms.news = &news;
    gateway::Gateway gateway;
    gateway::add_v1_routes(gateway, rooms);
    http::HttpServerPlan plan;
    plan.port = 0;
    ASSERT_TRUE(gateway.start(plan));
    for (const auto& route : gateway.router().routes()) {
        if (!route->pattern.starts_with("/v1/")) {
            continue;
        }
        SCOPED_TRACE(fmt::format("{} {}", http::name_of(route->method), route->pattern));
        EXPECT_FALSE(route->doc.summary.empty());
        std::string path = route->pattern;
        if (const auto model = path.find("{model}"); model != std::string::npos) {
            path.replace(model, std::string_view("{model}").size(), "m");
        }
        if (path.find('{') == std::string::npos && path != "/v1/events") {
            EXPECT_EQ(told_by(route->doc.details), known_by(gateway.port(), *route, path));
        }
    }
    news.stop();
}

/// The API at a door that asks for keys.
struct GuardedServer {
    explicit GuardedServer(Project& project, const Clock& clock)
        : keys(Writer<ApiKey>(project.ledger()), clock), access({}, clock, "") {
        gateway::V1Rooms rooms = v1_rooms(project);
        rooms.access = &access;
        gateway::add_v1_routes(gateway, rooms);
        http::HttpServerPlan plan;
        plan.port = 0;
        plan.guard = &access;
        CHECK(gateway.start(plan).has_value());
        client = std::make_unique<testing::RawClient>(gateway.port());
    }

    /// The secret of a new key.
    std::string key(const std::string& name, const std::vector<std::string>& roles) {
        auto secret = keys.add({.name = name, .roles = roles}).value().secret;
        access.refresh(keys.list().value());
        return secret;
    }

    auto get(const std::string& key, const std::string& target) const {
        return client->ask(fmt::format(
            "GET {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", target, key
        ));
    }

    auto post_to(const char* path, const std::string& key, const std::string& body) const {
        return client->ask(
            testing::post_request(path, body, "Authorization: Bearer " + key + "\r\n")
        );
    }

    auto post(const std::string& key, const std::string& body) const {
        return post_to("/v1/labels", key, body);
    }

    gateway::Keys keys;
    gateway::Access access;
    gateway::Gateway gateway;
    std::unique_ptr<testing::RawClient> client;
};

TEST_F(ApiTest, AnAnswerCarriesTheNameOfItsKey) {
    prepare();
    GuardedServer server(*project_, clock_);
    const auto kim = server.key("kim", {"label"});
    const auto boss = server.key("boss", {"admin"});
    EXPECT_EQ(server.get(kim, "/v1/models/m/tasks?actor=lee").status, 403);
    EXPECT_EQ(server.get(kim, "/v1/models/m/tasks?actor=kim").status, 200);
    EXPECT_EQ(server.get(boss, "/v1/models/m/tasks?actor=lee").status, 200);
    EXPECT_EQ(server.post(kim, R"({"actor":"lee","action":"undo"})").status, 403);
    const auto many = server.post(kim, R"({"answers":[{"actor":"lee","action":"undo"}]})");
    EXPECT_EQ(many.status, 200);
    EXPECT_NE(many.body.find("\"status\":403"), std::string::npos) << many.body;
    EXPECT_EQ(
        server.post(boss, R"({"actor":"lee","action":"undo"})").status, 404
    );  // nothing to undo
    // Second opinions are given without knowing the first.
    EXPECT_EQ(server.get(kim, "/v1/models/m/label-events").status, 403);
    EXPECT_EQ(server.get(kim, "/v1/models/m/label-events?actor=kim").status, 200);
    EXPECT_EQ(server.get(boss, "/v1/models/m/label-events").status, 200);
}

TEST_F(ApiTest, WhoDecidesSeesWhatWasSaidAndWhoOnlyLabelsDoesNot) {
    prepare();
    GuardedServer server(*project_, clock_);
    const auto kim = server.key("kim", {"label"});
    const auto judge = server.key("judge", {"label", "read"});
    const auto tasks = parse_json(server.get(kim, "/v1/models/m/tasks?actor=kim").body).value();
    const auto task = tasks.at("tasks").at(0).at("task_id").get<std::string>();
    EXPECT_EQ(
        server.post(kim, fmt::format(R"({{"actor":"kim","task_id":"{}","label":"cold"}})", task))
            .status,
        200
    );
    const auto events =
        parse_json(server.get(kim, "/v1/models/m/label-events?actor=kim").body).value();
    const std::string item = events.at("events").at(0).at("item").get<std::string>();
    const auto decision = [&](const std::string& who) {
        return fmt::format(R"({{"actor":"{}","item":"{}","label":"warm"}})", who, item);
    };
    for (const char* path : {"/v1/models/m/review", "/v1/models/m/gold"}) {
        SCOPED_TRACE(path);
        EXPECT_EQ(server.post_to(path, kim, decision("kim")).status, 403);
        EXPECT_EQ(server.post_to(path, judge, decision("kim")).status, 403);
        EXPECT_EQ(server.post_to(path, judge, decision("judge")).status, 200);
    }
    EXPECT_EQ(server.get(kim, "/v1/models/m/review").status, 403);
    EXPECT_EQ(server.get(judge, "/v1/models/m/review").status, 200);
    EXPECT_EQ(
        server.post(kim, fmt::format(R"({{"actor":"kim","task_id":"{}","label":"cold"}})", task))
            .status,
        200
    );
    const auto own = server.get(kim, "/v1/models/m/label-events?actor=kim");
    EXPECT_EQ(own.body.find("\"gold\""), std::string::npos) << own.body;
    EXPECT_NE(
        server.get(judge, "/v1/models/m/label-events?actor=kim").body.find("\"gold\":true"),
        std::string::npos
    );
    EXPECT_NE(
        server.get(kim, "/v1/models/m/annotators").body.find("\"gold\":null"), std::string::npos
    );
    EXPECT_EQ(
        server.get(judge, "/v1/models/m/annotators").body.find("\"gold\":null"), std::string::npos
    );
}

TEST_F(ApiTest, AServerTellsWhereItIsAndForgetsWhenItStops) {
    prepare();
    Server::Options options;
    options.port = 0;
    options.opens_turns = false;
    auto server = Server::start(*project_, options);
    ASSERT_TRUE(server) << server.error().message;
    EXPECT_EQ(running_server(project_->dir(), project_->settings()).url, (*server)->url());
    options.port = (*server)->port();
    const auto second = Server::start(*project_, options);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::Unavailable);
    EXPECT_EQ(running_server(project_->dir(), project_->settings()).url, (*server)->url());
    (*server)->stop();
    (*server)->stop();
    EXPECT_EQ(running_server(project_->dir(), project_->settings()).url, "http://127.0.0.1:8000");
}

}  // namespace
}  // namespace flywheel::app
