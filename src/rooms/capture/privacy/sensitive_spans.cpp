// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/sensitive_spans.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <arpa/inet.h>

namespace flywheel {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_beyond_ascii(char c) {
    return static_cast<unsigned char>(c) >= 0x80;
}

char at(std::string_view text, std::size_t place) {
    return place < text.size() ? text[place] : '\0';
}

char before(std::string_view text, std::size_t place) {
    return place > 0 ? text[place - 1] : '\0';
}

/// Bytes of text that were read as one number, with the digits among them.
struct DigitRun {
    static constexpr std::size_t kDigitsMax = 19;

    std::array<char, kDigitsMax> digits{};
    std::array<std::size_t, kDigitsMax> ends{};  ///< Place behind each digit.
    std::size_t size = 0;
    bool goes_on = false;  ///< More digits follow than fit.

    /// Digits from `begin`, with at most one of `separators` between two of them.
    static DigitRun read(std::string_view text, std::size_t begin, std::string_view separators) {
        DigitRun run;
        std::size_t place = begin;
        while (is_digit(at(text, place))) {
            if (run.size == kDigitsMax) {
                run.goes_on = true;
                break;
            }
            run.digits[run.size] = text[place];
            run.ends[run.size++] = ++place;
            const bool separated = separators.find(at(text, place)) != std::string_view::npos;
            place += place < text.size() && separated && is_digit(at(text, place + 1)) ? 1 : 0;
        }
        return run;
    }

    [[nodiscard]] int value(std::size_t place) const { return digits[place] - '0'; }
};

bool has_luhn_sum(const DigitRun& run, std::size_t size) {
    int sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const int digit = run.value(size - 1 - i);
        const int twice = 2 * digit > 9 ? 2 * digit - 9 : 2 * digit;
        sum += i % 2 == 1 ? twice : digit;
    }
    return sum % 10 == 0;
}

/// The end of what begins at `begin`, or nothing.
using MatchAt = std::optional<std::size_t> (*)(std::string_view text, std::size_t begin);

std::optional<std::size_t> card_at(std::string_view text, std::size_t begin) {
    constexpr std::size_t kLeast = 13;
    if (is_digit(before(text, begin))) {
        return std::nullopt;
    }
    const DigitRun run = DigitRun::read(text, begin, " -");
    for (std::size_t size = run.size; size >= kLeast; --size) {
        const std::size_t end = run.ends[size - 1];
        if (!is_digit(at(text, end)) && has_luhn_sum(run, size)) {
            return end;
        }
    }
    return std::nullopt;
}

/// Resident Registration Act, enforcement rules: YYMMDD-SBBBBNC, S says sex, century and nation.
std::optional<std::size_t> resident_number_at(std::string_view text, std::size_t begin) {
    constexpr std::size_t kSize = 13;
    constexpr std::size_t kDateDigits = 6;
    if (is_digit(before(text, begin))) {
        return std::nullopt;
    }
    const DigitRun run = DigitRun::read(text, begin, "- ");
    if (run.size < kSize || is_digit(at(text, run.ends[kSize - 1])) ||
        run.ends[kDateDigits - 1] - begin != kDateDigits ||
        run.ends[kSize - 1] - run.ends[kDateDigits] != kSize - kDateDigits - 1) {
        return std::nullopt;  // a separator stands only between date and the rest
    }
    const int year = run.value(0) * 10 + run.value(1);
    const int month = run.value(2) * 10 + run.value(3);
    const int day = run.value(4) * 10 + run.value(5);
    const int kind = run.value(6);
    if (month < 1 || month > 12 || day < 1 || day > 31 || kind == 9 || kind == 0) {
        return std::nullopt;
    }
    const bool foreign = kind >= 5;
    const bool this_century = kind == 3 || kind == 4 || kind == 7 || kind == 8;
    const bool without_check = this_century && year * 100 + month >= 2010;  // October 2020
    int sum = 0;
    for (std::size_t i = 0; i + 1 < kSize; ++i) {
        sum += run.value(i) * static_cast<int>(2 + i % 8);
    }
    const int check = ((foreign ? 13 : 11) - sum % 11) % 10;
    if (!without_check && check != run.value(kSize - 1)) {
        return std::nullopt;
    }
    return run.ends[kSize - 1];
}

/// Digits in groups of given sizes with at most one separator between them, or a ") ".
std::optional<std::size_t> groups_at(
    std::string_view text, std::size_t place, std::span<const std::size_t> sizes, bool separated
) {
    for (std::size_t group = 0; group < sizes.size(); ++group) {
        if (group > 0) {
            const std::size_t begin = place;
            place += at(text, place) == ')' ? 1 : 0;
            const char c = at(text, place);
            place += c == '-' || c == '.' || c == ' ' ? 1 : 0;
            if (separated && place == begin) {
                return std::nullopt;
            }
        }
        for (std::size_t digit = 0; digit < sizes[group]; ++digit) {
            if (!is_digit(at(text, place++))) {
                return std::nullopt;
            }
        }
    }
    return is_digit(at(text, place)) ? std::nullopt : std::optional(place);
}

std::optional<std::size_t> phone_at(std::string_view text, std::size_t begin) {
    const char previous = before(text, begin);
    if (is_digit(previous) || is_letter(previous) || previous == '.' || previous == '-') {
        return std::nullopt;
    }
    if (text[begin] == '+') {
        constexpr std::size_t kLeast = 8;
        constexpr std::size_t kMost = 15;  // E.164
        const DigitRun run = DigitRun::read(text, begin + 1, "- .");
        return run.size < kLeast || run.size > kMost ? std::nullopt
                                                     : std::optional(run.ends[run.size - 1]);
    }
    const std::size_t first = begin + (text[begin] == '(' ? 1 : 0);
    if (at(text, first) == '0') {
        for (const std::array<std::size_t, 3>& sizes :
             {std::array<std::size_t, 3>{3, 4, 4}, {3, 3, 4}, {2, 4, 4}, {2, 3, 4}}) {
            if (const auto end = groups_at(text, first, sizes, false)) {
                return end;
            }
        }
        return std::nullopt;
    }
    constexpr std::array<std::size_t, 3> kNorthAmerica = {3, 3, 4};
    return groups_at(text, first, kNorthAmerica, true);
}

