// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/intake/row_condition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace flywheel {

namespace {

constexpr std::size_t kKindsMax = 1'000'000;
constexpr std::string_view kOrders = "<, <=, >, >=, ==, !=";
/// Stands for every model that no condition names.
constexpr std::string_view kOtherModel = "\x01 other";

std::optional<double> known(double value, bool is_known) {
    return is_known && !std::isnan(value) ? std::optional(value) : std::nullopt;
}

bool is_text(RowField field) {
    return field == RowField::Route || field == RowField::Model;
}

bool is_truth(RowField field) {
    return field == RowField::Agree || field == RowField::Incident;
}

bool is_whole(RowField field) {
    return field == RowField::Status || field == RowField::UsTotal || field == RowField::Label;
}

bool may_be_unknown(RowField field) {
    return field == RowField::Confidence || field == RowField::Margin ||
           field == RowField::Entropy || field == RowField::Agree;
}

/// Values outside of these do not occur.
std::pair<double, double> domain_of(RowField field) {
    constexpr double kEndless = std::numeric_limits<double>::infinity();
    switch (field) {
        case RowField::Status:
            return {100, 599};
        case RowField::Label:
            return {-1, kEndless};
        case RowField::UsTotal:
            return {0, kEndless};
        case RowField::Agree:
        case RowField::Incident:
            return {0, 1};
        default:
            return {-kEndless, kEndless};  // scores of an engine need not be probabilities
    }
}

/// "margin<0.1 and route == 'canary'" -> margin, <, 0.1, and, route, ==, canary.
std::vector<std::string_view> words_of(std::string_view text) {
    constexpr std::string_view kOrderSigns = "<>=!";
    std::vector<std::string_view> words;
    std::size_t at = 0;
    const auto take_while = [&](const auto& wanted) {
        const std::size_t begin = at;
        while (at < text.size() && wanted(text[at])) {
            ++at;
        }
        words.push_back(text.substr(begin, at - begin));
    };
    const auto is_sign = [&](char c) { return kOrderSigns.find(c) != std::string_view::npos; };
    while (at < text.size()) {
        if (text[at] == ' ' || text[at] == '\t') {
            ++at;
        } else if (text[at] == '\'') {
            ++at;
            take_while([](char c) { return c != '\''; });
            ++at;  // the closing quote
        } else if (is_sign(text[at])) {
            take_while(is_sign);
        } else {
            take_while([&](char c) { return c != ' ' && c != '\t' && c != '\'' && !is_sign(c); });
        }
    }
    return words;
}

Result<double> number_of(RowField field, std::string_view word) {
    if (is_truth(field)) {
        if (word != "true" && word != "false") {
            return invalid_argument(
                fmt::format("'{}' is compared with true or false: '{}'", enum_name(field), word)
            );
        }
        return word == "true" ? 1.0 : 0.0;
    }
    double number = 0;
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (failed != std::errc() || end != word.data() + word.size() || !std::isfinite(number)) {
        return invalid_argument(
            fmt::format("'{}' is compared with a number: '{}'", enum_name(field), word)
        );
    }
    return number;
}

}  // namespace

RowFacts RowFacts::of(const Prediction& row, bool incident) {
    const bool scored = !row.scores.empty();
    return {
        .numbers =
            {static_cast<double>(row.status),
             known(row.confidence, scored),
             known(row.margin, scored),
             known(row.entropy, scored),
             static_cast<double>(row.us_total),
             static_cast<double>(row.label),
             known(row.agreement == Agreement::Agrees ? 1 : 0, row.agreement != Agreement::Unknown),
             incident ? 1.0 : 0.0},
        .route = enum_name(row.route),
        .model = row.model,
    };
}

Result<RowCondition::Comparison> RowCondition::parse_comparison(
    std::span<const std::string_view> words
) {
    static constexpr std::array<std::string_view, 6> kSigns = {"<", "<=", ">", ">=", "==", "!="};
    Comparison comparison;
    const auto field = parse_enum<RowField>(words[0]);
    if (!field) {
        return invalid_argument(fmt::format(
            "Unknown field '{}'; known: {}", words[0], fmt::join(names_of(RowField()), ", ")
        ));
    }
    comparison.field = *field;
    const auto* const sign = std::ranges::find(kSigns, words[1]);
    if (sign == kSigns.end()) {
        return invalid_argument(fmt::format("Unknown comparison '{}'; known: {}", words[1], kOrders)
        );
    }
    comparison.order = static_cast<Order>(sign - kSigns.begin());
    const bool ordered = comparison.order < Order::Equal;
    if (ordered && (is_text(*field) || is_truth(*field))) {
        return invalid_argument(fmt::format("'{}' is compared by == or !=", words[0]));
    }
    if (is_text(*field)) {
        comparison.text = words[2];
        if (*field == RowField::Route) {
            TRY(parse_enum<Route>(words[2]));
        }
        return comparison;
    }
    comparison.number = TRY(number_of(*field, words[2]));
    return comparison;
}

