// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/frames/feedback_codec.h"

#include <array>

#include <fmt/format.h>

#include "base/bytes.h"

namespace flywheel {

namespace {

constexpr std::size_t kFeedbackBytes = 76;
constexpr std::size_t kFeedbackParts = 6;
constexpr std::size_t kPartsOfFirst = 5;  // version 1 has no row id

Error damaged_feedback(std::string_view why) {
    return corrupt(fmt::format("Captured feedback is damaged: {}", why));
}

}  // namespace

void append_feedback(std::string& payload, const Feedback& row) {
    const std::array<std::string_view, kFeedbackParts> parts = {
        row.model, row.target, row.label, row.by, row.comment, row.row_id
    };
    std::array<std::uint32_t, kFeedbackParts> lengths{};
    std::size_t row_bytes = kFeedbackBytes;
    for (std::size_t i = 0; i < kFeedbackParts; ++i) {
        lengths[i] = static_cast<std::uint32_t>(parts[i].size());
        row_bytes += parts[i].size();
    }
    const std::size_t start = payload.size();
    payload.resize(start + sizeof(std::uint32_t) + row_bytes);
    char* to = put_bytes(payload.data() + start, static_cast<std::uint32_t>(row_bytes));
    to = put_bytes(to, row.id.uuid.bytes);
    to = put_bytes(to, micros(row.at));
    to = put_bytes(to, micros(row.arrived));
    to = put_bytes(to, row.row);
    to = put_bytes(to, row.value);
    to = put_bytes(to, static_cast<std::uint8_t>(row.kind));
    to = put_bytes(to, static_cast<std::uint8_t>(row.source));
    to = put_bytes(to, std::uint16_t{0});
    to = put_bytes(to, lengths);
    for (const auto part : parts) {
        to = put_bytes(to, part);
    }
}

Result<Feedback> decode_feedback(StoredRow row) {
    ByteReader reader(row.bytes);
    Feedback out;
    out.id.uuid.bytes = reader.take<std::array<std::uint8_t, 16>>();
    out.at = Time(Duration(reader.take<std::int64_t>()));
    out.arrived = Time(Duration(reader.take<std::int64_t>()));
    out.row = reader.take<std::int64_t>();
    out.value = reader.take<double>();
    const auto kind = reader.take<std::uint8_t>();
    const auto source = reader.take<std::uint8_t>();
    const auto zero = reader.take<std::uint16_t>();
    const std::size_t count = row.version == 1 ? kPartsOfFirst : kFeedbackParts;
    std::array<std::uint32_t, kFeedbackParts> lengths{};
    for (std::size_t i = 0; i < count; ++i) {
        lengths[i] = reader.take<std::uint32_t>();
    }
    const std::array<std::string*, kFeedbackParts> parts = {
        &out.model, &out.target, &out.label, &out.by, &out.comment, &out.row_id
    };
    for (std::size_t i = 0; i < count; ++i) {
        parts[i]->assign(reader.take_bytes(lengths[i]));
    }
    if (!reader.ok() || !reader.at_end()) {
        return damaged_feedback("its lengths do not add up");
    }
    if (kind >= names_of(FeedbackKind()).size() || source >= names_of(FeedbackSource()).size()) {
        return damaged_feedback("unknown kind or source");
    }
    if (zero != 0) {
        return damaged_feedback("unknown flags");
    }
    out.kind = static_cast<FeedbackKind>(kind);
    out.source = static_cast<FeedbackSource>(source);
    return out;
}

}  // namespace flywheel
