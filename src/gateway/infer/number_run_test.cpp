// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/number_run.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace flywheel::gateway {
namespace {

/// Reads the text with what the reader may look at behind it, by both readers of FP32.
template <class T>
bool read(const std::string& text, std::vector<T>& values, std::size_t room) {
    const std::string padded = text + std::string(64, '7');
    const auto shown = std::string_view(padded).substr(0, text.size());
    values.assign(room, T(0));
    std::size_t count = 0;
    const bool all = read_number_run(shown, std::span<T>(values), count);
    values.resize(std::min(count, room));
    if constexpr (std::is_same_v<T, float>) {
        std::vector<float> plainly(room);
        std::size_t counted = 0;
        EXPECT_EQ(read_number_run_plainly(shown, plainly, counted), all) << text;
        plainly.resize(std::min(counted, room));
        const auto bits = [](float value) { return std::bit_cast<std::uint32_t>(value); };
        EXPECT_TRUE(!all || std::ranges::equal(plainly, values, {}, bits, bits)) << text;
    }
    return all;
}

/// What the standard library makes of each, which is the nearest value.
template <class T>
T nearest(std::string_view text) {
    T value = 0;
    EXPECT_EQ(std::from_chars(text.data(), text.data() + text.size(), value).ec, std::errc())
        << text;
    return value;
}

/// A number in one of the forms in which clients write them.
std::string written(Rng& rng) {
    double value = rng.normal();
    switch (rng.below(5)) {
        case 0:
            value = static_cast<double>(
                std::bit_cast<float>(static_cast<std::uint32_t>(rng.below(0x7F80'0000U)))
            );
            break;
        case 1: {  // half way between two floats, where rounding twice may go wrong
            const auto below = static_cast<float>(value);
            const float above = std::nextafter(below, std::numeric_limits<float>::infinity());
            value = (static_cast<double>(below) + static_cast<double>(above)) / 2;
            break;
        }
        default:
            break;
    }
    std::array<char, 400> text;
    const auto form = rng.below(3);
    const int digits = static_cast<int>(rng.below(18));
    const auto [end, failed] =
        form == 0 ? std::to_chars(text.begin(), text.end(), value)
        : form == 1
            ? std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed, digits)
            : std::to_chars(text.begin(), text.end(), value, std::chars_format::scientific, digits);
    EXPECT_EQ(failed, std::errc());
    return {text.begin(), end};
}

template <class T>
void compare_with_library(std::uint64_t seed) {
    Rng rng(seed);
    int taken = 0;
    constexpr int kRuns = 3000;
    for (int run = 0; run < kRuns; ++run) {
        std::vector<std::string> texts;
        std::string joined;
        for (std::uint64_t n = 1 + rng.below(30); n > 0; --n) {
            texts.push_back(written(rng));
            joined += (joined.empty() ? "" : rng.below(2) == 0 ? "," : " ,\n\t ") + texts.back();
        }
        std::vector<T> values;
        if (!read(joined, values, texts.size())) {
            continue;  // left to the general reader
        }
        ++taken;
        ASSERT_EQ(values.size(), texts.size());
        for (std::size_t i = 0; i < texts.size(); ++i) {
            ASSERT_EQ(values[i], nearest<T>(texts[i])) << texts[i];
            ASSERT_EQ(std::signbit(values[i]), texts[i][0] == '-') << texts[i];
        }
    }
    EXPECT_GT(taken, kRuns / 20);
}

TEST(NumberRun, ReadsEachNumberAsTheNearestValue) {
    compare_with_library<float>(1);
    compare_with_library<double>(2);
}

TEST(NumberRun, TakesWhatModelsAreFed) {
    Rng rng(3);
    std::string joined;
    std::vector<float> sent;
    for (int i = 0; i < 20'000; ++i) {
        sent.push_back(static_cast<float>(rng.normal()));
        std::array<char, 40> text;
        const auto [end, failed] = std::to_chars(text.begin(), text.end(), sent.back());
        ASSERT_EQ(failed, std::errc());
        joined += (joined.empty() ? "" : ", ") + std::string(text.begin(), end);
    }
    std::vector<float> values;
    ASSERT_TRUE(read(joined, values, sent.size()));
    EXPECT_EQ(values, sent);
    ASSERT_TRUE(read(" 1,0,-0 ,0.5,1e-3,2E+2,123456 ", values, 7));
    EXPECT_EQ(values, (std::vector<float>{1, 0, 0, 0.5F, 1e-3F, 200, 123456}));
    EXPECT_TRUE(std::signbit(values[2]));
}

TEST(NumberRun, LeavesAllElseToTheGeneralReader) {
    std::vector<float> values;
    for (const char* text : {"",       " ",     ",",      "1,",
                             ",1",     "1,,2",  "1 2",    "01.5",
                             "1.",     "-",     "-.5",    ".5",
                             "+1",     "1e",    "1e+",    "1-",
                             "0x1",    "1.2.3", "--1",    "- 1",
                             "1.5e1.", "1.5x",  "NaN",    "true",
                             "null",   "\"1\"", "[1]",    "1,[2]",
                             "1e39",   "1e-46", "3.5e38", "1.00000005960464477539062",
                             "0.1]",   "1.5:",  "1e0000"}) {
        EXPECT_FALSE(read(text, values, 9)) << text;
    }
    EXPECT_FALSE(read("1,2,3", values, 2));  // more than fit
    EXPECT_TRUE(read("1,2,3", values, 4));   // fewer: the caller counts
    EXPECT_EQ(values.size(), 3U);
}

}  // namespace
}  // namespace flywheel::gateway
