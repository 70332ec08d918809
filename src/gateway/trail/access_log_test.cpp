// SPDX-License-Identifier: Apache-2.0
#include "gateway/trail/access_log.h"

#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_value.h"
#include "gateway/trail/access_line.h"
#include "temp_folder.h"

namespace flywheel::trail {
namespace {

using http::HeaderField;
using http::HttpTrace;
using ::testing::HasSubstr;

/// One request as the server tells of it.
struct Told {
    http::Route route{.method = http::Method::Post, .pattern = "/x", .name = "infer", .run = {}};
    std::array<HeaderField, 3> fields = {
        HeaderField{"Authorization", "Bearer fwk_secret"},
        HeaderField{"X-Request-Id", "from-head"},
        HeaderField{"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    };
    http::HttpRequest request;
    http::AnswerNotes notes;

    Told() {
        request.method = http::Method::Post;
        request.path = "/v2/models/news/infer";
        request.query = "key=fwk_secret";
        request.headers = fields;
        request.parameters[0] = {"model", "news"};
        request.caller = "shop";
        request.body = "a payload";
        notes = {
            "q\"1", "stable", 3, 2, std::chrono::microseconds(40), std::chrono::microseconds(7)
        };
    }

    [[nodiscard]] HttpTrace trace() const {
        return {
            .route = &route,
            .route_index = 0,
            .status = 200,
            .duration = std::chrono::microseconds(120),
            .request = &request,
            .notes = &notes,
            .remote = "192.0.2.7",
            .bytes_in = 9,
            .bytes_out = 77
        };
    }
};

struct Logged {
    testing::TempFolder folder;
    ManualClock clock{*parse_time("2026-03-01T12:00:00Z")};
    std::filesystem::path file = folder.path() / "log" / "access.jsonl";
    std::unique_ptr<AccessLog> log;

    explicit Logged(LogFilePlan plan = {}) {
        plan.path = file;
        log = AccessLog::open({.file = plan}, clock).value();
    }

    [[nodiscard]] std::vector<Json> lines(const std::string& end = "") const {
        std::vector<Json> found;
        std::ifstream in(file.string() + end);
        for (std::string line; std::getline(in, line);) {
            found.push_back(parse_json(line).value());
        }
        return found;
    }
};

TEST(AccessLog, ALineSaysAllThatIsKnownAndNothingSecret) {
    Logged logged;
    const Told told;
    logged.log->answered(told.trace());
    logged.log->flush();
    const auto lines = logged.lines();
    ASSERT_EQ(lines.size(), 1U);
    const Json wanted = {
        {"time", "2026-03-01T12:00:00Z"},
        {"id", "q\"1"},
        {"key_name", "shop"},
        {"remote", "192.0.2.7"},
        {"method", "POST"},
        {"route", "infer"},
        {"model", "news"},
        {"version", "3"},
        {"fw_route", "stable"},
        {"status", 200},
        {"bytes_in", 9},
        {"bytes_out", 77},
        {"rows", 2},
        {"us_total", 120},
        {"us_queue", 40},
        {"us_infer", 7},
        {"trace_id", "0af7651916cd43dd8448eb211c80319c"}
    };
    EXPECT_EQ(lines[0], wanted);
    EXPECT_EQ(canonical(lines[0]).find("secret"), std::string::npos);
    EXPECT_EQ(canonical(lines[0]).find("payload"), std::string::npos);
}

TEST(AccessLog, WhatIsNotKnownIsLeftOut) {
    Logged logged;
    logged.log->answered({.status = 400, .remote = "::1"});
    logged.log->flush();
    const auto lines = logged.lines();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].at("route"), "none");
    EXPECT_EQ(lines[0].at("status"), 400);
    for (const char* name : {"id", "key_name", "model", "version", "fw_route", "trace_id"}) {
        EXPECT_FALSE(lines[0].contains(name)) << name;
    }
}

TEST(AccessLog, TextOfACallerIsCutAndCannotBreakALine) {
    Logged logged;
    Told told;
    told.notes.id = std::string(5000, 'i');
    const std::string model = "a\nb\xFF" + std::string(5000, 'm');
    told.request.parameters[0].value = model;
    logged.log->answered(told.trace());
    logged.log->flush();
    const auto lines = logged.lines();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].at("id").get<std::string>().size(), kMostIdBytes);
    EXPECT_EQ(lines[0].at("model").get<std::string>().substr(0, 4), "a\nb\xEF");
}

