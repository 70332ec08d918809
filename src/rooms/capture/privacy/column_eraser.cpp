// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/column_eraser.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace flywheel {

namespace {

constexpr std::size_t kTracesOfAPayload = 8;

/// A payload of one model on one UTC day.
using PayloadName = std::tuple<std::string, std::chrono::sys_days, Digest>;

PayloadName name_of(const std::string& model, Time time, const Digest& digest) {
    return {model, std::chrono::floor<std::chrono::days>(time), digest};
}

/// A payload of erased rows, of any model and day.
struct Theirs {
    bool shared = false;  ///< Others have it as well.
    std::vector<std::string> traces = {};
};

/// What the passes before the change find.
struct Found {
    std::set<std::pair<std::string, std::string>> requests;  ///< (model, id) of erased rows.
    std::set<PayloadName> unreferred;  ///< Payloads of erased rows that no other row refers to.
    std::unordered_map<Digest, Theirs, DigestHash> payloads;

    [[nodiscard]] bool is_about(const Feedback& said) const {
        const auto uuid = Uuid::parse(said.target);
        const std::string target = uuid ? uuid->with_row(0).text() : said.target;
        return requests.contains({said.model, said.target}) ||
               requests.contains({said.model, target});
    }

    [[nodiscard]] bool is_theirs(const Payload& payload) const {
        return unreferred.contains(name_of(payload.model, payload.first_seen, payload.digest));
    }

    /// Those that no other row at all has, rising.
    [[nodiscard]] std::vector<Digest> alone() const {
        std::vector<Digest> digests;
        for (const auto& [digest, theirs] : payloads) {
            if (!theirs.shared) {
                digests.push_back(digest);
            }
        }
        std::ranges::sort(digests);
        return digests;
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
        if (row.payload_digest.is_zero()) {
            return {};
        }
        found.unreferred.insert(name_of(row.model, row.time, row.payload_digest));
        Theirs& theirs = found.payloads[row.payload_digest];
        if (theirs.traces.empty() && found.payloads.size() <= EraseReport::kTracedPayloads) {
            add_traces(row.payload, theirs.traces);  // rows before format 3 have it with them
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
        if (known != found.payloads.end() && !erased.covers(row)) {
            known->second.shared = true;
            found.unreferred.erase(name_of(row.model, row.time, row.payload_digest));
        }
        return {};
    };
    const auto models = TRY(columns.models());
    for (const std::string& model : models) {
        TRY(columns.scan_predictions(model, kAllTimes, RowParts::Keys, take));
    }
    return {};
}

/// Of payloads that stand in their own table, while they are there.
Result<void> find_traces(const Columns& columns, std::vector<Digest> digests, Found& found) {
    digests.resize(std::min(digests.size(), EraseReport::kTracedPayloads));
    const auto models = TRY(columns.models());
    for (const std::string& model : models) {
        TRY(columns
                .find_payloads({model, kAllTimes, digests}, [&](Payload&& payload) -> Result<void> {
                    Theirs& theirs = found.payloads[payload.digest];
                    if (theirs.traces.empty()) {
                        add_traces(payload.bytes, theirs.traces);
                    }
                    return {};
                }));
    }
    return {};
}

}  // namespace

/// Rows go last: until then a run that was cut short finds by them what else must go.
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
    const std::vector<Digest> alone = found.alone();
    report.payloads = alone.size();
    report.shared = found.payloads.size() - alone.size();
    TRY(find_traces(columns, alone, found));
    if (forget && !alone.empty()) {
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
    ColumnUpkeep done = TRY(columns.remove(
        {.prediction = {},
         .feedback = [&](const Feedback& said) { return found.is_about(said); },
         .payload = [&](const Payload& payload) { return found.is_theirs(payload); }}
    ));
    done.add(TRY(columns.remove(
        {.prediction = [&](const Prediction& row) { return erased.covers(row); },
         .feedback = {},
         .payload = {}}
    )));
    report.rows = done.predictions_removed;
    report.feedback = done.feedback_removed;
    report.files = done.files_removed + done.files_rewritten;
    return report;
}

}  // namespace flywheel
