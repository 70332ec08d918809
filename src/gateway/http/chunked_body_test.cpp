// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/chunked_body.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace flywheel::http {
namespace {

/// Feeds `text` in pieces, as a connection would; the refusal, or nothing.
std::optional<Refusal> feed_all(ChunkedBody& chunks, std::string_view text, std::size_t piece) {
    std::string buffer;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        buffer += text.substr(at, piece);
        std::size_t used = 0;
        if (auto refused = chunks.feed(buffer, used)) {
            return refused;
        }
        buffer.erase(0, used);
    }
    return {};
}

TEST(ChunkedBody, IsTheSameInAnyPieces) {
    const std::string_view text =
        "5\r\nhello\r\n1;name=value\r\n,\r\n0006\r\n world\r\n0\r\nTrailer: dropped\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        ChunkedBody chunks;
        chunks.begin(100);
        ASSERT_FALSE(feed_all(chunks, text, piece).has_value());
        EXPECT_TRUE(chunks.done());
        EXPECT_EQ(chunks.body(), "hello, world");
    }
}

TEST(ChunkedBody, StopsAtItsEnd) {
    ChunkedBody chunks;
    chunks.begin(100);
    std::size_t used = 0;
    const std::string_view text = "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1";
    ASSERT_FALSE(chunks.feed(text, used).has_value());
    EXPECT_TRUE(chunks.done());
    EXPECT_EQ(text.substr(used), "GET / HTTP/1.1");
}

TEST(ChunkedBody, RefusesWhatIsNotStrict) {
    struct Row {
        std::string_view text;
        int status;
    };

    for (const Row& row : {
             Row{"-1\r\n", 400},
             Row{"+1\r\n", 400},
             Row{"0x1\r\n", 400},
             Row{"\r\n", 400},
             Row{"00000000000000001\r\n", 400},
             Row{"1 1\r\n", 400},
             Row{"1\n", 400},
             Row{"1\r\nab\r\n", 400},
             Row{"1\r\na\n", 400},
             Row{"1;a\x01\r\n", 400},
             Row{"65\r\n", 413},
             Row{"ffffffffffffffff\r\n", 413},
         }) {
        SCOPED_TRACE(row.text);
        ChunkedBody chunks;
        chunks.begin(100);
        const auto refused = feed_all(chunks, row.text, row.text.size());
        ASSERT_TRUE(refused.has_value());
        EXPECT_EQ(refused->status, row.status) << refused->message;
    }
}

TEST(ChunkedBody, RefusesMoreChunksThanItsLimit) {
    ChunkedBody chunks;
    chunks.begin(1024 * 1024);
    std::string text;
    for (std::size_t i = 0; i < kMaxChunks + 1; ++i) {
        text += "1\r\na\r\n";
    }
    auto refused = feed_all(chunks, text, text.size());
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->status, 413);

    chunks.begin(1024, 2);
    EXPECT_FALSE(feed_all(chunks, "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", 100).has_value());
    chunks.begin(1024, 2);
    refused = feed_all(chunks, "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n", 100);
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->message, "Body has more chunks than the limit of 2");
}

TEST(ChunkedBody, RefusesAnEndlessLineAndAnEndlessTrailer) {
    ChunkedBody chunks;
    chunks.begin(100);
    EXPECT_TRUE(feed_all(chunks, "1;" + std::string(1000, 'x'), 100).has_value());
    chunks.begin(100);
    std::string trailer = "0\r\n";
    for (int i = 0; i < 1000; ++i) {
        trailer += "Name: value\r\n";
    }
    EXPECT_TRUE(feed_all(chunks, trailer, 100).has_value());
}

TEST(ChunkedBody, SurvivesMutatedBytes) {
    const std::string good = "5\r\nhello\r\n1;n=v\r\n,\r\n6\r\n world\r\n0\r\nT: x\r\n\r\n";
    Rng rng(11);
    for (int round = 0; round < 50'000; ++round) {
        std::string text = good;
        for (std::uint64_t edits = 1 + rng.below(3); edits > 0; --edits) {
            text[rng.below(text.size())] = static_cast<char>(rng.below(256));
        }
        ChunkedBody chunks;
        chunks.begin(64);
        (void)feed_all(chunks, text, 1 + rng.below(text.size()));
        ASSERT_LE(chunks.body().size(), 64U);
    }
}

}  // namespace
}  // namespace flywheel::http
