// SPDX-License-Identifier: Apache-2.0
#include "ports/sources/files/table_rows.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "ports/sources/files/files_source.h"
#include "ports/sources/files/json_rows.h"

namespace flywheel::files {

namespace {

enum class Outcome { Row, Blank, NeedsMore, EndsInQuotes, AfterQuote };

struct Record {
    Outcome outcome = Outcome::Row;
    std::vector<std::string> cells;
    std::size_t bytes = 0;   ///< With its line end.
    std::int64_t lines = 1;  ///< Line ends inside and after it.
    bool ended = true;       ///< False: the last one, without a newline.
};

/// Splits one record off the front of `text`. One use, then a new one.
class RecordParser {
  public:
    RecordParser(std::string_view text, char separator, bool at_end)
        : text_(text), separator_(separator), at_end_(at_end) {}

    Record parse() {
        Record record;
        record.lines = 0;
        while (true) {
            record.cells.emplace_back();
            auto& cell = record.cells.back();
            const bool quoted = at_ < text_.size() && text_[at_] == '"';
            if (quoted && !read_quoted(cell, record)) {
                record.outcome = at_end_ ? Outcome::EndsInQuotes : Outcome::NeedsMore;
                return record;
            }
            const auto begin = at_;
            at_ = std::min(text_.find_first_of(stops(), at_), text_.size());
            auto rest = text_.substr(begin, at_ - begin);
            const bool ends = at_ == text_.size() || text_[at_] == '\n';
            if (ends && rest.ends_with('\r')) {
                rest.remove_suffix(1);
            }
            if (quoted && !rest.empty()) {
                record.outcome = ends && at_ == text_.size() && !at_end_ ? Outcome::NeedsMore
                                                                         : Outcome::AfterQuote;
                return record;
            }
            cell += rest;
            if (ends) {
                return finish(record, quoted);
            }
            ++at_;
        }
    }

  private:
    [[nodiscard]] std::string_view stops() const { return separator_ == '\t' ? "\t\n" : ",\n"; }

    /// Reads from the opening quote behind the closing one; false when there is none.
    bool read_quoted(std::string& cell, Record& record) {
        ++at_;
        while (true) {
            const auto quote = text_.find('"', at_);
            if (quote == std::string_view::npos) {
                return false;
            }
            const auto piece = text_.substr(at_, quote - at_);
            cell += piece;
            record.lines += std::count(piece.begin(), piece.end(), '\n');
            at_ = quote + 1;
            if (at_ >= text_.size() && !at_end_) {
                return false;  // it may be the first half of a doubled quote
            }
            if (at_ >= text_.size() || text_[at_] != '"') {
                return true;
            }
            cell += '"';
            ++at_;
        }
    }

    Record finish(Record& record, bool quoted) {
        if (at_ == text_.size() && !at_end_) {
            record.outcome = Outcome::NeedsMore;
            return std::move(record);
        }
        record.ended = at_ < text_.size();
        record.bytes = at_ + (record.ended ? 1 : 0);
        ++record.lines;
        const bool blank = record.cells.size() == 1 && !quoted && trim(record.cells[0]).empty();
        record.outcome = blank ? Outcome::Blank : Outcome::Row;
        return std::move(record);
    }

    std::string_view text_;
    char separator_;
    bool at_end_;
    std::size_t at_ = 0;
};

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

/// Where the wanted columns stand.
struct Header {
    std::vector<std::string> names;
    std::size_t id = kAbsent;
    std::size_t time = kAbsent;
    std::size_t text = kAbsent;
    std::size_t label = kAbsent;
    std::size_t annotators = kAbsent;
};

class TableReader {
  public:
    TableReader(ByteStream& stream, const ColumnNames& columns, RowSink& sink)
        : stream_(stream), columns_(columns), sink_(sink) {}

    Result<void> read(char separator) {
        if (!TRY(read_header(separator).within(stream_.name()))) {
            return {};
        }
        while (!stream_.at_end() || !stream_.window().empty()) {
            TRY(read_record());
        }
        return {};
    }

  private:
    /// One record of the stream, however long the window must become for it.
    Result<Record> next_record() {
        while (true) {
            const auto window = stream_.window();
            auto record = RecordParser(window, separator_, stream_.at_end()).parse();
            if (record.outcome != Outcome::NeedsMore || window.size() > kRowBytesMax) {
                return record;
            }
            TRY(stream_.grow());
        }
    }

    /// False when the file is empty. The separator that gives a text column is the right one.
    Result<bool> read_header(char guess) {
        while (true) {
            std::vector<std::string> found;
            for (const char candidate : {guess, guess == ',' ? '\t' : ','}) {
                separator_ = candidate;
                auto record = TRY(next_record());
                if (record.outcome == Outcome::Blank && record.bytes == 0) {
                    return false;
                }
                if (record.outcome == Outcome::Row && use_header(record.cells)) {
                    TRY(check_header());
                    pass(record);
                    return true;
                }
                if (record.outcome == Outcome::Blank) {
                    pass(record);
                    break;
                }
                found = found.empty() ? record.cells : found;
            }
            if (!found.empty()) {
                return invalid_argument(fmt::format(
                    "The header has no column '{}'; name the one that holds the text: line {}, "
                    "columns {}",
                    columns_.text,
                    line_,
                    printable(fmt::format("{}", fmt::join(found, ", ")).substr(0, 300))
                ));
            }
        }
    }

