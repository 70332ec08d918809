// SPDX-License-Identifier: Apache-2.0
// Plays the conversations in tests/api against a real server. It serves model "m", labels a, b, c,
// versions 1 (stable, scores .5 .25 .25) and 2 (not loaded), and models over tensors whose output y
// is their input x: "f32" FP32 [-1,4], "u8" UINT8 [-1,-1], "pair" INT32 [-1,2] with a second input
// z; at 2026-03-01T12:00:00Z.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "base/json_value.h"
#include "gateway/capture_routes.h"
#include "gateway/openapi/openapi.h"
#include "gateway/v2_routes.h"
#include "raw_client.h"
#include "serving_world.h"

namespace flywheel::gateway {
namespace {

struct Exchange {
    std::string request;
    bool head_only = false;
    int status = 0;
    std::vector<std::string> fields;
    std::string body;
};

/// True when `text` is `pattern` with any text in place of each <any>.
bool fits(std::string_view pattern, std::string_view text) {
    const std::size_t hole = pattern.find("<any>");
    if (hole == std::string_view::npos) {
        return pattern == text;
    }
    if (!text.starts_with(pattern.substr(0, hole))) {
        return false;
    }
    const std::string_view rest = pattern.substr(hole + 5);
    for (std::size_t at = hole; at <= text.size(); ++at) {
        if (fits(rest, text.substr(at))) {
            return true;
        }
        if (at < text.size() && text[at] == '\n') {
            return false;
        }
    }
    return false;
}

/// "POST /path", header lines, "> body" lines, up to the blank line.
void read_request(std::istream& file, Exchange& exchange) {
    std::string line;
    while (std::getline(file, line) && (line.empty() || line.front() == '#')) {
    }
    exchange.head_only = line.starts_with("HEAD ");
    std::string head = line + " HTTP/1.1\r\nHost: test\r\n";
    std::string body;
    while (std::getline(file, line) && !line.empty()) {
        if (line.front() == '>') {
            body += (body.empty() ? "" : "\n") + line.substr(line.size() > 1 ? 2 : 1);
        } else {
            head += line + "\r\n";
        }
    }
    if (!body.empty()) {
        head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    exchange.request = head + "\r\n" + body;
}

void read_expected(std::istream& file, Exchange& exchange) {
    std::string line;
    std::getline(file, line);
    exchange.status = std::stoi(line);
    while (std::getline(file, line) && line != "---") {
        if (exchange.body.empty() && !line.starts_with('{') && !line.starts_with('[') &&
            line.find(": ") != std::string::npos) {
            exchange.fields.push_back(line);
        } else {
            exchange.body += (exchange.body.empty() ? "" : "\n") + line;
        }
    }
}

std::vector<Exchange> read_transcript(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<Exchange> exchanges;
    while (file >> std::ws && file.peek() != std::char_traits<char>::eof()) {
        read_request(file, exchanges.emplace_back());
        read_expected(file, exchanges.back());
    }
    return exchanges;
}

void expect_answer(const Exchange& exchange, const testing::RawAnswer& answer) {
    EXPECT_EQ(answer.status, exchange.status);
    EXPECT_TRUE(fits(exchange.body, answer.body))
        << "expected " << exchange.body << "\ngot      " << answer.body;
    for (const std::string& field : exchange.fields) {
        bool found = false;
        std::istringstream lines(answer.head);
        for (std::string line; std::getline(lines, line);) {
            found = found || fits(field, line.substr(0, line.size() - 1));
        }
        EXPECT_TRUE(found) << "no header " << field << " in\n" << answer.head;
    }
}

/// A fresh server with the models named above.
struct TranscriptServer {
    testing::ServingWorld world;
    compression::Compression compression{
        world.engine, world.vault, Writer<ModelVersion>(world.ledger)
    };
    release::Release release{
        Reader<Evaluation>(world.ledger),
        Reader<ModelVersion>(world.ledger),
        Writer<Rollout>(world.ledger)
    };
    Gateway gateway;

    explicit TranscriptServer(const std::string& transcript = {}) {
        world.add_version("m", 1, "0.5,0.25,0.25");
        world.add_version("m", 2, "0.25,0.5,0.25");
        world.roll_out("m", 1);
        if (transcript == "rollouts.http") {
            begin_canary();
        }
        for (const auto& [model, artefact] : std::vector<std::pair<std::string, std::string>>{
                 {"f32", "echo FP32 4"}, {"pair", "pair INT32 2"}, {"u8", "echo UINT8 -1"}
             }) {
            world.add_version(model, 1, artefact);
            world.roll_out(model, 1);
        }
        EXPECT_TRUE(world.serving.refresh_all());
        add_v2_routes(
            gateway,
            {&world.serving,
             "test",
             std::make_shared<const RepositoryRooms>(
                 RepositoryRooms{compression, release, world.clock, world.engine}
             )}
        );
        add_capture_routes(gateway, {&world.serving, &world.capture, &world.capture, &world.clock});
        EXPECT_TRUE(gateway.start({.port = 0, .time_outs = {}}));
    }

    /// Model "c": versions 1 (stable), 2 (canary, all of the traffic) and 3 (previous).
    void begin_canary() {
        for (const std::int64_t number : {1, 2, 3}) {
            world.add_version("c", number, number == 2 ? "0.25,0.5,0.25" : "0.5,0.25,0.25");
        }
        world.roll_out("c", 3);
        world.roll_out("c", 1);
        EXPECT_TRUE(release.start_canary(
            {.model = "c",
             .version = 2,
             .share = 1,
             .who = "kim",
             .reason = "",
             .now = world.clock.now()}
        ));
    }
};

void play(const std::filesystem::path& path) {
    const TranscriptServer server(path.filename());
    const auto exchanges = read_transcript(path);
    EXPECT_FALSE(exchanges.empty());
    for (const Exchange& exchange : exchanges) {
        SCOPED_TRACE(exchange.request);
        testing::RawClient client(server.gateway.port());
        expect_answer(exchange, client.ask(exchange.request, exchange.head_only));
    }
}

TEST(Transcripts, AreAnsweredAsWritten) {
    const auto folder = std::filesystem::path(__FILE__).parent_path() / "../../tests/api";
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".http") {
            SCOPED_TRACE(entry.path().filename());
            play(entry.path());
            ++files;
        }
    }
    EXPECT_GE(files, 3);
}

/// With FLYWHEEL_WRITE_GOLDEN set, writes the document instead.
TEST(OpenApi, DescribesTheRoutesAsItsGoldenFileSays) {
    const TranscriptServer server;
    testing::RawClient client(server.gateway.port());
    const std::string document = client.ask(testing::get_request("/v2/openapi.json")).body;
    const auto path =
        std::filesystem::path(__FILE__).parent_path() / "../../tests/api/openapi.json";
    if (std::getenv("FLYWHEEL_WRITE_GOLDEN") != nullptr) {
        std::ofstream(path) << document << '\n';
    }
    std::stringstream golden;
    golden << std::ifstream(path).rdbuf();
    EXPECT_EQ(document + '\n', golden.str());
}

TEST(OpenApi, NamesOnlySchemasThatAreThereAndEachOperationOnce) {
    const TranscriptServer server;
    const Json document = parse_json(openapi_text(server.gateway.router(), "test")).value();
    std::set<std::string> operations;
    std::size_t count = 0;
    for (const auto& [path, methods] : document["paths"].items()) {
        for (const auto& [method, operation] : methods.items()) {
            operations.insert(operation["operationId"].get<std::string>());
            ++count;
        }
    }
    EXPECT_EQ(operations.size(), count);
    EXPECT_EQ(count, server.gateway.router().routes().size());
    const std::string text = document.dump();
    const std::string_view mark = "#/components/schemas/";
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
        const std::size_t begin = at + mark.size();
        const std::string name = text.substr(begin, text.find('"', begin) - begin);
        EXPECT_TRUE(document["components"]["schemas"].contains(name)) << name;
    }
    const std::string page = docs_page(server.gateway.router(), "test");
    EXPECT_EQ(page.find("http://"), std::string::npos);
    EXPECT_EQ(page.find("https://"), std::string::npos);
    EXPECT_EQ(page.find("<script"), std::string::npos);
}

TEST(Transcripts, HolesFitAnythingOnOneLine) {
    EXPECT_TRUE(fits("a<any>c<any>", "abccd"));
    EXPECT_TRUE(fits("<any>", ""));
    EXPECT_FALSE(fits("a<any>c", "ab"));
    EXPECT_FALSE(fits("a<any>c", "a\nc"));
}

}  // namespace
}  // namespace flywheel::gateway
