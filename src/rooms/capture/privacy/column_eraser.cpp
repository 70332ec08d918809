// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/column_eraser.h"

#include <set>
#include <tuple>
#include <utility>

namespace flywheel {

namespace {

/// A payload of one model on one UTC day.
using PayloadName = std::tuple<std::string, std::chrono::sys_days, Digest>;

PayloadName name_of(const std::string& model, Time time, const Digest& digest) {
    return {model, std::chrono::floor<std::chrono::days>(time), digest};
}

/// What the first pass over all segments finds.
struct Found {
    std::set<std::pair<std::string, std::string>> requests;  ///< (model, id) of erased rows.
    std::set<PayloadName> unreferred;  ///< Payloads of erased rows that no other row refers to.
    std::set<Digest> unshared;         ///< Digests of these that no other row at all has.

    [[nodiscard]] bool is_about(const Feedback& said) const {
        const auto uuid = Uuid::parse(said.target);
        const std::string target = uuid ? uuid->with_row(0).text() : said.target;
        return requests.contains({said.model, said.target}) ||
               requests.contains({said.model, target});
    }

    [[nodiscard]] bool is_theirs(const Payload& payload) const {
        return unreferred.contains(name_of(payload.model, payload.first_seen, payload.digest));
    }
};

Result<Found> find_erased(
    const Columns& columns, const std::vector<std::uint64_t>& segments, const ErasedSubjects& erased
) {
    Found found;
    for (const bool look_for_others : {false, true}) {
        for (const auto segment : segments) {
            const ColumnSegment rows = TRY(columns.read_segment(segment));
            for (const Prediction& row : rows.predictions) {
                const bool theirs = erased.covers(row);
                if (look_for_others && !theirs) {
                    found.unreferred.erase(name_of(row.model, row.time, row.payload_digest));
                    found.unshared.erase(row.payload_digest);
                } else if (theirs && !look_for_others) {
                    found.requests.insert({row.model, row.request_id});
                    found.requests.insert({row.model, row.id.uuid.with_row(0).text()});
                    found.unreferred.insert(name_of(row.model, row.time, row.payload_digest));
                    found.unshared.insert(row.payload_digest);
                }
            }
        }
        if (found.requests.empty()) {
            return found;
        }
    }
    found.unshared.erase(Digest());
    return found;
}

}  // namespace

/// Rows go last: until then a run that was cut short finds by them what else must go.
Result<EraseReport> erase_from_columns(Columns& columns, const ErasedSubjects& erased) {
    EraseReport report;
    const auto segments = TRY(columns.segments());
    const Found found = TRY(find_erased(columns, segments, erased));
    if (found.requests.empty()) {
        return report;
    }
    std::set<std::uint64_t> written;
    for (const bool rows_too : {false, true}) {
        for (const auto segment : segments) {
            ColumnSegment rows = TRY(columns.read_segment(segment));
            const auto unsaid = std::erase_if(rows.feedback, [&](const Feedback& said) {
                return found.is_about(said);
            });
            const auto unkept = std::erase_if(rows.payloads, [&](const Payload& payload) {
                return found.is_theirs(payload);
            });
            const auto gone = std::erase_if(rows.predictions, [&](const Prediction& row) {
                return rows_too && erased.covers(row);
            });
            if (gone + unsaid + unkept > 0) {
                TRY(columns.write_segment(segment, rows));
                report.rows += gone;
                report.feedback += unsaid;
                written.insert(segment);
            }
        }
    }
    report.segments = written.size();
    report.payloads.assign(found.unshared.begin(), found.unshared.end());
    return report;
}

}  // namespace flywheel
