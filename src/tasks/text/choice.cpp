// SPDX-License-Identifier: Apache-2.0
#include "tasks/text/choice.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

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

Result<void> check_choice(const Schema& schema, std::int64_t choice) {
    if (choice < 0 || choice >= static_cast<std::int64_t>(schema.labels.size())) {
        return invalid_argument(fmt::format(
            "Unknown label_id; the schema has 0 to {}: {}", schema.labels.size() - 1, choice
        ));
    }
    return {};
}

}  // namespace flywheel::text
