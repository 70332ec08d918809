// SPDX-License-Identifier: Apache-2.0
#include "ports/sources/files/files_source.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "ports/sources/files/byte_stream.h"
#include "ports/sources/files/json_rows.h"
#include "ports/sources/files/row_sink.h"
#include "ports/sources/files/table_rows.h"

namespace flywheel::files {

namespace {

namespace fs = std::filesystem;

enum class Format { Json, Csv, Tsv };

/// Extension in lower case, without .gz.
std::string extension_of(fs::path name) {
    const auto lower = [](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
            return std::tolower(c);
        });
        return text;
    };
    if (lower(name.extension().string()) == ".gz") {
        name.replace_extension();
    }
    return lower(name.extension().string());
}

Format format_of(const fs::path& path, std::string_view first_bytes) {
    const auto extension = extension_of(path.filename());
    if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json") {
        return Format::Json;
    }
    if (extension == ".csv") {
        return Format::Csv;
    }
    if (extension == ".tsv" || extension == ".tab") {
        return Format::Tsv;
    }
    const auto text = trim(first_bytes);
    if (text.starts_with('{')) {
        return Format::Json;
    }
    return text.substr(0, text.find('\n')).find('\t') == std::string_view::npos ? Format::Csv
                                                                                : Format::Tsv;
}

class FilesSource final : public Source {
  public:
    FilesSource(fs::path path, ColumnNames columns)
        : path_(std::move(path)), columns_(std::move(columns)) {}

    Result<ReadSummary> read(const std::function<Result<void>(SourceRow&&)>& visit) const override {
        auto stream = TRY(ByteStream::open(path_));
        RowSink sink(visit);
        const Format format = format_of(path_, stream.window());
        if (format == Format::Json) {
            TRY(read_json_lines(stream, columns_, sink));
        } else {
            TRY(read_table(stream, format == Format::Csv ? ',' : '\t', columns_, sink));
        }
        if (stream.truncated()) {
            sink.set_truncated();
        }
        return sink.take();
    }

    [[nodiscard]] std::string name() const override { return path_.filename().string(); }

  private:
    fs::path path_;
    ColumnNames columns_;
};

}  // namespace

Result<std::unique_ptr<Source>> open(const fs::path& path, ColumnNames columns) {
    if (columns.text.empty()) {
        return invalid_argument("Name the column that holds the text: " + path.string());
    }
    // Opened once now, so that a wrong name is said before any work begins.
    TRY(ByteStream::open(path));
    return std::unique_ptr<Source>(std::make_unique<FilesSource>(path, std::move(columns)));
}

}  // namespace flywheel::files
