// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/orphans.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "rooms/capture/frames/captured_keys.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

namespace {

constexpr std::size_t kOrphansMax = 100'000;
constexpr std::size_t kChecksMax = 256;

bool has_row(const JournalIndex& index, std::uint64_t key) {
    return index.contains(FrameKind::Predictions, key);
}

}  // namespace

void Orphans::note(const Feedback& said, const JournalIndex& index) {
    const std::uint64_t key = key_of(said.model, said.target);
    if (const auto known = orphans_.find(key); known != orphans_.end()) {
        Time& arrived = known->second.orphan.arrived;
        arrived = std::max(arrived, said.arrived);
    } else if (orphans_.size() < kOrphansMax && !has_row(index, key)) {
        orphans_.try_emplace(key, Entry{{key, said.model, said.target, said.arrived}, false});
    }
}

void Orphans::take_over(std::vector<Orphan> stored, const JournalIndex& index) {
    for (Orphan& orphan : stored) {
        if (orphans_.size() < kOrphansMax && !has_row(index, orphan.key)) {
            orphans_.try_emplace(orphan.key, Entry{std::move(orphan), true});
        }
    }
}

void Orphans::found(std::span<const std::uint64_t> keys) {
    for (auto key = keys.begin(); !orphans_.empty() && key != keys.end(); ++key) {
        orphans_.erase(*key);
    }
}

std::vector<Orphan> Orphans::unchecked() {
    std::vector<Orphan> unchecked;
    for (auto& [key, entry] : orphans_) {
        if (!entry.checked && unchecked.size() < kChecksMax) {
            entry.checked = true;
            unchecked.push_back(entry.orphan);
        }
    }
    return unchecked;
}

void Orphans::expire(Time now) {
    expired_ += std::erase_if(orphans_, [&](const auto& one) {
        return one.second.orphan.arrived + kWait <= now;
    });
}

/// As orphans_in, of one model.
static Result<void> add_orphans_of(
    const Columns& columns, const std::string& model, Time now, std::vector<Orphan>& orphans
) {
    // From just after what expire() forgets.
    const TimeRange waiting{now - Orphans::kWait + std::chrono::microseconds(1), Time::max()};
    // A client's id has no time; rows that it names are looked for as far back again.
    Time oldest = waiting.begin - Orphans::kWait;
    std::unordered_set<std::uint64_t> keys;
    TRY(columns.scan_feedback(model, waiting, [&](const Feedback& said) -> Result<void> {
        keys.insert(key_of(model, said.target));
        if (const auto uuid = Uuid::parse(said.target)) {
            oldest = std::min(oldest, uuid->time() - std::chrono::days(1));
        }
        return {};
    }));
    if (keys.empty()) {
        return {};
    }
    const TimeRange served{oldest, Time::max()};
    const auto forget = [&](const Prediction& row) -> Result<void> {
        keys.erase(key_of(model, row.id.uuid));
        if (!is_base_text(row.request_id, row.id.uuid)) {
            keys.erase(key_of(model, row.request_id));
        }
        return {};
    };
    TRY(columns.scan_predictions(model, served, RowParts::Keys, forget));
    std::unordered_map<std::uint64_t, Orphan> found;
    TRY(columns.scan_feedback(model, waiting, [&](const Feedback& said) -> Result<void> {
        const std::uint64_t key = key_of(model, said.target);
        if (keys.contains(key) && (found.size() < kOrphansMax || found.contains(key))) {
            const auto one = found.try_emplace(key, Orphan{key, model, said.target, said.arrived});
            Time& arrived = one.first->second.arrived;
            arrived = std::max(arrived, said.arrived);
        }
        return {};
    }));
    for (auto& [key, orphan] : found) {
        orphans.push_back(std::move(orphan));
    }
    return {};
}

Result<std::vector<Orphan>> orphans_in(const Columns& columns, Time now) {
    std::vector<Orphan> orphans;
    const auto models = TRY(columns.models());
    for (const std::string& model : models) {
        TRY(add_orphans_of(columns, model, now, orphans));
    }
    return orphans;
}

}  // namespace flywheel
