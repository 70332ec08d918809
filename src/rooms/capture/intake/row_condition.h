#pragma once
// SPDX-License-Identifier: Apache-2.0
// RowCondition: a condition on a served row, such as "margin < 0.1 and route == canary", as
// capture's rules use it. Comparisons are joined by `and`; a rule for each branch stands for `or`.
// Immutable after parse(), any thread.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/prediction.h"

namespace flywheel {

enum class RowField {
    Status,      ///< HTTP status of the row.
    Confidence,  ///< Unknown for a row without scores, as the next two.
    Margin,
    Entropy,
    UsTotal,
    Label,     ///< Class index; -1 when the row failed.
    Agree,     ///< true, false; unknown without a shadow answer.
    Incident,  ///< true while an Incident is open.
    Route,
    Model
};

inline std::span<const std::string_view> names_of(RowField) {
    static constexpr std::array<std::string_view, 10> kNames = {
        "status",
        "confidence",
        "margin",
        "entropy",
        "us_total",
        "label",
        "agree",
        "incident",
        "route",
        "model"
    };
    return kNames;
}

/// The values of one row that conditions look at.
struct RowFacts {
    static constexpr std::size_t kNumbers = 8;

    std::array<std::optional<double>, kNumbers> numbers;  ///< By RowField; nothing = unknown.
    std::string_view route;
    std::string_view model;

    static RowFacts of(const Prediction& row, bool incident);
};

class RowCondition {
  public:
    /// InvalidArgument says what is wrong with the text and what would be right.
    static Result<RowCondition> parse(std::string_view text);

    /// A comparison with something unknown is false.
    [[nodiscard]] bool matches(const RowFacts& facts) const;

    [[nodiscard]] bool matches_all() const { return comparisons_.empty(); }

    /// Calls `visit` with sets of facts that together stand for every row there can be, as far as
    /// these conditions can tell rows apart; false when there are too many to go through.
    static bool each_kind_of_row(
        std::span<const RowCondition* const> conditions,
        const std::function<void(const RowFacts&)>& visit
    );

  private:
    enum class Order { Less, AtMost, Greater, AtLeast, Equal, Differs };

    struct Comparison {
        RowField field = RowField::Status;
        Order order = Order::Equal;
        double number = 0;
        std::string text;
    };

    static Result<Comparison> parse_comparison(std::span<const std::string_view> words);
    static bool holds(const Comparison& comparison, const RowFacts& facts);

    std::vector<Comparison> comparisons_;
};

}  // namespace flywheel
