// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "base/json_value.h"

namespace flywheel {

namespace {

constexpr int kDepthMax = 100;

struct Place {
    std::size_t line = 1;
    std::size_t column = 1;
};

/// Where the byte number `byte` (from 0) of `text` stands.
Place place_of(std::string_view text, std::size_t byte) {
    const auto before = text.substr(0, std::min(byte, text.size()));
    const auto lines = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const auto last = before.rfind('\n');
    return {lines + 1, last == std::string_view::npos ? before.size() + 1 : before.size() - last};
}

/// Walks over the text and lets others see how far the lexer has read: nlohmann tells the place of
/// a syntax error, but not of what a consumer refuses.
class CountingCursor {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingCursor(std::string_view text, std::size_t at, std::size_t* consumed)
        : text_(text), at_(at), consumed_(consumed) {}

    reference operator*() const { return text_[at_]; }

    CountingCursor& operator++() {
        ++at_;
        ++*consumed_;
        return *this;
    }

    bool operator==(const CountingCursor& other) const { return at_ == other.at_; }

    bool operator!=(const CountingCursor& other) const { return at_ != other.at_; }

  private:
    std::string_view text_;
    std::size_t at_;
    std::size_t* consumed_;
};

/// Builds the value and watches for what nlohmann's own builder lets pass: repeated keys and depth.
class StrictBuilder : public nlohmann::json_sax<Json> {
  public:
    StrictBuilder(Json& root, const std::size_t& consumed) : root_(root), consumed_(consumed) {}

    bool null() override { return put(nullptr); }

    bool boolean(bool value) override { return put(value); }

    bool number_integer(number_integer_t value) override { return put(value); }

    bool number_unsigned(number_unsigned_t value) override { return put(value); }

    bool number_float(number_float_t value, const string_t& /*text*/) override {
        return put(value);
    }

    bool string(string_t& value) override { return put(std::move(value)); }

    bool binary(binary_t& /*value*/) override { return false; }

    bool start_object(std::size_t /*size*/) override { return open(Json::object()); }

    bool start_array(std::size_t /*size*/) override { return open(Json::array()); }

    bool end_object() override { return close(); }

    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        if (stack_.back()->contains(name)) {
            return refuse(fmt::format("the key '{}' is repeated", name));
        }
        key_ = name;
        return true;
    }

    bool parse_error(
        std::size_t position, const std::string& /*token*/, const nlohmann::detail::exception& error
    ) override {
        position_ = position == 0 ? 0 : position - 1;  // counts from 1
        const std::string what = error.what();
        const auto syntax = what.find("syntax error");
        const auto bracket =
            what.find("] ");  // "[json.exception.out_of_range.406] number overflow ..."
        if (what.find("unexpected end of input") != std::string::npos) {
            problem_ = "the text ends too early";
        } else if (syntax != std::string::npos) {
            problem_ = what.substr(syntax);
        } else {
            problem_ = bracket == std::string::npos ? what : what.substr(bracket + 2);
        }
        return false;
    }

    [[nodiscard]] const std::string& problem() const { return problem_; }

    /// Number of the byte (from 0) at which it was refused.
    [[nodiscard]] std::size_t position() const { return position_; }

  private:
    bool refuse(std::string problem) {
        problem_ = std::move(problem);
        position_ = consumed_ == 0 ? 0 : consumed_ - 1;
        return false;
    }

    template <class Value>
    bool put(Value&& value) {
        place(Json(std::forward<Value>(value)));
        return true;
    }

    Json* place(Json&& value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        Json& parent = *stack_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[key_] = std::move(value));
    }

    bool open(Json&& container) {
        if (stack_.size() >= kDepthMax) {
            return refuse(fmt::format("nesting is deeper than {}", kDepthMax));
        }
        stack_.push_back(place(std::move(container)));
        return true;
    }

    bool close() {
        stack_.pop_back();
        return true;
    }

    Json& root_;
    const std::size_t& consumed_;
    std::vector<Json*> stack_;
    std::string key_;
    std::string problem_;
    std::size_t position_ = 0;
};

std::string_view kind_of(const Json& value) {
    return value.type_name();
}

Result<const Json*> find_field(const Json& object, std::string_view name) {
    if (!object.is_object()) {
        return invalid_argument(fmt::format("expected an object, got {}", kind_of(object)));
    }
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

Error wrong_kind(std::string_view name, std::string_view wanted, const Json* got) {
    return invalid_argument(fmt::format(
        "field '{}': expected {}, got {}", name, wanted, got == nullptr ? "nothing" : kind_of(*got)
    ));
}

template <class T, class Test>
Result<std::optional<T>> optional_field(
    const Json& object, std::string_view name, std::string_view wanted, Test&& is_wanted
) {
    const Json* field = TRY(find_field(object, name));
    if (field == nullptr) {
        return std::optional<T>();
    }
    if (!is_wanted(*field)) {
        return wrong_kind(name, wanted, field);
    }
    return std::optional<T>(field->get<T>());
}

template <class T>
Result<T> required(
    Result<std::optional<T>>&& field, std::string_view name, std::string_view wanted
) {
    auto value = TRY(std::move(field));
    if (!value) {
        return wrong_kind(name, wanted, nullptr);
    }
    return std::move(*value);
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
    Json root;
    std::size_t consumed = 0;
    StrictBuilder builder(root, consumed);
    const CountingCursor begin(text, 0, &consumed);
    const CountingCursor end(text, text.size(), &consumed);
    const auto refuse = [&](std::size_t byte, std::string_view problem) {
        const auto place = place_of(text, byte);
        return invalid_argument(fmt::format(
            "Not valid JSON at line {}, column {}: {}", place.line, place.column, problem
        ));
    };
    if (!Json::sax_parse(begin, end, &builder)) {
        return refuse(builder.position(), builder.problem());
    }
    // nlohmann takes a zero byte for the end of the text, whatever stands behind it.
    if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
        return refuse(zero, "a byte of zero");
    }
    return root;
}

std::string canonical(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string pretty(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<std::optional<std::string>> optional_string(const Json& object, std::string_view name) {
    return optional_field<std::string>(object, name, "a string", [](const Json& v) {
        return v.is_string();
    });
}

Result<std::optional<std::int64_t>> optional_integer(const Json& object, std::string_view name) {
    return optional_field<std::int64_t>(object, name, "an integer", [](const Json& v) {
        return v.is_number_integer() &&
               (!v.is_number_unsigned() || v.get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
    });
}

Result<std::optional<double>> optional_number(const Json& object, std::string_view name) {
    return optional_field<double>(object, name, "a number", [](const Json& v) {
        return v.is_number();
    });
}

Result<std::optional<bool>> optional_bool(const Json& object, std::string_view name) {
    return optional_field<bool>(object, name, "true or false", [](const Json& v) {
        return v.is_boolean();
    });
}

Result<std::string> string_field(const Json& object, std::string_view name) {
    return required(optional_string(object, name), name, "a string");
}

Result<std::int64_t> integer_field(const Json& object, std::string_view name) {
    return required(optional_integer(object, name), name, "an integer");
}

Result<double> number_field(const Json& object, std::string_view name) {
    return required(optional_number(object, name), name, "a number");
}

Result<bool> bool_field(const Json& object, std::string_view name) {
    return required(optional_bool(object, name), name, "true or false");
}

}  // namespace flywheel
