// SPDX-License-Identifier: Apache-2.0
// Project: rows of a file come in.
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/project.h"
#include "ports/sources/files/files_source.h"
#include "rooms/selection/asking.h"
#include "tasks/text/choice.h"

namespace flywheel::app {

namespace {

constexpr std::size_t kReported = 100;

struct Labelled {
    std::int64_t line = 0;
    labeling::ImportedLabel label;
};

/// The labels that the cell of one row names.
std::vector<std::string> names_in(const std::string& cell, TaskKind kind) {
    return kind == TaskKind::Choice ? std::vector<std::string>{cell} : text::names_in_cell(cell);
}

/// Those whose labels the schema has; the others go to the report.
std::vector<labeling::ImportedLabel> known_labels(
    std::vector<Labelled> labelled, const Schema& schema, ImportReport& report
) {
    std::vector<labeling::ImportedLabel> good;
    for (auto& row : labelled) {
        const auto names = names_in(row.label.label, schema.kind);
        const auto unknown = std::ranges::find_if(names, [&](const std::string& name) {
            return schema.label_id(name) < 0;
        });
        if (unknown == names.end()) {
            good.push_back(std::move(row.label));
            continue;
        }
        ++report.rejected_labels;
        if (report.unknown_labels.size() < kReported) {
            report.unknown_labels.push_back(
                {row.line,
                 "label",
                 fmt::format(
                     "unknown label '{}'; known: {}", *unknown, fmt::join(schema.labels, ", ")
                 )}
            );
        }
    }
    return good;
}

}  // namespace

Result<ImportReport> Project::import_file(
    const std::filesystem::path& file, const ColumnNames& columns, const ImportWish& wish
) {
    const auto source = TRY(files::open(file, columns));
    return import_source(*source, TRY(sha256_of_file(file)), wish);
}

Result<ImportReport> Project::import_source(
    const Source& source, const Digest& digest, const ImportWish& wish
) {
    ImportReport report;
    auto schema = labeling().schema(settings_.model);
    const TaskKind kind = schema ? schema->kind : wish.kind.value_or(settings_.kind);
    std::set<std::string> seen;
    std::vector<Labelled> labelled;
    std::vector<Digest> unlabelled;
    const auto transaction = TRY(ledger().begin());
    report.rows = TRY(collection().import_rows(
        {settings_.model, settings_.policy.licence},
        source,
        clock_.now(),
        [&](const collection::ImportedRow& row) -> Result<void> {
            if (row.row.label.empty()) {
                unlabelled.push_back(row.item);
                return {};
            }
            const auto names = names_in(row.row.label, kind);
            seen.insert(names.begin(), names.end());
            labelled.push_back({row.row.line, {row.item, row.row.label, "import:" + source.name()}}
            );
            return {};
        }
    ));
    if (!schema) {
        // The first file says what the labels are, unless the settings do. Sorted, so that order of
        // rows is no matter.
        report.new_labels = wish.labels.empty() ? settings_.labels : wish.labels;
        if (report.new_labels.empty()) {
            report.new_labels.assign(seen.begin(), seen.end());
        }
        if (report.new_labels.empty()) {
            return invalid_argument(
                "No row has a label and the settings name none; say what people may choose from: "
                "labels = [\"a\", \"b\"] in flywheel.toml, or another column of the label"
            );
        }
        schema = TRY(labeling()
                         .define_schema(settings_.model, report.new_labels, kind)
                         .within("labels of the import"));
    }
    report.labels = TRY(labeling().import_labels(
        settings_.model, digest, known_labels(std::move(labelled), *schema, report)
    ));
    if (wish.ask) {
        Writer<LabelTask> tasks(ledger());
        report.asked = TRY(selection::ask_about(
            Reader<Example>(ledger()), tasks, settings_.model, unlabelled, clock_.now()
        ));
    }
    TRY(transaction->commit());
    return report;
}

}  // namespace flywheel::app
