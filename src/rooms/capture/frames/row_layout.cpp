// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/frames/row_layout.h"

#include <span>

#include <fmt/format.h>

namespace flywheel::row_layout {

namespace {

/// Where things stand in a row of one version.
struct Layout {
    std::size_t fixed_bytes;
    std::size_t route_at;
    std::size_t flags_at;
    std::size_t lengths_at;
    std::uint16_t known_flags;
    std::span<const Part> parts;
};

constexpr std::array kFirstParts = {
    kRequestId, kModel, kServedVersion, kError, kPayload, kScores, kBaseScores, kEmbedding
};
constexpr std::array kSecondParts = {
    kRequestId,
    kModel,
    kServedVersion,
    kError,
    kPayload,
    kRowId,
    kParams,
    kPolicy,
    kScores,
    kBaseScores,
    kEmbedding
};
constexpr std::array kNewestParts = {
    kRequestId,
    kModel,
    kServedVersion,
    kError,
    kRowId,
    kParams,
    kPolicy,
    kKeyName,
    kEngine,
    kMediaType,
    kScores,
    kScoreClasses,
    kBaseScores,
    kEmbedding,
    kOutputs,
    kPayload
};

constexpr std::array<Layout, kNewest> kLayouts = {
    Layout{120, 84, 85, 88, kRequestIsBase, kFirstParts},
    Layout{192, 144, 146, 148, kAllFlags, kSecondParts},
    Layout{kFixedBytes, kRouteAt, kFlagsAt, kLengthsAt, kAllFlags, kNewestParts}
};

constexpr std::uint16_t kUnknownFlag = 0x8000;

Error damaged(std::string_view why) {
    return corrupt(fmt::format("Captured row is damaged: {}", why));
}

void take_flags(const Layout& layout, RowView& view) {
    if (view.version > 1) {
        view.flags = view.at<std::uint16_t>(layout.flags_at);
        view.agreement = view.at<std::uint8_t>(layout.route_at + 1);
        return;
    }
    // Its flags are one byte, and two bytes of zero follow.
    const bool zero = view.at<std::uint16_t>(layout.flags_at + 1) == 0;
    view.flags = zero ? view.at<std::uint8_t>(layout.flags_at) : kUnknownFlag;
}

}  // namespace

Result<RowView> RowView::of(StoredRow row) {
    const Layout& layout = kLayouts[row.version - 1U];
    const std::string_view bytes = row.bytes;
    if (bytes.size() < layout.fixed_bytes) {
        return damaged("it is too short");
    }
    RowView view;
    view.fixed = bytes.data();
    view.version = row.version;
    view.route = view.at<std::uint8_t>(layout.route_at);
    take_flags(layout, view);
    if (view.route >= names_of(Route()).size()) {
        return damaged("unknown route");
    }
    if ((view.flags & ~layout.known_flags) != 0 || view.agreement >= names_of(Agreement()).size()) {
        return damaged("unknown flags");
    }
    ByteReader rest(bytes.substr(layout.fixed_bytes));
    std::size_t length_at = layout.lengths_at;
    for (const Part part : layout.parts) {
        const std::size_t items = view.at<std::uint32_t>(length_at);
        view.parts[part] = rest.take_bytes(items * kItemBytes[part]);
        length_at += sizeof(std::uint32_t);
    }
    if (!rest.ok() || !rest.at_end()) {
        return damaged("its lengths do not add up");
    }
    const std::size_t carried = view.parts[kPayload].size();
    if (row.version == kNewest && carried > 0 && carried != view.payload_bytes()) {
        return damaged("its payload has another length");
    }
    const Uuid id{view.at<std::array<std::uint8_t, 16>>(kIdAt)};
    const std::string_view request_id = view.parts[kRequestId];
    if (view.has(kRequestIsBase) ? !request_id.empty() : is_base_text(request_id, id)) {
        return damaged("request id is stored in the wrong way");
    }
    return view;
}

}  // namespace flywheel::row_layout
