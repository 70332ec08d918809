// SPDX-License-Identifier: Apache-2.0
// Project: rows of a file come in.
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/project.h"
#include "ports/sources/files/files_source.h"

namespace flywheel::app {

namespace {

constexpr std::size_t kReported = 100;

}  // namespace

Result<ImportReport> Project::import_file(
    const std::filesystem::path& file, const ColumnNames& columns
) {
    const auto source = TRY(files::open(file, columns));
    return import_source(*source, TRY(sha256_of_file(file)));
}

Result<ImportReport> Project::import_source(const Source& source, const Digest& digest) {
    ImportReport report;
    auto schema = labeling().schema(settings_.model);
    std::set<std::string> seen;

    struct Labelled {
        std::int64_t line = 0;
        labeling::ImportedLabel label;
    };

    std::vector<Labelled> labelled;
    const auto transaction = TRY(ledger().begin());
    report.rows = TRY(collection().import_rows(
        {settings_.model, settings_.policy.licence},
        source,
        clock_.now(),
        [&](const collection::ImportedRow& row) -> Result<void> {
            if (!row.row.label.empty()) {
                seen.insert(row.row.label);
                labelled.push_back(
                    {row.row.line, {row.item, row.row.label, "import:" + source.name()}}
                );
            }
            return {};
        }
    ));
    if (!schema) {
        // The first file says what the labels are, unless the settings do. Sorted, so that order of
        // rows is no matter.
        report.new_labels = settings_.labels.empty()
                                ? std::vector<std::string>(seen.begin(), seen.end())
                                : settings_.labels;
        schema = TRY(labeling()
                         .define_schema(settings_.model, report.new_labels)
                         .within("labels of the import"));
    }
    std::vector<labeling::ImportedLabel> good;
    for (auto& row : labelled) {
        if (schema->label_id(row.label.label) >= 0) {
            good.push_back(std::move(row.label));
            continue;
        }
        ++report.rejected_labels;
        if (report.unknown_labels.size() < kReported) {
            report.unknown_labels.push_back(
                {row.line,
                 "label",
                 fmt::format(
                     "unknown label '{}'; known: {}",
                     row.label.label,
                     fmt::join(schema->labels, ", ")
                 )}
            );
        }
    }
    report.labels = TRY(labeling().import_labels(settings_.model, digest, good));
    TRY(transaction->commit());
    return report;
}

}  // namespace flywheel::app