std::optional<std::size_t> ip4_at(std::string_view text, std::size_t begin) {
    if (is_digit(before(text, begin)) || before(text, begin) == '.') {
        return std::nullopt;
    }
    std::size_t place = begin;
    for (int group = 0; group < 4; ++group) {
        if (group > 0 && at(text, place++) != '.') {
            return std::nullopt;
        }
        int value = 0;
        std::size_t digits = 0;
        for (; digits < 4 && is_digit(at(text, place)); ++digits) {
            value = value * 10 + (text[place++] - '0');
        }
        if (digits == 0 || digits > 3 || value > 255) {
            return std::nullopt;
        }
    }
    const bool longer = at(text, place) == '.' && is_digit(at(text, place + 1));
    return longer ? std::nullopt : std::optional(place);
}

std::optional<std::size_t> ip6_at(std::string_view text, std::size_t begin) {
    const char previous = before(text, begin);
    if (is_digit(previous) || is_letter(previous) || previous == ':') {
        return std::nullopt;
    }
    constexpr std::size_t kLongest = 45;
    std::size_t end = begin;
    std::size_t colons = 0;
    const auto belongs = [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
               c == '.';
    };
    while (belongs(at(text, end)) && end - begin <= kLongest) {
        colons += text[end++] == ':' ? 1 : 0;
    }
    const bool sentence_ends = end > begin && (text[end - 1] == '.' || text[end - 1] == ':');
    if (colons < 2 || is_letter(at(text, end)) || is_digit(at(text, end))) {
        return std::nullopt;
    }
    for (const std::size_t size : {end - begin, end - begin - (sentence_ends ? 1 : 0)}) {
        in6_addr parsed{};
        const std::string candidate(text.substr(begin, size));
        // "::" alone is an address, and also how some languages join names.
        if (candidate.size() > 2 && inet_pton(AF_INET6, candidate.c_str(), &parsed) == 1) {
            return begin + size;
        }
    }
    return std::nullopt;
}

std::optional<std::size_t> ip_at(std::string_view text, std::size_t begin) {
    const auto four = ip4_at(text, begin);
    return four ? four : ip6_at(text, begin);
}

bool may_begin_number(char c) {
    return is_digit(c);
}

bool may_begin_phone(char c) {
    return is_digit(c) || c == '+' || c == '(';
}

bool may_begin_ip(char c) {
    return is_digit(c) || c == ':' || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::vector<TextSpan> all_matches(
    std::string_view text, bool (*may_begin)(char), MatchAt match_at
) {
    std::vector<TextSpan> spans;
    for (std::size_t place = 0; place < text.size(); ++place) {
        if (!may_begin(text[place])) {
            continue;
        }
        if (const auto end = match_at(text, place)) {
            spans.push_back({place, *end});
            place = *end - 1;
        }
    }
    return spans;
}

bool is_mailbox_char(char c) {
    return is_digit(c) || is_letter(c) ||
           std::string_view("._%+-").find(c) != std::string_view::npos;
}

bool is_host_char(char c) {
    return is_digit(c) || is_letter(c) || c == '.' || c == '-';
}

/// Addresses are ASCII as a rule, and Korean particles are written right behind them; so bytes
/// beyond ASCII count only where there would be no name otherwise.
std::vector<TextSpan> emails(std::string_view text) {
    std::vector<TextSpan> spans;
    std::size_t from = 0;
    for (std::size_t sign = text.find('@'); sign != std::string_view::npos;
         sign = text.find('@', sign + 1)) {
        std::size_t begin = sign;
        while (begin > from && is_mailbox_char(text[begin - 1])) {
            --begin;
        }
        while (begin == sign && begin > from && is_beyond_ascii(text[begin - 1])) {
            while (begin > from && is_beyond_ascii(text[begin - 1])) {
                --begin;
            }
        }
        std::size_t end = sign + 1;
        const bool foreign = is_beyond_ascii(at(text, end));
        while (is_host_char(at(text, end)) || (foreign && is_beyond_ascii(at(text, end)))) {
            ++end;
        }
        while (end > sign + 1 && (text[end - 1] == '.' || text[end - 1] == '-')) {
            --end;
        }
        const std::size_t dot = text.substr(sign + 1, end - sign - 1).rfind('.');
        const bool named = dot != std::string_view::npos && dot > 0 && end - sign - 2 - dot >= 2;
        if (begin < sign && named) {
            spans.push_back({begin, end});
            from = end;
        }
    }
    return spans;
}

}  // namespace

std::vector<TextSpan> sensitive_spans(SensitiveKind kind, std::string_view text) {
    switch (kind) {
        case SensitiveKind::Email:
            return emails(text);
        case SensitiveKind::Phone:
            return all_matches(text, may_begin_phone, phone_at);
        case SensitiveKind::Card:
            return all_matches(text, may_begin_number, card_at);
        case SensitiveKind::Ip:
            return all_matches(text, may_begin_ip, ip_at);
        case SensitiveKind::ResidentNumber:
            return all_matches(text, may_begin_number, resident_number_at);
        case SensitiveKind::Pattern:
            break;
    }
    return {};
}

}  // namespace flywheel
