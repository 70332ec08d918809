// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <fmt/format.h>

#include "base/json_value.h"
#include "rooms/training/jobs.h"

namespace flywheel::training {

namespace {

Result<PackRow> row_of(const Json& line, std::int32_t classes) {
    PackRow row;
    row.text = TRY(string_field(line, "x"));
    row.label = TRY(integer_field(line, "y"));
    row.weight = static_cast<float>(TRY(number_field(line, "w")));
    row.group = static_cast<std::uint64_t>(TRY(integer_field(line, "g")));
    row.valid = TRY(bool_field(line, "v"));
    if (row.label < 0 || row.label >= classes) {
        return corrupt(fmt::format("Label is not one of the {} classes: {}", classes, row.label));
    }
    return row;
}

Result<void> add_line(const std::string& line, Pack& pack) {
    const Json value = TRY(parse_json(line));
    if (value.contains("u")) {
        pack.unlabelled.push_back(TRY(string_field(value, "u")));
    } else {
        pack.rows.push_back(TRY(row_of(value, pack.classes)));
    }
    return {};
}

}  // namespace

Result<void> write_pack(const Pack& pack, const std::filesystem::path& file) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << canonical(Json{{"pack", 1}, {"classes", pack.classes}}) << '\n';
    for (const auto& row : pack.rows) {
        out << canonical(Json{
                   {"x", row.text},
                   {"y", row.label},
                   {"w", row.weight},
                   {"g", static_cast<std::int64_t>(row.group)},
                   {"v", row.valid}
               })
            << '\n';
    }
    for (const auto& text : pack.unlabelled) {
        out << canonical(Json{{"u", text}}) << '\n';
    }
    out.close();
    if (!out) {
        return make_error(
            Code::Unavailable, fmt::format("Cannot write the training pack: {}", file.string())
        );
    }
    return {};
}

Result<Pack> read_pack(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string line;
    if (!std::getline(in, line)) {
        return not_found(fmt::format("Cannot read the training pack: {}", file.string()));
    }
    Pack pack;
    const Json header = TRY(parse_json(line).within("training pack, line 1"));
    if (TRY(integer_field(header, "pack")) != 1) {
        return make_error(
            Code::Unsupported,
            fmt::format("Training pack of another version: {}", canonical(header))
        );
    }
    pack.classes = static_cast<std::int32_t>(TRY(integer_field(header, "classes")));
    for (std::int64_t number = 2; std::getline(in, line); ++number) {
        auto added = add_line(line, pack);
        if (!added) {
            return corrupt(fmt::format("Training pack, line {}: {}", number, added.error().message)
            );
        }
    }
    return pack;
}

}  // namespace flywheel::training
