// SPDX-License-Identifier: Apache-2.0
#include "tasks/text/choice.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "records/label_fold.h"

namespace flywheel::text {

namespace {

constexpr std::size_t kNamesShown = 20;

}  // namespace

Result<std::int64_t> choice_of(const Schema& schema, std::string_view name) {
    const std::int64_t choice = schema.label_id(name);
    if (choice >= 0) {
        return choice;
    }
    const auto shown = std::min(schema.labels.size(), kNamesShown);
    const std::span<const std::string> known(schema.labels.data(), shown);
    return invalid_argument(fmt::format(
        "Unknown label; the schema has {}{}: '{}'",
        fmt::join(known, ", "),
        shown < schema.labels.size() ? ", ..." : "",
        printable(name.substr(0, 200))
    ));
}

Result<std::string> choices_of(const Schema& schema, const std::vector<std::string>& names) {
    std::vector<std::int64_t> label_ids;
    label_ids.reserve(names.size());
    for (const auto& name : names) {
        label_ids.push_back(TRY(choice_of(schema, name)));
    }
    return value_of_choices(std::move(label_ids));
}

std::vector<std::string> names_in_cell(std::string_view cell) {
    std::vector<std::string> names;
    while (!cell.empty()) {
        const auto end = std::min(cell.find(kSeparator), cell.size());
        if (const auto name = trim(cell.substr(0, end)); !name.empty()) {
            names.emplace_back(name);
        }
        cell.remove_prefix(std::min(end + 1, cell.size()));
    }
    return names;
}

Result<std::string> choices_of_cell(const Schema& schema, std::string_view cell) {
    return choices_of(schema, names_in_cell(cell));
}

std::vector<std::string> names_of_value(const Schema& schema, std::string_view value) {
    std::vector<std::string> names;
    const auto label_ids = choices_in(value);
    if (!label_ids) {
        return names;
    }
    for (const auto label_id : *label_ids) {
        if (check_choice(schema, label_id)) {
            names.push_back(schema.labels[static_cast<std::size_t>(label_id)]);
        }
    }
    return names;
}

Result<void> check_choice(const Schema& schema, std::int64_t choice) {
    if (choice < 0 || choice >= static_cast<std::int64_t>(schema.labels.size())) {
        return invalid_argument(fmt::format(
            "Unknown label_id; the schema has 0 to {}: {}", schema.labels.size() - 1, choice
        ));
    }
    return {};
}

}  // namespace flywheel::text
