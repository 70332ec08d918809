// SPDX-License-Identifier: Apache-2.0
// What a hostile or careless peer may send to the inference routes, over a real connection: each is
// refused with its sentence, and the server goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "gateway/http/content_coding.h"
#include "gateway/infer/infer_body.h"
#include "gateway/v2_routes.h"
#include "raw_client.h"
#include "serving_world.h"

namespace flywheel::gateway {
namespace {

using testing::get_request;
using ::testing::HasSubstr;
using testing::post_request;
using testing::RawAnswer;
using testing::RawClient;

constexpr std::string_view kBody =
    R"({"id":"q","inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["x"]}]})";

class HostileTest : public ::testing::Test {
  protected:
    HostileTest() {
        world_.add_version("m", 1, "0.5,0.25,0.25");
        world_.add_version("u8", 1, "echo UINT8 -1");
        world_.add_version("broken", 1, "break UINT8 -1");
        for (const std::string model : {"m", "u8", "broken"}) {
            world_.roll_out(model, 1);
        }
        EXPECT_TRUE(world_.serving.refresh_all());
        add_v2_routes(gateway_, {&world_.serving, "test"});
        EXPECT_TRUE(gateway_.start({.port = 0, .threads = 1, .time_outs = {}}));
    }

    ~HostileTest() override {
        RawClient client(gateway_.port());
        EXPECT_EQ(client.ask(post_request("/v2/models/m/infer", kBody)).status, 200);
    }

    RawAnswer ask(std::string_view request) {
        RawClient client(gateway_.port());
        return client.ask(request);
    }

    testing::ServingWorld world_;
    Gateway gateway_;
};

std::string compressed(http::Coding coding, std::string_view text) {
    std::string small;
    http::deflate_body(coding, text, small);
    return small;
}

TEST_F(HostileTest, TakesCompressedBodiesAndGivesThemToWhomAccepts) {
    std::string large = R"({"inputs":[{"name":"x","shape":[1,2000],"datatype":"UINT8","data":[0)";
    for (int i = 1; i < 2000; ++i) {
        large += ",7";
    }
    large += "]}]}";
    for (const http::Coding coding : {http::Coding::Gzip, http::Coding::Deflate}) {
        const std::string name(http::name_of(coding));
        const auto answer = ask(post_request(
            "/v2/models/u8/infer",
            compressed(coding, large),
            "Content-Encoding: " + name + "\r\nAccept-Encoding: " + name + "\r\n"
        ));
        ASSERT_EQ(answer.status, 200) << answer.body;
        EXPECT_THAT(answer.head, HasSubstr("Content-Encoding: " + name + "\r\n"));
        EXPECT_THAT(answer.head, HasSubstr("Vary: Accept-Encoding\r\n"));
        std::string plain;
        ASSERT_FALSE(http::inflate_body(coding, answer.body, kInferBodyLimit, plain));
        EXPECT_THAT(plain, HasSubstr("\"data\":[0,7,7"));
    }
    const auto small = ask(post_request("/v2/models/m/infer", kBody, "Accept-Encoding: gzip\r\n"));
    EXPECT_EQ(small.head.find("Content-Encoding"), std::string::npos);
}

TEST_F(HostileTest, TheLengthOfTheJsonIsThatOfThePlainBody) {
    const std::string head =
        R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"UINT8","parameters":{"binary_data_size":3}}]})";
    const auto answer = ask(post_request(
        "/v2/models/u8/infer",
        compressed(http::Coding::Gzip, head + "abc"),
        "Content-Encoding: gzip\r\nInference-Header-Content-Length: " +
            std::to_string(head.size()) + "\r\n"
    ));
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr("[97,98,99]"));
}

