// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

#include <fmt/format.h>

namespace flywheel {

namespace {

/// Reads exactly `digits` decimal digits at `at`, moves `at` behind them; -1 if they are not there.
int take_digits(std::string_view text, std::size_t& at, int digits) {
    int value = 0;
    for (int i = 0; i < digits; ++i, ++at) {
        if (at >= text.size() || text[at] < '0' || text[at] > '9') {
            return -1;
        }
        value = value * 10 + (text[at] - '0');
    }
    return value;
}

bool take(std::string_view text, std::size_t& at, char wanted) {
    if (at < text.size() && text[at] == wanted) {
        ++at;
        return true;
    }
    return false;
}

struct TimeOfDay {
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    std::int64_t micros = 0;
};

bool take_time_of_day(std::string_view text, std::size_t& at, TimeOfDay& out) {
    out.hours = take_digits(text, at, 2);
    if (out.hours < 0 || !take(text, at, ':')) {
        return false;
    }
    out.minutes = take_digits(text, at, 2);
    const bool has_seconds = take(text, at, ':');
    if (has_seconds) {
        out.seconds = take_digits(text, at, 2);
    }
    if (has_seconds && take(text, at, '.')) {
        std::int64_t scale = 100'000;
        const auto first = at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
            out.micros += (text[at] - '0') * scale;
        }
        if (at == first) {
            return false;
        }
    }
    return out.hours <= 23 && out.minutes >= 0 && out.minutes <= 59 && out.seconds >= 0 &&
           out.seconds <= 60;
}

/// Exactly `digits` of them: access log and feedback write a time a row, where fmt is slow.
void append_digits(std::string& out, unsigned number, std::size_t digits) {
    out.resize(out.size() + digits);
    for (std::size_t at = out.size(); digits > 0; --digits, number /= 10) {
        out[--at] = static_cast<char>('0' + number % 10);
    }
}

/// Minutes east of UTC; false when what stands there is no zone.
bool take_zone(std::string_view text, std::size_t& at, int& minutes_east) {
    if (at == text.size() || take(text, at, 'Z') || take(text, at, 'z')) {
        return true;
    }
    const bool east = take(text, at, '+');
    if (!east && !take(text, at, '-')) {
        return false;
    }
    const int hours = take_digits(text, at, 2);
    take(text, at, ':');
    const int minutes = take_digits(text, at, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return false;
    }
    minutes_east = (east ? 1 : -1) * (hours * 60 + minutes);
    return true;
}

}  // namespace

Time SystemClock::now() const {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

double process_cpu_seconds() {
    timespec spent{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

std::string to_date(Time time) {
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
    const int year = static_cast<int>(day.year());
    std::string text;
    if (year < 0 || year > 9999) {
        text = fmt::format("{:04}", year);
    } else {
        append_digits(text, static_cast<unsigned>(year), 4);
    }
    text += '-';
    append_digits(text, static_cast<unsigned>(day.month()), 2);
    text += '-';
    append_digits(text, static_cast<unsigned>(day.day()), 2);
    return text;
}

std::string to_rfc3339(Time time) {
    const auto midnight = std::chrono::floor<std::chrono::days>(time);
    const auto micros = static_cast<std::uint64_t>((time - midnight).count());
    const auto seconds = static_cast<unsigned>(micros / 1'000'000);
    std::string text = to_date(time);
    text += 'T';
    append_digits(text, seconds / 3600, 2);
    text += ':';
    append_digits(text, seconds / 60 % 60, 2);
    text += ':';
    append_digits(text, seconds % 60, 2);
    if (micros % 1'000'000 != 0) {
        text += '.';
        append_digits(text, static_cast<unsigned>(micros % 1'000'000), 6);
    }
    text += 'Z';
    return text;
}

Result<Time> parse_time(std::string_view text) {
    const auto refuse = [&] {
        return invalid_argument(
            fmt::format("The time is not RFC 3339, such as 2026-11-21T09:30:00Z: '{}'", text)
        );
    };
    std::size_t at = 0;
    const int year = take_digits(text, at, 4);
    const bool dash1 = take(text, at, '-');
    const int month = take_digits(text, at, 2);
    const bool dash2 = take(text, at, '-');
    const int day = take_digits(text, at, 2);
    const std::chrono::year_month_day date{
        std::chrono::year(year),
        std::chrono::month(static_cast<unsigned>(month)),
        std::chrono::day(static_cast<unsigned>(day))
    };
    if (year < 0 || !dash1 || month < 0 || !dash2 || day < 0 || !date.ok()) {
        return refuse();
    }
    TimeOfDay clock;
    int minutes_east = 0;
    if (at < text.size()) {
        if (!take(text, at, 'T') && !take(text, at, 't') && !take(text, at, ' ')) {
            return refuse();
        }
        if (!take_time_of_day(text, at, clock) || !take_zone(text, at, minutes_east) ||
            at != text.size()) {
            return refuse();
        }
    }
    const Time time = Time(std::chrono::sys_days(date)) + std::chrono::hours(clock.hours) +
                      std::chrono::minutes(clock.minutes - minutes_east) +
                      std::chrono::seconds(clock.seconds) + Duration(clock.micros);
    // A zone or a leap second may lead out of the years that can be written in four digits.
    const std::chrono::year_month_day in_utc(std::chrono::floor<std::chrono::days>(time));
    return static_cast<int>(in_utc.year()) < 0 || static_cast<int>(in_utc.year()) > 9999
               ? Result<Time>(refuse())
               : time;
}

}  // namespace flywheel
