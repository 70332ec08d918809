// SPDX-License-Identifier: Apache-2.0
#include "ports/sources/files/json_rows.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"
#include "ports/sources/files/files_source.h"

namespace flywheel::files {

namespace {

constexpr std::size_t kDepthMax = 100;

/// The keys of one object: a handful as a list, many as a set.
class Keys {
  public:
    void clear() {
        few_.clear();
        many_.clear();
    }

    /// False when it was there.
    bool add(const std::string& key) {
        if (few_.size() < kFew) {
            if (std::find(few_.begin(), few_.end(), key) != few_.end()) {
                return false;
            }
            few_.push_back(key);
            return true;
        }
        if (many_.empty()) {
            many_.insert(few_.begin(), few_.end());
        }
        return many_.insert(key).second;
    }

  private:
    static constexpr std::size_t kFew = 16;
    std::vector<std::string> few_;
    std::unordered_set<std::string> many_;
};

/// Takes the wanted fields out of one object as the parser meets them, without building the rest.
class RowBuilder final : public nlohmann::json_sax<Json> {
  public:
    explicit RowBuilder(const ColumnNames& columns) : columns_(columns) {}

    /// The row of one line, or what is wrong with it. `row.line` stays as it is.
    std::optional<Problem> parse(std::string_view line, SourceRow& row) {
        row_ = &row;
        problem_.reset();
        depth_ = 0;
        field_ = Field::Other;
        has_text_ = false;
        if (!Json::sax_parse(line.begin(), line.end(), this)) {
            return problem_ ? std::move(problem_) : Problem{"", "Not valid JSON"};
        }
        if (!has_text_) {
            return Problem{columns_.text, fmt::format("The row has no field '{}'", columns_.text)};
        }
        return std::nullopt;
    }

    bool null() override { return depth_ > 0 || not_an_object(); }

    bool boolean(bool /*value*/) override { return scalar(Kind::Bool, {}); }

    bool number_integer(number_integer_t value) override {
        return scalar(Kind::Number, std::to_string(value));
    }

    bool number_unsigned(number_unsigned_t value) override {
        return scalar(Kind::Number, std::to_string(value));
    }

    // The digits as they stand: an integer over 2^64 arrives here and must not be rounded.
    bool number_float(number_float_t /*value*/, const string_t& text) override {
        return scalar(Kind::Number, std::string(text));
    }

    bool string(string_t& value) override { return scalar(Kind::String, std::move(value)); }

    bool binary(binary_t& /*value*/) override { return false; }

    bool start_object(std::size_t /*size*/) override {
        if (!enter(depth_ == 0 || field_ == Field::Annotators, "an object")) {
            return false;
        }
        keys_.resize(std::max(keys_.size(), depth_));
        keys_[depth_ - 1].clear();
        return true;
    }

    bool end_object() override { return leave(); }

    bool start_array(std::size_t /*size*/) override {
        return depth_ == 0 ? not_an_object() : enter(false, "a list");
    }

    bool end_array() override { return leave(); }

    bool key(string_t& name) override {
        if (!keys_[depth_ - 1].add(name)) {
            problem_ = Problem{
                depth_ == 1 ? name : "", fmt::format("The key '{}' is repeated", printable(name))
            };
            return false;
        }
        if (depth_ == 1) {
            field_ = field_named(name);
        } else if (depth_ == 2 && field_ == Field::Annotators) {
            person_ = name;
        }
        return true;
    }

    bool parse_error(
        std::size_t position, const std::string& /*token*/, const nlohmann::detail::exception& error
    ) override {
        std::string_view what = error.what();
        const auto colon = what.find("syntax error");
        what = colon == std::string_view::npos ? what : what.substr(colon);
        problem_ = Problem{
            "",
            fmt::format("Not valid JSON at byte {}: {}", position, printable(what.substr(0, 300)))
        };
        return false;
    }

  private:
    enum class Field { Other, Id, Time, Text, Label, Annotators };
    enum class Kind { Bool, Number, String };

    [[nodiscard]] Field field_named(const std::string& name) const {
        if (name.empty()) {
            return Field::Other;
        }
        return name == columns_.text         ? Field::Text
               : name == columns_.label      ? Field::Label
               : name == columns_.time       ? Field::Time
               : name == columns_.id         ? Field::Id
               : name == columns_.annotators ? Field::Annotators
                                             : Field::Other;
    }

    [[nodiscard]] const std::string& field_name() const {
        static const std::string kNone;
        switch (field_) {
            case Field::Id:
                return columns_.id;
            case Field::Time:
                return columns_.time;
            case Field::Text:
                return columns_.text;
            case Field::Label:
                return columns_.label;
            case Field::Annotators:
                return columns_.annotators;
            default:
                return kNone;
        }
    }

    bool not_an_object() {
        problem_ = Problem{"", "The line is not a JSON object"};
        return false;
    }

    bool wrong_type(const char* got) {
        const char* wanted = field_ == Field::Annotators ? "an object of persons and labels"
                             : field_ == Field::Label || field_ == Field::Id ? "text or a number"
                                                                             : "text";
        problem_ = Problem{field_name(), fmt::format("Expected {}, got {}", wanted, got)};
        return false;
    }