    bool use_header(std::vector<std::string>& cells) {
        header_ = Header{};
        header_.names = std::move(cells);
        const auto place = [&](const std::string& name) {
            const auto found = std::find(header_.names.begin(), header_.names.end(), name);
            return name.empty() || found == header_.names.end()
                       ? kAbsent
                       : static_cast<std::size_t>(found - header_.names.begin());
        };
        header_.id = place(columns_.id);
        header_.time = place(columns_.time);
        header_.text = place(columns_.text);
        header_.label = place(columns_.label);
        header_.annotators = place(columns_.annotators);
        if (header_.text == kAbsent) {
            cells = std::move(header_.names);
            return false;
        }
        return true;
    }

    Result<void> check_header() const {
        for (const auto used :
             {header_.id, header_.time, header_.text, header_.label, header_.annotators}) {
            if (used == kAbsent) {
                continue;
            }
            const auto& name = header_.names[used];
            if (std::count(header_.names.begin(), header_.names.end(), name) > 1) {
                return invalid_argument(
                    fmt::format("The header has a column twice: line {}, '{}'", line_, name)
                );
            }
        }
        return {};
    }

    void pass(const Record& record) {
        stream_.drop(record.bytes);
        line_ += record.lines;
    }

    Result<void> read_record() {
        const auto record = TRY(next_record());
        switch (record.outcome) {
            case Outcome::Row:
                TRY(read_row(record));
                pass(record);
                return {};
            case Outcome::Blank:
                pass(record);
                return {};
            case Outcome::EndsInQuotes:
                sink_.set_truncated();
                return skip_line({"", "The file ends inside a quoted cell that begins in this row"}
                );
            case Outcome::AfterQuote:
                return skip_line(
                    {"", "There is text behind a closing quote; double the quotes inside a cell"}
                );
            default:
                return skip_line(
                    {"",
                     fmt::format(
                         "The row is over the limit of 16 MiB ({} bytes), or a quote is not closed",
                         kRowBytesMax
                     )}
                );
        }
    }

    /// Refuses the record and goes on behind its first line: a stray quote costs one row, not all
    /// that follow.
    Result<void> skip_line(Problem problem) {
        sink_.reject(line_, std::move(problem));
        while (true) {
            const auto window = stream_.window();
            const auto end = window.find('\n');
            if (end != std::string_view::npos) {
                stream_.drop(end + 1);
                ++line_;
                return {};
            }
            stream_.drop(window.size());
            if (!TRY(stream_.grow())) {
                return {};
            }
        }
    }

    Result<void> read_row(const Record& record) {
        // A last row without a newline may be half a row; of an unfinished gzip file it surely is.
        const bool cut =
            !record.ended && (stream_.truncated() || record.cells.size() != header_.names.size());
        if (cut) {
            sink_.set_truncated();
            sink_.reject(line_, {"", "The file ends in the middle of this row"});
            return {};
        }
        SourceRow row;
        row.line = line_;
        if (auto problem = fill(record.cells, row)) {
            sink_.reject(line_, std::move(*problem));
            return {};
        }
        return sink_.accept(std::move(row));
    }

    std::optional<Problem> fill(const std::vector<std::string>& cells, SourceRow& row) const {
        if (cells.size() != header_.names.size()) {
            return Problem{
                "",
                fmt::format(
                    "The row has another number of cells than the header: {}, expected {}",
                    cells.size(),
                    header_.names.size()
                )
            };
        }
        if (cells == header_.names) {
            return Problem{"", "The header is repeated"};
        }
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const auto invalid = first_invalid_utf8(cells[i]);
            if (invalid != std::string_view::npos) {
                return Problem{
                    header_.names[i],
                    fmt::format("The cell is not UTF-8 at byte {}; convert the file", invalid + 1)
                };
            }
        }
        return take(cells, row);
    }

    std::optional<Problem> take(const std::vector<std::string>& cells, SourceRow& row) const {
        const auto cell = [&](std::size_t place) -> const std::string& {
            static const std::string kEmpty;
            return place == kAbsent ? kEmpty : cells[place];
        };
        if (auto problem = check_text(cell(header_.text), columns_)) {
            return problem;
        }
        row.text = cell(header_.text);
        row.id = cell(header_.id);
        row.label = cell(header_.label);
        if (!cell(header_.time).empty()) {
            if (auto problem = set_time(cell(header_.time), columns_, row)) {
                return problem;
            }
        }
        const auto& people = cell(header_.annotators);
        return people.empty() ? std::nullopt : set_annotators(people, columns_, row);
    }

    ByteStream& stream_;
    const ColumnNames& columns_;
    RowSink& sink_;
    Header header_;
    char separator_ = ',';
    std::int64_t line_ = 1;
};

}  // namespace

Result<void> read_table(
    ByteStream& stream, char separator, const ColumnNames& columns, RowSink& sink
) {
    return TableReader(stream, columns, sink).read(separator);
}

}  // namespace flywheel::files
