// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/erased_subjects.h"

#include <algorithm>
#include <mutex>

#include "base/bytes.h"

namespace flywheel {

namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kErasureBytes = 40;

}  // namespace

void ErasedSubjects::add(const Erasure& erasure) {
    const std::unique_lock lock(mutex_);
    Time& until = until_.try_emplace(erasure.subject, erasure.until).first->second;
    until = std::max(until, erasure.until);
    empty_ = false;
}

bool ErasedSubjects::covers(const Prediction& row) const {
    if (empty() || row.subject.is_zero()) {
        return false;
    }
    const std::shared_lock lock(mutex_);
    const auto found = until_.find(row.subject);
    return found != until_.end() && row.time <= found->second;
}

Frame erase_frame(const std::vector<Erasure>& erasures) {
    Frame frame{FrameKind::Erase, std::string(sizeof kVersion, '\0')};
    frame.payload.resize(sizeof kVersion + erasures.size() * kErasureBytes);
    char* to = put_bytes(frame.payload.data(), kVersion);
    for (const Erasure& erasure : erasures) {
        to = put_bytes(to, erasure.subject.bytes);
        to = put_bytes(to, micros(erasure.until));
    }
    return frame;
}

Result<std::vector<Erasure>> erasures_of(const Frame& frame) {
    ByteReader reader(frame.payload);
    if (frame.kind != FrameKind::Erase || reader.take<std::uint64_t>() != kVersion ||
        !reader.ok() || reader.left() % kErasureBytes != 0) {
        return corrupt("Erase frame is damaged, or a newer program wrote it");
    }
    std::vector<Erasure> erasures;
    while (!reader.at_end()) {
        Erasure erasure;
        erasure.subject.bytes = reader.take<std::array<std::uint8_t, 32>>();
        erasure.until = Time(Duration(reader.take<std::int64_t>()));
        erasures.push_back(erasure);
    }
    return erasures;
}

}  // namespace flywheel
