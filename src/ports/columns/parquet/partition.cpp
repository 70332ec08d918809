// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/partition.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/json_value.h"

namespace flywheel {

namespace {

constexpr std::int64_t kFirstVersion = 1;  // one segment a list, nothing stripped
constexpr std::int64_t kVersion = 2;

bool stands_for_itself(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/// Below a table's folder, and nowhere else.
bool stays_in(std::string_view folder, const std::string& path) {
    return path.starts_with(std::string(folder) + "/") &&
           std::filesystem::path(path).lexically_normal().string() == path;
}

std::string_view stem_of(const std::string& table_path) {
    constexpr std::string_view kExtension = ".parquet";
    return std::string_view(table_path).substr(0, table_path.size() - kExtension.size());
}

Result<IdFile> decode_ids(const Json& json, std::string_view folder) {
    IdFile ids{.path = TRY(string_field(json, "path"))};
    const std::int64_t bytes = TRY(integer_field(json, "bytes"));
    if (bytes < 0 || (!ids.path.empty() && !stays_in(folder, ids.path))) {
        return invalid_argument(fmt::format("field 'ids': not of a table: '{}'", ids.path));
    }
    ids.bytes = static_cast<std::uint64_t>(bytes);
    return ids;
}

Result<PartitionFile> decode_file(const Json& json) {
    PartitionFile file;
    file.path = TRY(string_field(json, "path"));
    file.table = TRY(string_field(json, "table"));
    file.model = TRY(string_field(json, "model"));
    file.rows = TRY(integer_field(json, "rows"));
    const std::int64_t bytes = TRY(integer_field(json, "bytes"));
    const std::string_view folder = file.table == kPayloadFile ? kPayloadTable : file.table;
    const bool known = folder == "predictions" || folder == "feedback" || folder == kPayloadTable;
    if (!known || !stays_in(folder, file.path)) {
        return invalid_argument(fmt::format("field 'path': not of a table: '{}'", file.path));
    }
    if (file.rows < 0 || bytes < 0) {
        return invalid_argument("fields 'rows' and 'bytes': expected counts");
    }
    file.bytes = static_cast<std::uint64_t>(bytes);
    file.begin = Time(Duration(TRY(integer_field(json, "begin"))));
    file.end = Time(Duration(TRY(integer_field(json, "end"))));
    if (json.contains("ids")) {
        file.ids = TRY(decode_ids(json.at("ids"), folder));
    }
    if (!json.contains("stripped")) {
        return file;
    }
    if (!json.at("stripped").is_array()) {
        return invalid_argument("Field 'stripped' is not a list");
    }
    for (const Json& name : json.at("stripped")) {
        if (!name.is_string()) {
            return invalid_argument("Field 'stripped' does not hold names");
        }
        file.stripped.push_back(TRY(parse_enum<ShortLived>(name.get<std::string>())));
    }
    return file;
}

Result<std::vector<std::uint64_t>> numbers_field(const Json& json, const std::string& name) {
    if (!json.contains(name) || !json.at(name).is_array() || json.at(name).empty()) {
        return invalid_argument("Field '" + name + "' is not a list of numbers");
    }
    std::vector<std::uint64_t> numbers;
    for (const Json& number : json.at(name)) {
        if (!number.is_number_unsigned()) {
            return invalid_argument("Field '" + name + "' is not a list of numbers");
        }
        numbers.push_back(number.get<std::uint64_t>());
    }
    return numbers;
}

}  // namespace

std::string encode_model(std::string_view model) {
    std::string encoded;
    for (std::size_t i = 0; i < model.size(); ++i) {
        if (stands_for_itself(model[i]) && (i > 0 || model[i] != '.')) {
            encoded += model[i];
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(model[i]));
        }
    }
    return encoded;
}

std::string unit_name(const std::vector<std::uint64_t>& segments) {
    return segments.size() == 1 ? fmt::format("{:012}", segments.front())
                                : fmt::format("{:012}-{:012}", segments.front(), segments.back());
}

std::string partition_path(
    std::string_view table, std::string_view model, Time day, std::string_view unit
) {
    return fmt::format(
        "{}/model={}/day={}/{}.parquet", table, encode_model(model), to_date(day), unit
    );
}

Time end_of_day(Time time) {
    return std::chrono::floor<std::chrono::days>(time) + std::chrono::days(1);
}

std::string ids_path(const std::string& table_path, std::uint64_t content) {
    const std::string_view stem = stem_of(table_path);
    const std::size_t name = stem.rfind('/') + 1;
    return fmt::format("{}_{}-{:016x}.ids", stem.substr(0, name), stem.substr(name), content);
}

std::string payload_path(const std::string& table_path, const Digest& digest) {
    return fmt::format("{}-{}.payload", stem_of(table_path), digest.hex());
}

Result<Digest> digest_in_path(const std::string& payload_path) {
    const std::string stem = std::filesystem::path(payload_path).stem().string();
    return Digest::parse(std::string_view(stem).substr(stem.rfind('-') + 1));
}

std::string list_name(std::uint64_t segment) {
    return fmt::format("{:012}.json", segment);
}

std::string encode_list(const ColumnUnit& unit) {
    Json list = {
        {"version", kVersion},
        {"segment", unit.segments.front()},
        {"segments", unit.segments},
        {"files", Json::array()}
    };
    for (const auto& file : unit.files) {
        Json stripped = Json::array();
        for (const ShortLived field : file.stripped) {
            stripped.push_back(enum_name(field));
        }
        list["files"].push_back(
            {{"path", file.path},
             {"table", file.table},
             {"model", file.model},
             {"rows", file.rows},
             {"bytes", file.bytes},
             {"begin", micros(file.begin)},
             {"end", micros(file.end)},
             {"stripped", stripped}}
        );
        if (file.ids) {
            list["files"].back()["ids"] = {{"path", file.ids->path}, {"bytes", file.ids->bytes}};
        }
    }
    return canonical(list) + "\n";
}

Result<ColumnUnit> decode_list(std::string_view json) {
    const Json list = TRY(parse_json(json));
    const auto version = list.is_object() ? TRY(integer_field(list, "version")) : 0;
    if (version != kFirstVersion && version != kVersion) {
        return invalid_argument("The list of files was written by a newer program");
    }
    ColumnUnit unit;
    unit.segments = {static_cast<std::uint64_t>(TRY(integer_field(list, "segment")))};
    if (version == kVersion) {
        unit.segments = TRY(numbers_field(list, "segments"));
    }
    if (!list.contains("files") || !list.at("files").is_array()) {
        return invalid_argument("Field 'files' is not a list");
    }
    for (const Json& file : list.at("files")) {
        unit.files.push_back(TRY(decode_file(file)));
    }
    return unit;
}

}  // namespace flywheel
