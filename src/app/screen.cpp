// SPDX-License-Identifier: Apache-2.0
#include "app/screen.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/commands_parts.h"
#include "base/clock.h"
#include "base/json_value.h"
#include "base/result.h"
#include "base/text.h"

namespace flywheel::app {

namespace {

constexpr std::size_t kNarrowest = 6;  // a column is not cut further
constexpr std::string_view kGap = "  ";
constexpr auto kRedrawEvery = std::chrono::milliseconds(100);

std::string_view code_of(Colour colour) {
    switch (colour) {
        case Colour::Bold:
            return "\x1b[1m";
        case Colour::Dim:
            return "\x1b[2m";
        case Colour::Red:
            return "\x1b[31m";
        case Colour::Green:
            return "\x1b[32m";
        case Colour::Yellow:
            return "\x1b[33m";
        case Colour::Cyan:
            return "\x1b[36m";
        case Colour::Plain:
            break;
    }
    return "";
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) {
        text += piece;
    }
    return text;
}

void write_error(const std::string& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
}

}  // namespace

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return value == nullptr ? std::string_view() : std::string_view(value);
}

bool is_terminal(int fd) {
    return ::isatty(fd) == 1;
}

bool wants_colour(int fd) {
    return is_terminal(fd) && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
}

std::size_t terminal_width(int fd, std::size_t otherwise) {
    winsize size{};
    if (is_terminal(fd) && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return otherwise;
}

std::string Painter::paint(Colour colour, std::string_view text) const {
    if (!on_ || colour == Colour::Plain || text.empty()) {
        return std::string(text);
    }
    return fmt::format("{}{}\x1b[0m", code_of(colour), text);
}

void Table::add_column(std::string title, Align align) {
    columns_.push_back({std::move(title), align});
}

void Table::add_row(std::vector<Cell> cells) {
    CHECK(cells.size() <= columns_.size());
    cells.resize(columns_.size(), Cell(""));
    for (Cell& cell : cells) {
        cell.text = printable(cell.text);
    }
    rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::size_t width) const {
    std::vector<std::size_t> widths;
    widths.reserve(columns_.size());
    for (const Column& column : columns_) {
        widths.push_back(display_width(column.title));
    }
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], display_width(row[i].text));
        }
    }
    const std::size_t gaps = columns_.empty() ? 0 : kGap.size() * (columns_.size() - 1);
    std::size_t total = std::accumulate(widths.begin(), widths.end(), gaps);
    while (total > width) {
        std::size_t widest = columns_.size();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const bool can = columns_[i].align == Align::Left && widths[i] > kNarrowest;
            if (can && (widest == columns_.size() || widths[i] > widths[widest])) {
                widest = i;
            }
        }
        if (widest == columns_.size()) {
            break;  // only numbers are left, and those are never cut
        }
        --widths[widest];
        --total;
    }
    return widths;
}

std::string Table::line(
    const std::vector<Cell>& cells, const std::vector<std::size_t>& widths, const Painter& painter
) const {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::size_t needed = display_width(cells[i].text);
        const std::size_t pad = widths[i] > needed ? widths[i] - needed : 0;
        const bool last = i + 1 == cells.size();
        if (columns_[i].align == Align::Right) {
            text += std::string(pad, ' ') + painter.paint(cells[i].colour, cells[i].text);
        } else if (needed > widths[i]) {
            text += painter.paint(cells[i].colour, fit_width(cells[i].text, widths[i]));
        } else {
            text += painter.paint(cells[i].colour, cells[i].text);
            text += last ? std::string() : std::string(pad, ' ');
        }
        text += last ? std::string_view("\n") : kGap;
    }
    return text;
}

std::string Table::to_text(std::size_t width, const Painter& painter) const {
    const auto columns = widths(width);
    std::vector<Cell> titles;
    titles.reserve(columns_.size());
    for (const Column& column : columns_) {
        titles.emplace_back(column.title, Colour::Dim);
    }
    std::string text = line(titles, columns, painter);
    for (const auto& row : rows_) {
        text += line(row, columns, painter);
    }
    return text;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        std::string& line = lines.back();
        const std::size_t needed = display_width(word);
        if (line.empty()) {
            line = needed > width ? fit_width(word, width) : std::string(word);
        } else if (display_width(line) + 1 + needed <= width) {
            line += ' ';
            line += word;
        } else {
            lines.push_back(needed > width ? fit_width(word, width) : std::string(word));
        }
    }
    return lines;
}

