// SPDX-License-Identifier: Apache-2.0
#include "rooms/datasets/row_lines.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_value.h"

namespace flywheel::datasets {

namespace {

Json to_json(const Row& row) {
    Json json = Json::object();
    json["answers"] = row.answers;
    json["first_seen"] = micros(row.first_seen);
    json["group"] = row.group.hex();
    json["item"] = row.item.hex();
    json["label"] = row.label;
    json["multiplicity"] = row.multiplicity;
    json["split"] = enum_name(row.split);
    if (!row.value.empty()) {  // rows of before it was there keep their bytes
        json["value"] = row.value;
    }
    return json;
}

Result<Row> from_json(std::string_view line) {
    const Json json = TRY(parse_json(line));
    Row row;
    row.answers = TRY(integer_field(json, "answers"));
    row.first_seen = Time(Duration(TRY(integer_field(json, "first_seen"))));
    row.group = TRY(Digest::parse(TRY(string_field(json, "group"))));
    row.item = TRY(Digest::parse(TRY(string_field(json, "item"))));
    row.label = TRY(integer_field(json, "label"));
    row.multiplicity = TRY(integer_field(json, "multiplicity"));
    row.split = TRY(parse_enum<Split>(TRY(string_field(json, "split"))));
    row.value = TRY(optional_string(json, "value")).value_or("");
    return row;
}

}  // namespace

std::string to_lines(const std::vector<Row>& rows) {
    std::string lines;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CHECK(i == 0 || rows[i - 1].item < rows[i].item);
        lines += canonical(to_json(rows[i]));
        lines += '\n';
    }
    return lines;
}

Result<std::vector<Row>> from_lines(std::string_view lines) {
    std::vector<Row> rows;
    const auto damaged = [&](std::string_view why) {
        return corrupt(
            fmt::format("Rows of a dataset version are damaged: line {}: {}", rows.size() + 1, why)
        );
    };
    while (!lines.empty()) {
        const auto end = lines.find('\n');
        if (end == std::string_view::npos) {
            return damaged("it does not end");
        }
        auto row = from_json(lines.substr(0, end));
        if (!row) {
            return damaged(row.error().message);
        }
        if (!rows.empty() && !(rows.back().item < row->item)) {
            return damaged("items do not rise");
        }
        rows.push_back(std::move(*row));
        lines.remove_prefix(end + 1);
    }
    return rows;
}

Result<std::optional<Row>> find_line(std::string_view lines, const Digest& item) {
    // As canonical JSON writes it; the group of another row may be the same text.
    const auto found = lines.find(fmt::format("\"item\":\"{}\"", item.hex()));
    if (found == std::string_view::npos) {
        return std::optional<Row>();
    }
    const auto before = lines.rfind('\n', found);
    const auto begin = before == std::string_view::npos ? 0 : before + 1;
    const auto end = std::min(lines.find('\n', found), lines.size());
    return std::optional(TRY(from_json(lines.substr(begin, end - begin))));
}

}  // namespace flywheel::datasets
