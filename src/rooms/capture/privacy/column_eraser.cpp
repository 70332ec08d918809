// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/column_eraser.h"

#include <unordered_set>
#include <utility>

namespace flywheel {

namespace {

using Digests = std::unordered_set<Digest, DigestHash>;

/// What the first pass over all segments finds.
struct Found {
    std::set<std::pair<std::string, std::string>> requests;  ///< (model, id) of erased rows.
    Digests erased;                                          ///< Their payloads.
    Digests kept;  ///< Payloads of these that others have as well.

    [[nodiscard]] bool is_about(const Feedback& said) const {
        const auto uuid = Uuid::parse(said.target);
        const std::string target = uuid ? uuid->with_row(0).text() : said.target;
        return requests.contains({said.model, said.target}) ||
               requests.contains({said.model, target});
    }
};

Result<Found> find_erased(const Columns& columns, const ErasedSubjects& erased) {
    Found found;
    std::vector<std::uint64_t> all = TRY(columns.segments());
    for (const auto segment : all) {
        const ColumnSegment rows = TRY(columns.read_segment(segment));
        for (const Prediction& row : rows.predictions) {
            if (!erased.covers(row)) {
                continue;
            }
            found.requests.insert({row.model, row.request_id});
            found.requests.insert({row.model, row.id.uuid.with_row(0).text()});
            found.erased.insert(row.payload_digest);
        }
    }
    return found;
}

}  // namespace

Result<EraseReport> erase_from_columns(Columns& columns, const ErasedSubjects& erased) {
    EraseReport report;
    Found found = TRY(find_erased(columns, erased));
    if (found.requests.empty()) {
        return report;
    }
    const std::vector<std::uint64_t> all = TRY(columns.segments());
    for (const auto segment : all) {
        ColumnSegment rows = TRY(columns.read_segment(segment));
        const auto gone = std::erase_if(rows.predictions, [&](const Prediction& row) {
            return erased.covers(row);
        });
        const auto unsaid = std::erase_if(rows.feedback, [&](const Feedback& said) {
            return found.is_about(said);
        });
        for (const Prediction& row : rows.predictions) {
            if (found.erased.contains(row.payload_digest)) {
                found.kept.insert(row.payload_digest);
            }
        }
        if (gone + unsaid > 0) {
            TRY(columns.write_segment(segment, rows.predictions, rows.feedback));
            report.rows += gone;
            report.feedback += unsaid;
            ++report.segments;
        }
    }
    for (const Digest& digest : found.erased) {
        if (!found.kept.contains(digest) && !digest.is_zero()) {
            report.payloads.push_back(digest);
        }
    }
    return report;
}

}  // namespace flywheel