std::string box(
    std::string_view title,
    const std::vector<Cell>& lines,
    std::size_t width,
    const Painter& painter
) {
    const std::size_t inner = std::max<std::size_t>(width, 24) - 4;
    const std::string name = fit_width(title, std::min(display_width(title), inner - 2));
    const std::size_t rest = inner - display_width(name) - 1;
    std::string text = painter.paint(Colour::Dim, "╭─ ") + painter.paint(Colour::Bold, name) +
                       painter.paint(Colour::Dim, " " + repeated("─", rest) + "╮") + "\n";
    const std::string side = painter.paint(Colour::Dim, "│");
    for (const Cell& cell : lines) {
        const std::string shown = printable(cell.text);
        const bool fits = display_width(shown) <= inner;
        for (const std::string& part : fits ? std::vector{shown} : wrap(shown, inner)) {
            const std::string pad(inner - display_width(part), ' ');
            text += fmt::format("{} {}{} {}\n", side, painter.paint(cell.colour, part), pad, side);
        }
    }
    return text + painter.paint(Colour::Dim, "╰" + repeated("─", inner + 2) + "╯") + "\n";
}

ProgressBar::ProgressBar(std::int64_t total, std::string label)
    : total_(total),
      label_(std::move(label)),
      terminal_(is_terminal(STDERR_FILENO)),
      started_(monotonic_now()) {
    CHECK(total > 0);
}

ProgressBar::~ProgressBar() {
    finish();
}

void ProgressBar::advance(std::int64_t steps) {
    done_ = std::clamp<std::int64_t>(done_ + steps, 0, total_);
    draw();
}

void ProgressBar::set_note(const std::string& note) {
    note_ = printable(note);
}

void ProgressBar::finish() {
    if (finished_) {
        return;
    }
    finished_ = true;
    if (terminal_) {
        write_error("\r\x1b[2K" + text(terminal_width(STDERR_FILENO)) + "\n");
    } else if (tenths_shown_ < 10) {
        write_error(text(100) + "\n");
    }
}

std::string ProgressBar::text(std::size_t width) const {
    const double share = static_cast<double>(done_) / static_cast<double>(total_);
    const double seconds = std::chrono::duration<double>(monotonic_now() - started_).count();
    std::string time = fmt::format("{:.0f} s", seconds);
    if (done_ > 0 && done_ < total_) {
        time = fmt::format("{:.0f} s left", seconds / share * (1 - share));
    }
    const std::string numbers =
        fmt::format("{:3.0f} %  {}/{}  {}", share * 100, grouped(done_), grouped(total_), time);
    std::string line = label_ + "  ";
    const std::size_t taken = display_width(line) + display_width(numbers) + 4;
    if (terminal_ && width > taken + 10) {
        const std::size_t cells = std::min<std::size_t>(width - taken, 32);
        const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
        line += repeated("█", full) + repeated("░", cells - full) + "  ";
    }
    line += numbers;
    if (!note_.empty()) {
        line += "  " + note_;
    }
    return display_width(line) > width ? fit_width(line, width) : line;
}

void ProgressBar::draw() {
    if (!terminal_) {
        const std::int64_t tenths = done_ * 10 / total_;
        if (tenths > tenths_shown_) {
            tenths_shown_ = tenths;
            write_error(text(100) + "\n");
        }
        return;
    }
    const auto now = monotonic_now();
    if (now - drawn_ >= kRedrawEvery) {
        drawn_ = now;
        write_error("\r\x1b[2K" + text(terminal_width(STDERR_FILENO)));
    }
}

std::string grouped(std::int64_t number) {
    std::string text = fmt::format("{}", number < 0 ? -number : number);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return number < 0 ? "-" + text : text;
}

std::string share_text(double share, std::int64_t n) {
    if (n == 0) {
        return "-";
    }
    const std::string text = fmt::format("{:.3f}", share);
    return text.starts_with("0.") ? text.substr(1) : text;
}

std::string user_name() {
    for (const char* name : {"USER", "LOGNAME"}) {
        if (const auto value = environment(name); !value.empty()) {
            return std::string(value);
        }
    }
    return "a person";
}

void print_out(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void print_json(const Json& value) {
    print_out(pretty(value) + "\n");
}

void say(const std::string& text) {
    const std::string line = "flywheel: " + printable(text) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace flywheel::app
