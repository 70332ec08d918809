// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/partition.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/json_value.h"

namespace flywheel {

namespace {

constexpr std::int64_t kVersion = 1;

bool stands_for_itself(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

Result<PartitionFile> decode_file(const Json& json) {
    PartitionFile file;
    file.path = TRY(string_field(json, "path"));
    file.table = TRY(string_field(json, "table"));
    file.model = TRY(string_field(json, "model"));
    file.rows = TRY(integer_field(json, "rows"));
    const std::int64_t bytes = TRY(integer_field(json, "bytes"));
    // Large payloads lie beside the table of the small ones.
    const std::string folder = file.table == kPayloadFile ? "payloads" : file.table;
    const bool known = folder == "predictions" || folder == "feedback" || folder == "payloads";
    const bool stays = file.path.starts_with(folder + "/") &&
                       std::filesystem::path(file.path).lexically_normal().string() == file.path;
    if (!known || !stays) {
        return invalid_argument(fmt::format("field 'path': not of a table: '{}'", file.path));
    }
    if (file.rows < 0 || bytes < 0) {
        return invalid_argument("fields 'rows' and 'bytes': expected counts");
    }
    file.bytes = static_cast<std::uint64_t>(bytes);
    file.begin = Time(Duration(TRY(integer_field(json, "begin"))));
    file.end = Time(Duration(TRY(integer_field(json, "end"))));
    return file;
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

std::string partition_path(
    std::string_view table, std::string_view model, Time day, std::uint64_t segment
) {
    return fmt::format(
        "{}/model={}/day={}/{:012}.parquet", table, encode_model(model), to_date(day), segment
    );
}

std::string payload_path(const std::string& table_path, const Digest& digest) {
    constexpr std::string_view kExtension = ".parquet";
    const auto stem = std::string_view(table_path).substr(0, table_path.size() - kExtension.size());
    return fmt::format("{}-{}.payload", stem, digest.hex());
}

std::string list_name(std::uint64_t segment) {
    return fmt::format("{:012}.json", segment);
}

std::string encode_list(std::uint64_t segment, const std::vector<PartitionFile>& files) {
    Json list = {{"version", kVersion}, {"segment", segment}, {"files", Json::array()}};
    for (const auto& file : files) {
        list["files"].push_back(
            {{"path", file.path},
             {"table", file.table},
             {"model", file.model},
             {"rows", file.rows},
             {"bytes", file.bytes},
             {"begin", micros(file.begin)},
             {"end", micros(file.end)}}
        );
    }
    return canonical(list) + "\n";
}

Result<std::vector<PartitionFile>> decode_list(std::string_view json) {
    const Json list = TRY(parse_json(json));
    if (!list.is_object() || TRY(integer_field(list, "version")) != kVersion) {
        return invalid_argument("The list of files was written by a newer program");
    }
    const std::int64_t segment = TRY(integer_field(list, "segment"));
    const auto files = list.find("files");
    if (files == list.end() || !files->is_array()) {
        return invalid_argument("field 'files': expected an array");
    }
    std::vector<PartitionFile> decoded;
    for (const Json& file : *files) {
        decoded.push_back(TRY(decode_file(file)));
        decoded.back().segment = static_cast<std::uint64_t>(segment);
    }
    return decoded;
}

}  // namespace flywheel
