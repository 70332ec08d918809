// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/content_coding.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace flywheel::http {
namespace {

constexpr std::uint64_t kLimit = 1024 * 1024;

TEST(ContentCoding, GivesBackWhatItCompressed) {
    Rng rng(1);
    for (const Coding coding : {Coding::Gzip, Coding::Deflate}) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}}) {
            std::string text;
            for (std::size_t i = 0; i < size; ++i) {
                text += static_cast<char>(rng.below(7));
            }
            std::string small;
            std::string back = "old";
            deflate_body(coding, text, small);
            EXPECT_FALSE(inflate_body(coding, small, kLimit, back));
            EXPECT_EQ(back, text);
            EXPECT_FALSE(inflate_body(coding, small, size, back));
            EXPECT_TRUE(size == 0 || inflate_body(coding, small, size - 1, back));
        }
    }
}

TEST(ContentCoding, RefusesABombBeforeItGrows) {
    std::string bomb;
    deflate_body(Coding::Gzip, std::string(200 * 1024 * 1024, '\0'), bomb);
    std::string out;
    const auto refused = inflate_body(Coding::Gzip, bomb, kLimit, out);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 413);
    EXPECT_LE(out.capacity(), 4 * kLimit);
}

TEST(ContentCoding, RefusesWhatIsDamagedCutOrFollowed) {
    std::string good;
    deflate_body(Coding::Gzip, "hello hello hello", good);
    std::string out;
    for (const std::string& bad :
         {std::string(),
          good.substr(0, good.size() - 1),
          good + "x",
          good.substr(1),
          std::string("plain text")}) {
        const auto refused = inflate_body(Coding::Gzip, bad, kLimit, out);
        ASSERT_TRUE(refused);
        EXPECT_EQ(refused->status, 400);
    }
    EXPECT_TRUE(inflate_body(Coding::Deflate, good, kLimit, out));
    Rng rng(2);
    for (int round = 0; round < 2'000; ++round) {
        std::string text = good;
        text[rng.below(text.size())] = static_cast<char>(rng.below(256));
        (void)inflate_body(Coding::Gzip, text, 100, out);
        ASSERT_LE(out.size(), 101U);
    }
}

TEST(ContentCoding, ChoosesByWeight) {
    struct Row {
        std::string accepted;
        Coding coding;
    };

    for (const Row& row : {
             Row{"", Coding::Identity},
             Row{"gzip", Coding::Gzip},
             Row{"deflate, gzip", Coding::Gzip},
             Row{"gzip;q=0.5, deflate", Coding::Deflate},
             Row{"GZIP ; Q=0", Coding::Identity},
             Row{"br, *;q=0.1", Coding::Gzip},
             Row{"*, gzip;q=0", Coding::Deflate},
             Row{"identity", Coding::Identity},
             Row{"gzip;q=abc", Coding::Identity},
             Row{",,;;,gzip", Coding::Gzip},
         }) {
        EXPECT_EQ(choose_coding(row.accepted), row.coding) << row.accepted;
    }
    EXPECT_EQ(coding_named("X-GZIP"), Coding::Gzip);
    EXPECT_EQ(coding_named(""), Coding::Identity);
    EXPECT_FALSE(coding_named("gzip, gzip"));
    EXPECT_FALSE(coding_named("br"));
}

}  // namespace
}  // namespace flywheel::http