Result<RowCondition> RowCondition::parse(std::string_view text) {
    RowCondition condition;
    TRY(check_utf8(text));
    const auto words = words_of(text);
    constexpr std::size_t kWords = 3;
    for (std::size_t at = 0; at < words.size(); at += kWords + 1) {
        const std::span rest = std::span(words).subspan(at);
        const bool goes_on = rest.size() > kWords;
        if (rest.size() < kWords || (goes_on && (rest[kWords] != "and" || rest.size() == 4))) {
            return invalid_argument(fmt::format(
                "A condition is written as \"field < value\", several joined by \"and\": \"{}\"",
                text
            ));
        }
        condition.comparisons_.push_back(TRY(parse_comparison(rest)));
    }
    return condition;
}

bool RowCondition::holds(const Comparison& comparison, const RowFacts& facts) {
    if (is_text(comparison.field)) {
        const auto value = comparison.field == RowField::Route ? facts.route : facts.model;
        return (value == comparison.text) == (comparison.order == Order::Equal);
    }
    const auto value = facts.numbers[static_cast<std::size_t>(comparison.field)];
    if (!value) {
        return false;
    }
    switch (comparison.order) {
        case Order::Less:
            return *value < comparison.number;
        case Order::AtMost:
            return *value <= comparison.number;
        case Order::Greater:
            return *value > comparison.number;
        case Order::AtLeast:
            return *value >= comparison.number;
        case Order::Equal:
            return *value == comparison.number;
        case Order::Differs:
            return *value != comparison.number;
    }
    return false;
}

bool RowCondition::matches(const RowFacts& facts) const {
    return std::ranges::all_of(comparisons_, [&](const Comparison& comparison) {
        return holds(comparison, facts);
    });
}

/// Between and at the numbers that conditions name, rows look alike to them; so it is enough to try
/// each such number and its neighbours on both sides.
bool RowCondition::each_kind_of_row(
    std::span<const RowCondition* const> conditions,
    const std::function<void(const RowFacts&)>& visit
) {
    std::array<std::vector<std::optional<double>>, RowFacts::kNumbers> numbers;
    std::vector<std::string_view> models = {kOtherModel};
    for (const RowCondition* condition : conditions) {
        for (const Comparison& comparison : condition->comparisons_) {
            if (comparison.field == RowField::Model) {
                models.emplace_back(comparison.text);
            }
            if (is_text(comparison.field)) {
                continue;
            }
            const auto [least, most] = domain_of(comparison.field);
            const double at = comparison.number;
            const bool whole = is_whole(comparison.field) || is_truth(comparison.field);
            const double below = whole ? std::ceil(at) - 1 : std::nextafter(at, -HUGE_VAL);
            const double above = whole ? std::floor(at) + 1 : std::nextafter(at, HUGE_VAL);
            for (const double value : {below, at, above}) {
                const bool occurs =
                    value >= least && value <= most && (!whole || value == std::floor(value));
                auto& values = numbers[static_cast<std::size_t>(comparison.field)];
                if (occurs && std::ranges::find(values, std::optional(value)) == values.end()) {
                    values.emplace_back(value);
                }
            }
        }
    }
    const auto routes = names_of(Route());
    std::size_t kinds = routes.size() * models.size();
    for (std::size_t field = 0; field < numbers.size(); ++field) {
        const auto name = static_cast<RowField>(field);
        if (numbers[field].empty()) {
            numbers[field].emplace_back(domain_of(name).second);  // told apart by no condition
        } else if (may_be_unknown(name)) {
            numbers[field].emplace_back(std::nullopt);
        }
        kinds *= numbers[field].size();
        if (kinds > kKindsMax) {
            return false;
        }
    }
    for (std::size_t kind = 0; kind < kinds; ++kind) {
        std::size_t rest = kind;
        const auto pick = [&](const auto& values) {
            const std::size_t place = rest % values.size();
            rest /= values.size();
            return values[place];
        };
        RowFacts facts;
        facts.route = pick(routes);
        facts.model = pick(models);
        for (std::size_t field = 0; field < numbers.size(); ++field) {
            facts.numbers[field] = pick(numbers[field]);
        }
        visit(facts);
    }
    return true;
}

}  // namespace flywheel
