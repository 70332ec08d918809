// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/orphans.h"

#include "rooms/capture/frames/captured_keys.h"

namespace flywheel {

namespace {

constexpr std::size_t kOrphansMax = 100'000;
constexpr std::size_t kChecksMax = 256;

}  // namespace

void Orphans::note(const Feedback& said, const JournalIndex& index) {
    const std::vector<std::uint64_t> keys = {key_of(said.model, said.target)};
    if (orphans_.size() < kOrphansMax && index.find(FrameKind::Predictions, keys).empty()) {
        orphans_.try_emplace(keys[0], Entry{{keys[0], said.model, said.target}, false});
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

}  // namespace flywheel
