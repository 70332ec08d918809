// SPDX-License-Identifier: Apache-2.0
#include "app/captured/erasure.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "app/captured/trace_scan.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

namespace fs = std::filesystem;

std::string_view bytes_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

/// Frames as they are; those that say that the subject is erased are left out, they stay.
Result<StoreProof> look_into_journal(const Journal& journal, const TraceScan& scan) {
    StoreProof proof{"journal"};
    auto segments = TRY(journal.sealed());
    if (const auto open = journal.open_segment(); open != 0) {
        segments.push_back(open);
    }
    for (const auto segment : segments) {
        auto read = journal.read(segment, [&](FramePlace, const Frame& frame) -> Result<void> {
            proof.bytes += frame.payload.size();
            proof.found += frame.kind == FrameKind::Erase ? 0 : scan.count(frame.payload);
            return {};
        });
        if (!read && read.error().code != Code::NotFound) {  // rolled meanwhile
            return std::move(read).error();
        }
    }
    return proof;
}

/// Every row, decoded: the files are compressed.
Result<StoreProof> look_into_columns(
    const Columns& columns, const TraceScan& scan, const EraseReport& report
) {
    StoreProof proof{"columns"};
    const auto models = TRY(columns.models());
    for (const std::string& model : models) {
        TRY(columns.scan_predictions(
            model,
            kAllTimes,
            RowParts::Light,
            [&](const Prediction& row) -> Result<void> {
                proof.bytes += row.payload.size() + row.params.size();
                proof.found += scan.count(row.payload) + scan.count(row.params);
                proof.found += row.subject == report.subject && row.time <= report.until ? 1 : 0;
                return {};
            }
        ));
        TRY(columns.scan_feedback(model, kAllTimes, [&](const Feedback& said) -> Result<void> {
            proof.bytes += said.comment.size();
            proof.found += scan.count(said.comment);
            return {};
        }));
        const PayloadsWanted all{.model = model, .days = kAllTimes, .digests = {}, .every = true};
        TRY(columns.find_payloads(all, [&](Payload&& payload) -> Result<void> {
            if (payload.bytes.size() <= Payload::kInTableBytesMax) {  // else it is a file
                proof.bytes += payload.bytes.size();
                proof.found += scan.count(payload.bytes);
            }
            return {};
        }));
    }
    return proof;
}

/// Which store a file of the project belongs to; "" when its rows were looked at already.
std::string store_of(const fs::path& file) {
    const std::string top = file.begin()->string();
    if (top == "journal") {
        return file.extension() == ".seg" || file.extension() == ".open" ? "" : "other files";
    }
    if (top == "columns") {
        const bool payload = file.extension() == ".payload";
        return file.extension() == ".parquet" ? "" : payload ? "columns" : "other files";
    }
    if (top.starts_with("ledger.db")) {
        return "ledger";
    }
    return top == "vault" ? "vault" : "other files";
}

/// All other files, byte by byte.
Result<void> look_into_files(
    const fs::path& dir, const TraceScan& scan, std::vector<StoreProof>& proofs
) {
    std::error_code failed;
    auto entry = fs::recursive_directory_iterator(dir, failed);
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        std::error_code gone;
        if (!entry->is_regular_file(gone)) {
            continue;
        }
        const std::string store = store_of(fs::relative(entry->path(), dir));
        if (store.empty()) {
            continue;
        }
        const auto finding = TRY(scan.look_into(entry->path()));
        auto proof = std::ranges::find(proofs, store, &StoreProof::store);
        if (proof == proofs.end()) {
            proof = proofs.insert(proofs.end(), StoreProof{store});
        }
        proof->bytes += finding.bytes;
        proof->found += finding.found;
    }
    if (failed) {
        return make_error(
            Code::Unavailable,
            fmt::format("Cannot look through {}: {}", dir.string(), failed.message())
        );
    }
    return {};
}

Json what_stays(const EraseReport& report) {
    Json stays = Json::array();
    stays.push_back(
        "that this subject was erased, as a keyed hash in the journal, so that rows of a backup "
        "put "
        "back are erased again"
    );
    if (report.copies.cleared > 0) {
        stays.push_back(
            "the hashes of the examples that lost their text, their labels, and the models that "
            "were trained on them: weights do not forget"
        );
    }
    if (report.shared > 0) {
        stays.push_back(
            fmt::format("{} payloads that others sent as well, byte for byte", report.shared)
        );
    }
    if (!report.copies.kept.empty()) {
        stays.push_back(fmt::format(
            "{} examples that came with an imported file; remove them from the file's owner first",
            report.copies.kept.size()
        ));
    }
    return stays;
}

}  // namespace

Result<std::vector<StoreProof>> prove_erased(Project& project, const EraseReport& report) {
    auto pieces = report.traces;
    pieces.emplace_back(bytes_of(report.subject).substr(0, EraseReport::kTraceBytes));
    const TraceScan scan(std::move(pieces), EraseReport::kTraceBytes);
    std::vector<StoreProof> proofs;
    proofs.push_back(TRY(look_into_journal(project.journal(), scan)));
    proofs.push_back(TRY(look_into_columns(project.columns(), scan, report)));
    TRY(look_into_files(project.dir(), scan, proofs));
    return proofs;
}

Result<Json> erase_subject(Project& project, const std::string& subject) {
    const EraseReport report = TRY(project.capture().erase(subject));
    Json proof = Json::array();
    bool proven = true;
    for (const StoreProof& store : TRY(prove_erased(project, report))) {
        proof.push_back({{"store", store.store}, {"bytes", store.bytes}, {"found", store.found}});
        proven = proven && store.found == 0;
    }
    return Json{
        {"subject", report.subject.hex()},
        {"until", to_rfc3339(report.until)},
        {"rows", report.rows},
        {"feedback", report.feedback},
        {"files", report.files},
        {"payloads", report.payloads},
        {"shared_payloads", report.shared},
        {"examples_cleared", report.copies.cleared},
        {"examples_imported", report.copies.kept.size()},
        {"proof", proof},
        {"proven", proven},
        {"stays", what_stays(report)}
    };
}

}  // namespace flywheel::app
