// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/column_eraser.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>
#include <utility>

namespace flywheel {

namespace {

constexpr TimeRange kAllTimes{Time::min(), Time::max()};
constexpr std::size_t kTracesOfAPayload = 8;

/// A payload of erased rows.
struct Theirs {
    bool shared = false;  ///< Others have it as well.
    std::vector<std::string> traces = {};
};

/// What the passes before the change find.
struct Found {
    std::set<std::pair<std::string, std::string>> requests;  ///< (model, id) of erased rows.
    std::unordered_map<Digest, Theirs, DigestHash> payloads;

    [[nodiscard]] bool is_about(const Feedback& said) const {
        const auto uuid = Uuid::parse(said.target);
        const std::string target = uuid ? uuid->with_row(0).text() : said.target;
        return requests.contains({said.model, said.target}) ||
               requests.contains({said.model, target});
    }
};

/// Evenly over the payload. What is shorter than a piece could stand anywhere by chance.
void add_traces(std::string_view payload, std::vector<std::string>& traces) {
    constexpr std::size_t kBytes = EraseReport::kTraceBytes;
    if (payload.size() < kBytes) {
        return;
    }
    const std::size_t most = payload.size() - kBytes;
    const std::size_t step = std::max<std::size_t>(1, most / (kTracesOfAPayload - 1));
    for (std::size_t at = 0; at <= most; at += step) {
        traces.emplace_back(payload.substr(at, kBytes));
    }
}

Result<void> find_rows(const Columns& columns, const ErasedSubjects& erased, Found& found) {
    const auto take = [&](const Prediction& row) -> Result<void> {
        if (!erased.covers(row)) {
            return {};
        }
        found.requests.insert({row.model, row.request_id});
        found.requests.insert({row.model, row.id.uuid.with_row(0).text()});
        Theirs& theirs = found.payloads[row.payload_digest];
        if (theirs.traces.empty() && found.payloads.size() <= EraseReport::kTracedPayloads) {
            add_traces(row.payload, theirs.traces);
        }
        return {};
    };
    const auto models = TRY(columns.models());
    for (const std::string& model : models) {
        TRY(columns.scan_predictions(model, kAllTimes, RowParts::Light, take));
    }
    return {};
}

Result<void> find_sharers(const Columns& columns, const ErasedSubjects& erased, Found& found) {
    const auto take = [&](const Prediction& row) -> Result<void> {
        const auto known = found.payloads.find(row.payload_digest);
        if (known != found.payloads.end() && !known->second.shared) {
            known->second.shared = !erased.covers(row);
        }
        return {};
    };
    const auto models = TRY(columns.models());
    for (const std::string& model : models) {
        TRY(columns.scan_predictions(model, kAllTimes, RowParts::Keys, take));
    }
    return {};
}

}  // namespace

Result<EraseReport> erase_from_columns(
    Columns& columns, const ErasedSubjects& erased, const ForgetPayloads& forget
) {
    EraseReport report;
    Found found;
    TRY(find_rows(columns, erased, found));
    if (found.requests.empty()) {
        return report;
    }
    TRY(find_sharers(columns, erased, found));
    std::vector<Digest> alone;
    for (const auto& [digest, theirs] : found.payloads) {
        report.shared += theirs.shared ? 1 : 0;
        if (!theirs.shared && !digest.is_zero()) {
            alone.push_back(digest);
        }
    }
    report.payloads = alone.size();
    if (forget && !alone.empty()) {
        // While the rows are here still: who dies in between finds them again.
        report.copies = TRY(forget(alone));
    }
    for (const Digest& digest : report.copies.kept) {
        found.payloads[digest].shared = true;
    }
    for (auto& [digest, theirs] : found.payloads) {
        if (!theirs.shared) {
            std::ranges::move(theirs.traces, std::back_inserter(report.traces));
        }
    }
    const ColumnUpkeep done = TRY(columns.remove(
        {[&](const Prediction& row) { return erased.covers(row); },
         [&](const Feedback& said) { return found.is_about(said); }}
    ));
    report.rows = done.predictions_removed;
    report.feedback = done.feedback_removed;
    report.files = done.files_removed + done.files_rewritten;
    return report;
}

}  // namespace flywheel
