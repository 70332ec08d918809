// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/request_head.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace flywheel::http {
namespace {

using std::string_view_literals::operator""sv;

std::optional<Refusal> read_whole(std::string_view text, RequestHead& head) {
    HeadSearch search;
    if (auto refused = find_head_end(text, search)) {
        return refused;
    }
    if (search.end == 0) {
        return Refusal{0, "unfinished"};
    }
    return parse_head(text.substr(0, search.end), head);
}

TEST(RequestHead, ReadsWhatAClientSends) {
    RequestHead head;
    const std::string text =
        "POST /v2/models/m/infer?x=1 HTTP/1.1\r\nHost: a\r\ncontent-length:\t12 \r\n"
        "X-Request-Id: abc\r\nExpect: 100-continue\r\n\r\n";
    ASSERT_FALSE(read_whole(text, head).has_value());
    EXPECT_EQ(head.method, Method::Post);
    EXPECT_EQ(head.path, "/v2/models/m/infer");
    EXPECT_EQ(head.query, "x=1");
    EXPECT_EQ(head.content_length, 12U);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_TRUE(head.expects_continue);
    ASSERT_EQ(head.fields.size(), 4U);
    EXPECT_EQ(head.fields[2].value, "abc");
}

TEST(RequestHead, CutsAnAbsoluteTargetToItsPath) {
    struct Row {
        std::string_view target;
        std::string_view path;
        std::string_view query;
    };

    for (const Row& row : {
             Row{"http://host:80/v2?q", "/v2", "q"},
             Row{"HTTPS://host", "/", ""},
             Row{"/plain", "/plain", ""},
             Row{"/a?b?c", "/a", "b?c"},
         }) {
        SCOPED_TRACE(row.target);
        RequestHead head;
        const std::string text = "GET " + std::string(row.target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
        ASSERT_FALSE(read_whole(text, head).has_value());
        EXPECT_EQ(head.path, row.path);
        EXPECT_EQ(head.query, row.query);
    }
}

TEST(RequestHead, RefusesWhatTwoServersCouldReadDifferently) {
    struct Row {
        std::string_view text;
        int status;
        std::string_view words;
    };

    const std::string_view kTwoLengths =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n";
    for (const Row& row : {
             Row{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0"},
             Row{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
                 "3\r\n\r\n",
                 400,
                 "exclude"},
             Row{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
                 "chunked\r\n\r\n",
                 400,
                 "exclude"},
             Row{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                 400,
                 "exactly"},
             Row{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400, "exactly"
             },
             Row{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
                 "chunked\r\n\r\n",
                 400,
                 "exactly"},
             Row{kTwoLengths, 400, "twice"},
             Row{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400, "plain"},
             Row{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400, "plain"},
             Row{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400, "plain"},
             Row{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400, "plain"},
             Row{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
                 400,
                 "plain"},
             Row{"GET / HTTP/1.1\nHost: a\n\n", 400, "bare LF"},
             Row{"GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "bare LF"},
             Row{"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400, "folded"},
             Row{"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400, "space before the colon"},
             Row{"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, "control character"},
             Row{"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"sv, 400, "control character"},
             Row{"GET / HTTP/1.1\r\n\r\n", 400, "Host"},
             Row{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "Host"},
             Row{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "HTTP/1.1"},
             Row{"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400, "HTTP/1.1"},
             Row{"GET /\r\nHost: a\r\n\r\n", 400, "Request line"},
             Row{"GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400, "path"},
             Row{"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "percent-encoded"},
             Row{"GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "percent-encoded"},
             Row{"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "path"},
             Row{"G\"T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "token"},
             Row{"GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400, "colon"},
             Row{"GET / HTTP/1.1\r\nHost: a\r\n: v\r\n\r\n", 400, "token"},
             Row{"GET / HTTP/1.1\r\nHost: a\r\nExpect: much\r\n\r\n", 417, "Expectation"},
         }) {
        SCOPED_TRACE(row.text);
        RequestHead head;
        const auto refused = read_whole(row.text, head);
        ASSERT_TRUE(refused.has_value());
        EXPECT_EQ(refused->status, row.status);
        EXPECT_NE(refused->message.find(row.words), std::string::npos) << refused->message;
    }
}

TEST(RequestHead, NamesTheLimitThatWasCrossed) {
    RequestHead head;
    const std::string long_line = "GET /" + std::string(kMaxRequestLine, 'a');
    auto refused = read_whole(long_line, head);
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->status, 431);
    EXPECT_NE(refused->message.find("8192"), std::string::npos);

    refused = read_whole(long_line + " HTTP/1.1\r\nHost: a\r\n\r\n", head);
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->status, 431);

    std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t i = 0; i < kMaxHeaderFields; ++i) {
        many += "X: 1\r\n";
    }
    refused = read_whole(many + "\r\n", head);
    ASSERT_TRUE(refused.has_value());
    EXPECT_NE(refused->message.find("100"), std::string::npos);

    refused = read_whole("GET / HTTP/1.1\r\nHost: " + std::string(kMaxHeadBytes, 'a'), head);
    ASSERT_TRUE(refused.has_value());
    EXPECT_NE(refused->message.find("16384"), std::string::npos);
}

TEST(RequestHead, HasTheLimitsThatItIsGiven) {
    const HeadLimits limits{.request_line = 20, .bytes = 60, .fields = 2};
    const auto refusal = [&](const std::string& text) {
        HeadSearch search;
        RequestHead head;
        auto refused = find_head_end(text, search, limits);
        if (!refused && search.end > 0) {
            refused = parse_head(text.substr(0, search.end), head, limits);
        }
        return refused ? refused->message : "";
    };
    EXPECT_EQ(refusal("GET /abc HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"), "");
    EXPECT_EQ(refusal("GET /abcdef HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"), "") << "20 bytes";
    EXPECT_EQ(
        refusal("GET /abcdefg HTTP/1.1\r\nHost: a\r\n\r\n"),
        "Request line is longer than the limit of 20 bytes"
    );
    EXPECT_EQ(
        refusal("GET /abcdefghijklmnop"), "Request line is longer than the limit of 20 bytes"
    );
    EXPECT_EQ(
        refusal("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 2\r\n\r\n"),
        "More header fields than the limit of 2"
    );
    EXPECT_EQ(
        refusal("GET / HTTP/1.1\r\nHost: " + std::string(60, 'a')),
        "Head is larger than the limit of 60 bytes"
    );
}

TEST(RequestHead, IsFoundTheSameHoweverItsBytesArrive) {
    const std::string text = "GET /a HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\nGET /b";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        HeadSearch search;
        for (std::size_t end = piece; search.end == 0; end += piece) {
            const std::string_view arrived = std::string_view(text).substr(0, end);
            ASSERT_FALSE(find_head_end(arrived, search).has_value());
        }
        EXPECT_EQ(search.end, text.size() - 6);
    }
}

TEST(RequestHead, SurvivesMutatedBytes) {
    const std::string good =
        "POST /v2/models/m/infer HTTP/1.1\r\nHost: a:1\r\nContent-Length: 12\r\nConnection: "
        "keep-alive\r\nExpect: 100-continue\r\nX-Request-Id: \xC3\xA9\r\n\r\n";
    Rng rng(7);
    int accepted = 0;
    for (int round = 0; round < 100'000; ++round) {
        std::string text = good;
        for (std::uint64_t edits = 1 + rng.below(4); edits > 0; --edits) {
            const std::size_t at = rng.below(text.size());
            switch (rng.below(3)) {
                case 0:
                    text[at] = static_cast<char>(rng.below(256));
                    break;
                case 1:
                    text.insert(at, 1, "\r\n :\t\0,"[rng.below(7)]);
                    break;
                default:
                    text.erase(at, 1 + rng.below(8));
                    break;
            }
            text += text.empty() ? "x" : "";
        }
        RequestHead head;
        const auto refused = read_whole(text, head);
        if (!refused) {
            ++accepted;  // then it holds what the rest of the server relies on
            ASSERT_EQ(head.path.front(), '/');
            ASSERT_FALSE(head.chunked && head.has_content_length);
        }
    }
    EXPECT_GT(accepted, 1000);
    EXPECT_LT(accepted, 99'000);
}

}  // namespace
}  // namespace flywheel::http