    bool enter(bool allowed, const char* got) {
        // Nested values belong to the top-level field they stand in; only unknown ones may have
        // them.
        if (field_ != Field::Other && !(allowed && depth_ <= 1)) {
            return wrong_type(got);
        }
        if (depth_ >= kDepthMax) {
            problem_ = Problem{"", fmt::format("The line is nested deeper than {}", kDepthMax)};
            return false;
        }
        ++depth_;
        return true;
    }

    bool leave() {
        --depth_;
        if (depth_ == 1) {
            field_ = Field::Other;
        }
        return true;
    }

    bool scalar(Kind kind, std::string&& value) {
        if (depth_ == 0) {
            return not_an_object();
        }
        const char* got = kind == Kind::Bool     ? "true or false"
                          : kind == Kind::Number ? "a number"
                                                 : "text";
        const bool number_allowed = field_ == Field::Id || field_ == Field::Label ||
                                    (field_ == Field::Annotators && depth_ == 2);
        if (field_ == Field::Other) {
            return true;
        }
        if (kind == Kind::Bool || (kind == Kind::Number && !number_allowed)) {
            return wrong_type(got);
        }
        return take(std::move(value), got);
    }

    bool take(std::string&& value, const char* got) {
        switch (field_) {
            case Field::Id:
                row_->id = std::move(value);
                return true;
            case Field::Label:
                row_->label = std::move(value);
                return true;
            case Field::Time:
                problem_ = set_time(value, columns_, *row_);
                return !problem_;
            case Field::Text:
                problem_ = check_text(value, columns_);
                row_->text = std::move(value);
                has_text_ = true;
                return !problem_;
            default:
                if (depth_ != 2) {
                    return wrong_type(got);
                }
                row_->annotators.emplace_back(person_, std::move(value));
                return true;
        }
    }

    const ColumnNames& columns_;
    SourceRow* row_ = nullptr;
    std::optional<Problem> problem_;
    std::vector<Keys> keys_;  ///< By depth.
    std::size_t depth_ = 0;
    Field field_ = Field::Other;  ///< The top-level field the parser is in.
    std::string person_;
    bool has_text_ = false;
};

/// The lines of a stream, without their ends. A line over the limit is skipped, not kept.
class Lines {
  public:
    explicit Lines(ByteStream& stream) : stream_(stream) {}

    struct Line {
        std::int64_t number = 0;
        std::string_view text;
        bool too_long = false;
        bool ended = true;  ///< False: the last one, without a newline.
    };

    /// The next line; nothing at the end. Its text lives until the next call.
    Result<std::optional<Line>> next() {
        stream_.drop(used_);
        used_ = 0;
        Line line;
        line.number = ++number_;
        std::size_t searched = 0;
        while (true) {
            const auto window = stream_.window();
            const auto end = window.find('\n', searched);
            if (end != std::string_view::npos) {
                line.text = window.substr(0, end);
                used_ = end + 1;
                return finished(line);
            }
            searched = window.size();
            if (searched > kRowBytesMax) {
                line.too_long = true;
                stream_.drop(searched);
                searched = 0;
            }
            if (!TRY(stream_.grow())) {
                line.text = stream_.window();
                line.ended = false;
                used_ = line.text.size();
                return line.text.empty() && !line.too_long ? std::optional<Line>() : finished(line);
            }
        }
    }

  private:
    static std::optional<Line> finished(Line line) {
        line.too_long = line.too_long || line.text.size() > kRowBytesMax;
        if (line.text.ends_with('\r')) {
            line.text.remove_suffix(1);
        }
        return line;
    }

    ByteStream& stream_;
    std::size_t used_ = 0;
    std::int64_t number_ = 0;
};

std::optional<Problem> parse_line(const Lines::Line& line, RowBuilder& builder, SourceRow& row) {
    if (line.too_long) {
        return Problem{
            "",
            fmt::format(
                "The row is over the limit of 16 MiB ({} bytes); a text may have 1 MiB",
                kRowBytesMax
            )
        };
    }
    const auto invalid = first_invalid_utf8(line.text);
    if (invalid != std::string_view::npos) {
        return Problem{"", fmt::format("The line is not UTF-8 at byte {}", invalid + 1)};
    }
    return builder.parse(line.text, row);
}

}  // namespace

std::optional<Problem> set_annotators(
    std::string_view json, const ColumnNames& columns, SourceRow& row
) {
    ColumnNames wanted{.id = "", .time = "", .text = "text", .label = "", .annotators = "people"};
    SourceRow parsed;
    const auto line = fmt::format(R"({{"text":"-","people":{}}})", json);
    auto problem = RowBuilder(wanted).parse(line, parsed);
    if (problem) {
        return Problem{columns.annotators, std::move(problem->message)};
    }
    row.annotators = std::move(parsed.annotators);
    return std::nullopt;
}

Result<void> read_json_lines(ByteStream& stream, const ColumnNames& columns, RowSink& sink) {
    Lines lines(stream);
    RowBuilder builder(columns);
    while (const auto line = TRY(lines.next())) {
        if (!line->too_long && trim(line->text).empty()) {
            continue;
        }
        SourceRow row;
        row.line = line->number;
        auto problem = parse_line(*line, builder, row);
        if (!problem) {
            TRY(sink.accept(std::move(row)));
            continue;
        }
        // A last line that is no row and has no newline: somebody stopped writing there.
        if (!line->ended) {
            sink.set_truncated();
        }
        sink.reject(line->number, std::move(*problem));
    }
    return {};
}

}  // namespace flywheel::files
