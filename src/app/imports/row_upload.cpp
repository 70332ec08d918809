// SPDX-License-Identifier: Apache-2.0
#include "app/imports/row_upload.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/secret.h"
#include "ports/sources/files/files_source.h"
#include "tasks/text/choice.h"

namespace flywheel::app {

namespace {

constexpr std::size_t kFirstRows = 5;
constexpr std::size_t kFirstRowBytes = 400;
constexpr std::size_t kLabelsShown = 1000;
constexpr std::size_t kSuffixBytes = 20;

Json rejections_json(const std::vector<Rejection>& rejections) {
    Json list = Json::array();
    for (const Rejection& one : rejections) {
        list.push_back({{"line", one.line}, {"field", one.field}, {"message", one.message}});
    }
    return list;
}

/// Of the name only what tells the format: letters and dots.
std::string suffix_of(const std::string& name) {
    const auto dot = name.find('.');
    std::string suffix = dot == std::string::npos ? "" : name.substr(dot);
    const bool plain = suffix.size() <= kSuffixBytes && std::ranges::all_of(suffix, [](char c) {
                           return c == '.' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                       });
    return plain ? suffix : "";
}

/// A file that is gone with this.
class ScratchFile {
  public:
    explicit ScratchFile(std::filesystem::path path) : path_(std::move(path)) {}

    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    ~ScratchFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }

    Result<void> write(std::string_view bytes) const {
        std::error_code ignored;
        std::filesystem::create_directories(path_.parent_path(), ignored);
        std::ofstream file(path_, std::ios::binary);
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        file.close();
        if (!file) {
            return make_error(
                Code::Unavailable, "The uploaded file cannot be written: " + path_.string()
            );
        }
        return {};
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

std::string cut(std::string_view text) {
    std::size_t end = std::min(text.size(), kFirstRowBytes);
    while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U
    ) {
        --end;  // not inside a character
    }
    return std::string(text.substr(0, end));
}

/// The labels that a cell names.
std::vector<std::string> names_in(const std::string& cell, TaskKind kind) {
    if (kind == TaskKind::Choices) {
        return text::names_in_cell(cell);
    }
    return cell.empty() ? std::vector<std::string>() : std::vector<std::string>{cell};
}

Result<Json> look_at(const Source& source, TaskKind kind) {
    std::map<std::string, std::int64_t> labels;
    std::int64_t unlabelled = 0;
    Json first = Json::array();
    const auto summary = TRY(source.read([&](SourceRow&& row) -> Result<void> {
        if (first.size() < kFirstRows) {
            first.push_back({{"line", row.line}, {"text", cut(row.text)}, {"label", row.label}});
        }
        unlabelled += row.label.empty() ? 1 : 0;
        for (const std::string& name : names_in(row.label, kind)) {
            if (labels.size() < kLabelsShown || labels.contains(name)) {
                labels[name] += 1;
            }
        }
        return {};
    }));
    Json counts = Json::array();
    for (const auto& [label, rows] : labels) {
        counts.push_back({{"label", label}, {"rows", rows}});
    }
    return Json{
        {"rows", summary.rows},
        {"rejected", summary.rejected},
        {"rejections", rejections_json(summary.first_rejections)},
        {"truncated", summary.truncated},
        {"unlabelled", unlabelled},
        {"labels", std::move(counts)},
        {"first_rows", std::move(first)}
    };
}

}  // namespace

Json import_json(const std::string& file, const ImportReport& report) {
    const auto& read = report.rows.read;
    return {
        {"file", file},
        {"rows", read.rows},
        {"rejected", read.rejected},
        {"rejections", rejections_json(read.first_rejections)},
        {"truncated", read.truncated},
        {"examples", report.rows.summary.examples},
        {"repeats", report.rows.summary.repeats},
        {"near_duplicates", report.rows.summary.grouped},
        {"labels_added", report.labels.added},
        {"labels_known", report.labels.repeated},
        {"labels_rejected", report.rejected_labels},
        {"unknown_labels", rejections_json(report.unknown_labels)},
        {"new_labels", report.new_labels},
        {"asked", report.asked}
    };
}

Result<Json> take_upload(Project& project, const gateway::RowUpload& upload) {
    const ScratchFile file(
        project.dir() / "scratch" / ("upload-" + random_secret(12) + suffix_of(upload.name))
    );
    TRY(file.write(upload.bytes));
    if (upload.check) {
        return look_at(
            *TRY(files::open(file.path(), upload.columns).within(upload.name)),
            upload.kind.value_or(project.settings().kind)
        );
    }
    const auto report =
        TRY(project
                .import_file(file.path(), upload.columns, {upload.kind, upload.labels, upload.ask})
                .within(upload.name));
    return import_json(upload.name, report);
}

}  // namespace flywheel::app
