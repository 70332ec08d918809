// SPDX-License-Identifier: Apache-2.0
#include "app/captured/trace_scan.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "temp_folder.h"

namespace flywheel::app {
namespace {

constexpr std::size_t kLength = 24;

std::string noise(std::size_t bytes, std::uint64_t seed) {
    Rng rng(seed);
    std::string text(bytes, '\0');
    for (char& c : text) {
        c = static_cast<char>(rng.below(256));
    }
    return text;
}

TEST(TraceScan, FindsAPieceWhereverItStands) {
    const std::string piece = "kim lives in Jongno 4711";
    ASSERT_EQ(piece.size(), kLength);
    const TraceScan scan({piece, noise(kLength, 9)}, kLength);
    for (const std::size_t at : {0U, 1U, 500U, 976U}) {
        std::string bytes = noise(1000, 1);
        EXPECT_EQ(scan.count(bytes), 0U);
        bytes.replace(at, kLength, piece);
        EXPECT_EQ(scan.count(bytes), 1U) << at;
    }
    EXPECT_EQ(scan.count(piece + piece + piece.substr(1)), 2U);
    EXPECT_EQ(scan.count(piece.substr(1)), 0U);
    EXPECT_EQ(scan.count(""), 0U);
    EXPECT_EQ(TraceScan({}, kLength).count(noise(100, 1)), 0U);
}

TEST(TraceScan, FindsAPieceAcrossTheBordersOfItsReads) {
    const testing::TempFolder folder;
    const std::string piece = noise(kLength, 3);
    const TraceScan scan({piece}, kLength);
    constexpr std::size_t kMebibyte = 1U << 20U;
    for (const std::size_t at : {kMebibyte - 30, kMebibyte - 12, kMebibyte - 1, kMebibyte}) {
        std::string bytes = noise(kMebibyte + 100, 4);
        bytes.replace(at, kLength, piece);
        std::ofstream(folder.path() / "file", std::ios::binary) << bytes;
        const auto finding = scan.look_into(folder.path() / "file");
        ASSERT_TRUE(finding);
        EXPECT_EQ(finding->found, 1U) << at;
        EXPECT_EQ(finding->bytes, bytes.size());
    }
    EXPECT_EQ(scan.look_into(folder.path() / "gone")->bytes, 0U);
}

}  // namespace
}  // namespace flywheel::app