TEST(AccessLog, AFullFileIsSetAsideAndTheOldestGoes) {
    Logged logged({.path = {}, .most_bytes = 2000, .files = 3});
    const Told told;
    for (int i = 0; i < 100; ++i) {
        logged.log->answered(told.trace());
        logged.log->flush();
    }
    EXPECT_FALSE(logged.lines().empty());
    EXPECT_FALSE(logged.lines(".1").empty());
    EXPECT_FALSE(logged.lines(".2").empty());
    EXPECT_FALSE(std::filesystem::exists(logged.file.string() + ".3"));
    EXPECT_LE(std::filesystem::file_size(logged.file.string() + ".1"), 2000U);
    EXPECT_EQ(logged.log->counts().written, 100U);
}

TEST(AccessLog, GoesOnInANewFileWhenTheOldOneWasMovedAway) {
    Logged logged;
    const Told told;
    logged.log->answered(told.trace());
    logged.log->flush();
    std::filesystem::rename(logged.file, logged.file.string() + ".old");
    logged.log->reopen();
    logged.log->answered(told.trace());
    logged.log->flush();
    EXPECT_EQ(logged.lines().size(), 1U);
    EXPECT_EQ(logged.lines(".old").size(), 1U);
}

TEST(AccessLog, APlaceThatCannotBeWrittenIsNamedAtTheStart) {
    const SystemClock clock;
    const auto refused = AccessLog::open({.file = {.path = "/proc/flywheel/access.jsonl"}}, clock);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("/proc/flywheel/access.jsonl"));
    EXPECT_THAT(refused.error().message, HasSubstr("access_log"));
}

TEST(AccessLog, WhatTheDiskRefusesIsCounted) {
    const SystemClock clock;
    const Told told;
    const auto log = AccessLog::open({.file = {.path = "/dev/full"}}, clock).value();
    for (int i = 0; i < 10; ++i) {
        log->answered(told.trace());
    }
    log->flush();
    EXPECT_EQ(log->counts().dropped_disk, 10U);
    EXPECT_EQ(log->counts().written, 0U);
}

// The slowest disk there is: a pipe that nobody reads.
TEST(AccessLog, RequestThreadsGoOnWhileNobodyReadsAndEveryLineIsAccountedFor) {
    testing::TempFolder folder;
    const auto pipe = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const int reading = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reading, 0);
    const SystemClock clock;
    const Told told;
    constexpr std::uint64_t kLines = 20'000;
    auto log = AccessLog::open({.file = {.path = pipe}, .buffer_bytes = 64 * 1024}, clock).value();
    for (std::uint64_t i = 0; i < kLines; ++i) {
        log->answered(told.trace());
    }
    EXPECT_GT(log->counts().dropped_buffer, 0U);
    std::string read;
    std::array<char, 65536> piece{};
    const auto drain = [&] {
        for (ssize_t got = 1; got > 0;) {
            got = ::read(reading, piece.data(), piece.size());
            read.append(piece.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        }
    };
    std::thread flushing([&] { log->flush(); });
    AccessLogCounts counts = log->counts();
    while (counts.written + counts.dropped_buffer < kLines) {
        drain();
        counts = log->counts();
    }
    flushing.join();
    drain();
    EXPECT_EQ(counts.written + counts.dropped_buffer, kLines);
    EXPECT_EQ(
        static_cast<std::uint64_t>(std::count(read.begin(), read.end(), '\n')), counts.written
    );
    ::close(reading);
    log->answered(told.trace());  // and now nobody is there at all: no signal ends the process
    log.reset();
}

TEST(AccessLog, LosesNoLineOfManyThreads) {
    Logged logged;
    const Told told;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 200; ++k) {
                logged.log->answered(told.trace());
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    logged.log.reset();  // writes what waits
    EXPECT_EQ(logged.lines().size(), 800U);
}

TEST(TraceId, IsReadFromATraceparentAndFromNothingElse) {
    struct Row {
        std::string_view field;
        std::string_view id;
    };

    constexpr Row kTable[] = {
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
         "0af7651916cd43dd8448eb211c80319c"},
        {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
         "0af7651916cd43dd8448eb211c80319c"},
        {"00-00000000000000000000000000000000-b7ad6b7169203331-01", ""},
        {"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", ""},
        {"00-0af7651916cd43dd8448eb211c80319c", ""},
        {"", ""},
        {"-----------------------------------------------------------", ""},
    };
    for (const Row& row : kTable) {
        SCOPED_TRACE(row.field);
        EXPECT_EQ(trace_id_of(row.field), row.id);
    }
}

}  // namespace
}  // namespace flywheel::trail
