#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the commands print with: tables whose columns stay aligned under Korean names, boxes, a
// progress bar, colours where they are wanted. Used by the commands and the demo, one thread at a
// time.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flywheel::app {

/// Value of an environment variable; "" when it is not set.
[[nodiscard]] std::string_view environment(const char* name);
/// True when the file descriptor is a terminal.
[[nodiscard]] bool is_terminal(int fd);
/// A terminal that can show colours, and nobody asked for none (https://no-color.org).
[[nodiscard]] bool wants_colour(int fd);
/// Columns of the terminal behind `fd`; `otherwise` when it is none.
[[nodiscard]] std::size_t terminal_width(int fd, std::size_t otherwise = 100);

enum class Colour { Plain, Bold, Dim, Red, Green, Yellow, Cyan };

/// Text with escape codes, or without when colours are off.
class Painter {
  public:
    explicit Painter(bool on) : on_(on) {}

    [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;

    [[nodiscard]] bool on() const { return on_; }

  private:
    bool on_;
};

enum class Align { Left, Right };

/// One cell; a plain text becomes one by itself.
struct Cell {
    std::string text;
    Colour colour = Colour::Plain;

    Cell(std::string words, Colour in = Colour::Plain)  // NOLINT: cells are mostly plain text
        : text(std::move(words)), colour(in) {}

    Cell(const char* words) : text(words) {}  // NOLINT
};

class Table {
  public:
    void add_column(std::string title, Align align = Align::Left);
    /// As many cells as there are columns; fewer are filled with empty ones.
    void add_row(std::vector<Cell> cells);

    /// Header and rows, two spaces between columns, each line with its end. Wider than `width`: the
    /// widest left-aligned columns are cut with "…".
    [[nodiscard]] std::string to_text(std::size_t width, const Painter& painter = Painter(false))
        const;

    [[nodiscard]] std::size_t rows() const { return rows_.size(); }

  private:
    struct Column {
        std::string title;
        Align align = Align::Left;
    };

    [[nodiscard]] std::vector<std::size_t> widths(std::size_t width) const;
    [[nodiscard]] std::string line(
        const std::vector<Cell>& cells,
        const std::vector<std::size_t>& widths,
        const Painter& painter
    ) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

/// Lines in a frame with a title; lines wider than `width` are wrapped at spaces.
[[nodiscard]] std::string box(
    std::string_view title,
    const std::vector<Cell>& lines,
    std::size_t width,
    const Painter& painter
);

/// `text` broken at spaces into lines of at most `width` columns; a longer word is cut.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// How far something is, on stderr: a bar that redraws itself on a terminal, otherwise a plain line
/// each tenth of the way.
class ProgressBar {
  public:
    /// `total` > 0 steps.
    ProgressBar(std::int64_t total, std::string label);
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar();  ///< finish()

    void advance(std::int64_t steps);
    /// What is being done now, shown behind the numbers.
    void set_note(const std::string& note);
    /// Draws the last state and ends the line. Twice is once.
    void finish();

    /// The line as it would be drawn now, without escape codes; for tests too.
    [[nodiscard]] std::string text(std::size_t width) const;

  private:
    void draw();

    std::int64_t total_;
    std::int64_t done_ = 0;
    std::string label_;
    std::string note_;
    bool terminal_;
    bool finished_ = false;
    std::int64_t tenths_shown_ = 0;
    std::chrono::steady_clock::time_point started_;
    std::chrono::steady_clock::time_point drawn_;
};

/// "12,345".
[[nodiscard]] std::string grouped(std::int64_t number);
/// ".723"; "-" when there is none (n == 0).
[[nodiscard]] std::string share_text(double share, std::int64_t n);

}  // namespace flywheel::app