TEST_F(HostileTest, RefusesABomb) {
    const std::string bomb = compressed(http::Coding::Gzip, std::string(kInferBodyLimit + 1, ' '));
    const auto answer = ask(post_request("/v2/models/m/infer", bomb, "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(
        answer.body, R"({"error":"Body is larger than the limit of 67108864 bytes, inflated"})"
    );
    const auto damaged =
        ask(post_request("/v2/models/m/infer", kBody, "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(damaged.status, 400);
}

TEST_F(HostileTest, TakesAChunkedBodyOf65536ChunksAndNoMore) {
    const auto chunked = [](std::size_t chunks) {
        std::string request =
            "POST /v2/models/m/infer HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
        std::string body(kBody);
        body.append(chunks - body.size(), ' ');
        for (const char c : body) {
            request += "1\r\n";
            request += c;
            request += "\r\n";
        }
        return request + "0\r\n\r\n";
    };
    EXPECT_EQ(ask(chunked(65'536)).status, 200);
    const auto refused = ask(chunked(65'537));
    EXPECT_EQ(refused.status, 413);
    EXPECT_THAT(refused.body, HasSubstr("more chunks than the limit of 65536"));
}

TEST_F(HostileTest, RefusesWhatTwoServersCouldReadDifferently) {
    struct Row {
        std::string_view rule;
        std::string request;
    };

    const std::string start = "POST /v2/models/m/infer HTTP/1.1\r\nHost: t\r\n";
    const std::string body(kBody);
    const std::string number = std::to_string(body.size());
    const std::string length = "Content-Length: " + number + "\r\n";
    const std::string rest = length + "\r\n" + body;
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    for (const auto& [rule, request] : {
             Row{"exclude each other", start + length + chunked + "\r\n0\r\n\r\n"},
             Row{"exclude each other", start + chunked + length + "\r\n0\r\n\r\n"},
             Row{"given twice", start + length + rest},
             Row{"plain decimal", start + "Content-Length: +5\r\n\r\n12345"},
             Row{"plain decimal", start + "Content-Length: -5\r\n\r\n12345"},
             Row{"plain decimal", start + "Content-Length: 0x5\r\n\r\n12345"},
             Row{"plain decimal",
                 start + "Content-Length: " + number + ", " + number + "\r\n\r\n" + body},
             Row{"plain decimal", start + "Content-Length: 18446744073709551621\r\n\r\n12345"},
             Row{"exactly 'chunked'", start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
             Row{"exactly 'chunked'", start + "Transfer-Encoding: identity\r\n" + rest},
             Row{"exactly 'chunked'", start + "Transfer-Encoding: \"chunked\"\r\n" + rest},
             Row{"exactly 'chunked'", start + chunked + chunked + "\r\n0\r\n\r\n"},
             Row{"does not exist in HTTP/1.0",
                 "POST /v2/models/m/infer HTTP/1.0\r\n" + chunked + "\r\n0\r\n\r\n"},
             Row{"space before the colon", start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
             Row{"folded", start + "X: a\r\n b\r\n" + rest},
             Row{"folded", start + "X: a\r\n\t" + chunked + rest},
             Row{"bare LF", start + "X: a\nY: b\r\n" + rest},
             Row{"control character", start + std::string("X: a\0b\r\n", 8) + rest},
             Row{"control character", start + "X: a\rTransfer-Encoding: chunked\r\n" + rest},
             Row{"Host must be", start + "Host: u\r\n" + rest},
             Row{"Host must be", "POST /v2/models/m/infer HTTP/1.1\r\n" + rest},
             Row{"HTTP/1.1 nor HTTP/1.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
             Row{"hexadecimal", start + chunked + "\r\n00000000000000001\r\na\r\n0\r\n\r\n"},
             Row{"hexadecimal", start + chunked + "\r\n-1\r\n"},
             Row{"hexadecimal", start + chunked + "\r\n+1\r\na\r\n0\r\n\r\n"},
             Row{"hexadecimal", start + chunked + "\r\n0x1\r\na\r\n0\r\n\r\n"},
             Row{"bare LF", start + chunked + "\r\n1\na\r\n0\r\n\r\n"},
             Row{"longer than its size", start + chunked + "\r\n1\r\nab\r\n0\r\n\r\n"},
         }) {
        SCOPED_TRACE(request);
        RawClient client(gateway_.port());
        const auto answer = client.ask(request);
        EXPECT_EQ(answer.status, 400);
        EXPECT_THAT(answer.body, ::testing::StartsWith("{\"error\":\""));
        EXPECT_THAT(answer.body, HasSubstr(rule));
        EXPECT_THAT(answer.head, HasSubstr("Connection: close"));
        client.end_of_sending();
        EXPECT_TRUE(client.closed_by_server());
    }
}

TEST_F(HostileTest, RefusesMoreRowsThanItsLimit) {
    std::string data = "\"x\"";
    for (int i = 1; i < 4097; ++i) {
        data += ",\"x\"";
    }
    const auto answer = ask(post_request(
        "/v2/models/m/infer",
        R"({"inputs":[{"name":"text","shape":[4097],"datatype":"BYTES","data":[)" + data + "]}]}"
    ));
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("limit of 4096: 4097"));
}

TEST_F(HostileTest, SaysInternalWhenAModelBreaksItsSignature) {
    const auto answer = ask(post_request(
        "/v2/models/broken/infer",
        R"({"inputs":[{"name":"x","shape":[1,1],"datatype":"UINT8","data":[1]}]})"
    ));
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, HasSubstr("other outputs than its signature says"));
    EXPECT_EQ(world_.serving.status("broken")->counts.at(1)->failures, 1);
}

TEST_F(HostileTest, AnswersEachMutatedRequestOnOneConnection) {
    const std::string head =
        R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"UINT8","parameters":{"binary_data_size":3}}]})";
    Rng rng(9);
    RawClient client(gateway_.port());
    int good = 0;
    for (int round = 0; round < 2'000; ++round) {
        std::string body = head + "abc";
        for (std::uint64_t edits = rng.below(3); edits > 0; --edits) {
            body[rng.below(body.size())] = static_cast<char>(rng.below(256));
        }
        const auto answer = client.ask(post_request(
            "/v2/models/u8/infer",
            body,
            "Inference-Header-Content-Length: " + std::to_string(head.size()) + "\r\n"
        ));
        ASSERT_TRUE(answer.status == 200 || answer.status == 400 || answer.status == 501) << body;
        ASSERT_TRUE(answer.status == 200 || answer.body.starts_with("{\"error\":\"")) << body;
        good += answer.status == 200 ? 1 : 0;
    }
    EXPECT_GT(good, 500);
}

}  // namespace
}  // namespace flywheel::gateway
