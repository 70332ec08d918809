// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/number_run.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/rng.h"
#include "gateway/infer/number_forms.h"

namespace flywheel::gateway {
namespace {

/// As read_number_run(), whose forms must agree; in a buffer that ends with what a reader may look
/// at behind the text, and begins with it.
template <class T>
bool read(const std::string& text, std::vector<T>& values, std::size_t room) {
    std::vector<char> padded(text.begin(), text.end());
    padded.insert(padded.end(), 64, '7');
    const std::string_view run(padded.data(), text.size());
    values.assign(room, T(0));
    std::size_t count = 0;
    const bool all = read_number_run(run, std::span<T>(values), count);
    values.resize(std::min(count, room));
    const auto compare = [&](const auto& form) {
        std::vector<T> others(room);
        std::size_t found = 0;
        EXPECT_EQ(form(run, std::span<T>(others), found), all) << text;
        if (all) {
            EXPECT_EQ(found, count) << text;
            EXPECT_EQ(std::memcmp(others.data(), values.data(), values.size() * sizeof(T)), 0)
                << text;
        }
    };
    compare([](std::string_view from, std::span<T> to, std::size_t& found) {
        return read_run_scalar(from, to, found);
    });
    if (has_avx2_form()) {
        compare([](std::string_view from, std::span<T> to, std::size_t& found) {
            return read_run_avx2(from, to, found);
        });
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

std::size_t count_digits(std::string_view text) {
    return std::min(text.find_first_not_of("0123456789"), text.size());
}

/// Takes `count` characters off; false when that is none.
bool drop(std::string_view& text, std::size_t count) {
    text.remove_prefix(count);
    return count > 0;
}

/// RFC 8259, 6.
bool is_json_number(std::string_view text) {
    drop(text, text.starts_with('-') ? 1 : 0);
    if (!drop(text, text.starts_with('0') ? 1 : count_digits(text))) {
        return false;
    }
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (!drop(text, count_digits(text))) {
            return false;
        }
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        drop(text, text.starts_with('-') || text.starts_with('+') ? 1 : 0);
        if (!drop(text, count_digits(text))) {
            return false;
        }
    }
    return text.empty();
}

/// What from_chars makes of a token that is a number with white space around it.
template <class T>
std::optional<T> nearest_of(std::string_view token) {
    constexpr std::string_view kSpace = " \t\r\n";
    token.remove_prefix(std::min(token.find_first_not_of(kSpace), token.size()));
    token = token.substr(0, token.find_last_not_of(kSpace) + 1);
    T value = 0;
    const auto failed = std::from_chars(token.data(), token.data() + token.size(), value).ec;
    return failed == std::errc() && is_json_number(token) ? std::optional<T>(value) : std::nullopt;
}

std::string digits(Rng& rng, std::uint64_t most) {
    std::string text;
    for (std::uint64_t n = rng.below(most + 1); n > 0; --n) {
        text += static_cast<char>('0' + (rng.below(3) == 0 ? 0 : rng.below(10)));
    }
    return text;
}

/// Nearly a number: each part may be missing, empty or wrong.
std::string nearly_number(Rng& rng) {
    std::string text = rng.below(3) == 0 ? "-" : "";
    text += rng.below(2) == 0 ? std::string(1, static_cast<char>('0' + rng.below(10)))
                              : digits(rng, rng.below(8) == 0 ? 26 : 4);
    text += rng.below(5) == 0 ? "" : "." + digits(rng, rng.below(3) == 0 ? 24 : 11);
    text += rng.below(12) == 0 ? "e-" + digits(rng, 2) : "";
    if (rng.below(25) == 0) {
        text.insert(rng.below(text.size() + 1), 1, " ./:-+eE0\t\xB0\0]"[rng.below(13)]);
    }
    return text;
}

/// Runs of numbers, most of them good ones: each is read as the nearest value or all are left.
template <class T>
void read_or_leave(std::uint64_t seed) {
    Rng rng(seed);
    const bool strict = rng.below(2) == 0;
    std::vector<std::string> tokens;
    std::string joined;
    for (std::uint64_t n = 1 + rng.below(rng.below(4) == 0 ? 200 : 5); n > 0; --n) {
        std::string token = nearly_number(rng);
        if (strict && !nearest_of<T>(token)) {
            token = "0.5";
        }
        token.insert(0, rng.below(3) == 0 ? rng.below(4) : 0, ' ');
        token.append(rng.below(9) == 0 ? 1 : 0, '\n');
        joined += (tokens.empty() ? "" : ",") + token;
        tokens.push_back(token);
    }
    std::vector<T> values;
    if (!read(joined, values, tokens.size())) {
        return;
    }
    RC_ASSERT(values.size() == tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const std::optional<T> value = nearest_of<T>(tokens[i]);
        RC_ASSERT(value.has_value());
        RC_ASSERT(*value == values[i] && std::signbit(*value) == std::signbit(values[i]));
    }
}

TEST(NumberRun, ReadsWhatIsNearlyANumberAsTheNearestValueOrNotAtAll) {
    const auto check = [](std::uint64_t seed) {
        for (std::uint64_t i = 0; i < 40; ++i) {
            read_or_leave<float>(seed + i);
            read_or_leave<double>(seed + i);
        }
    };
    EXPECT_TRUE(rc::check("runs that are nearly ones of numbers", check));
}

TEST(NumberRun, TakesNumbersOfEveryLengthAtEveryPlace) {
    for (std::size_t length = 1; length <= 22; ++length) {
        const std::string number = "-0." + std::string(length - 1, '0') + "7";
        for (std::size_t before = 0; before < 80; ++before) {
            const std::string text = std::string(before, ' ') + number + ", 1,2.5," + number;
            std::vector<double> values;
            ASSERT_TRUE(read(text, values, 4)) << text;
            ASSERT_EQ(
                values,
                (std::vector<double>{nearest<double>(number), 1, 2.5, nearest<double>(number)})
            );
        }
    }
}

}  // namespace
}  // namespace flywheel::gateway
