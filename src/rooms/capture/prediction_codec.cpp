// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/prediction_codec.h"

#include <array>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "ports/journal/bytes.h"
#include "records/uncertainty.h"

namespace flywheel {

namespace {

constexpr std::size_t kBeginBytes = 8;
constexpr std::size_t kParts = 11;

/// Variable parts in the order in which version 2 stores them.
enum Part {
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

/// Bytes of one item of each variable part.
constexpr std::array<std::size_t, kParts> kItemBytes = {
    1, 1, 1, 1, 1, 1, 1, 1, sizeof(float), sizeof(float), sizeof(std::uint16_t)
};

/// Version 1 has no row id, params, policy.
constexpr std::array kFirstParts = {
    kRequestId, kModel, kServedVersion, kError, kPayload, kScores, kBaseScores, kEmbedding
};
constexpr std::array kAllParts = {
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

/// Where things stand in a row of one version.
struct Layout {
    std::size_t fixed_bytes;
    std::size_t route_at;
    std::size_t flags_at;
    std::size_t lengths_at;
    std::uint16_t known_flags;
    std::span<const Part> parts;
};

enum Flag : std::uint16_t {
    kRequestIsBase = 1,
    kCancelled = 2,
    kRedacted = 4,
    kThin = 8,
    kAllFlags = 15,
    kUnknownFlag = 0x8000
};

constexpr std::size_t kIdAt = 0;
constexpr std::size_t kTimeAt = 16;
constexpr std::size_t kDigestAt = 24;
constexpr std::size_t kFixedBytes = 192;
constexpr Layout kFirst = {120, 84, 85, 88, kRequestIsBase, kFirstParts};
constexpr Layout kNewest = {kFixedBytes, 144, 146, 148, kAllFlags, kAllParts};
constexpr std::size_t kAgreementAt = 145;

template <class Item>
std::string_view bytes_of(const std::vector<Item>& items) {
    return {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(Item)};
}

std::array<std::string_view, kParts> parts_of(const Prediction& row, bool request_is_base) {
    return {
        request_is_base ? std::string_view() : std::string_view(row.request_id),
        row.model,
        row.version,
        row.error,
        row.payload,
        row.row_id,
        row.params,
        row.policy,
        bytes_of(row.scores),
        bytes_of(row.base_scores),
        bytes_of(row.embedding),
    };
}

std::uint16_t flags_of(const Prediction& row, bool request_is_base) {
    return static_cast<std::uint16_t>(
        (request_is_base ? kRequestIsBase : 0) | (row.cancelled ? kCancelled : 0) |
        (row.redacted ? kRedacted : 0) | (row.thin ? kThin : 0)
    );
}

std::uint8_t newest_version(FrameKind kind) {
    constexpr std::uint8_t kFeedback = 2;
    return kind == FrameKind::Predictions ? 2 : kFeedback;
}

Error damaged(std::string_view why) {
    return corrupt(fmt::format("Captured row is damaged: {}", why));
}

/// The row's parts as views, after all checks that keep the encoding canonical.
struct RowView {
    const char* fixed = nullptr;
    std::uint8_t route = 0;
    std::uint8_t agreement = 0;
    std::uint16_t flags = 0;
    std::array<std::string_view, kParts> parts;

    template <class T>
    [[nodiscard]] T at(std::size_t offset) const {
        return bytes_at<T>(fixed + offset);
    }

    [[nodiscard]] bool has(Flag flag) const { return (flags & flag) != 0; }

    static Result<RowView> of(StoredRow row) {
        const Layout& layout = row.version == 1 ? kFirst : kNewest;
        const std::string_view bytes = row.bytes;
        if (bytes.size() < layout.fixed_bytes) {
            return damaged("it is too short");
        }
        RowView view;
        view.fixed = bytes.data();
        view.route = view.at<std::uint8_t>(layout.route_at);
        if (row.version == 1) {
            // Its flags are one byte, and two bytes of zero follow.
            const bool zero = view.at<std::uint16_t>(layout.flags_at + 1) == 0;
            view.flags = kUnknownFlag;
            if (zero) {
                view.flags = view.at<std::uint8_t>(layout.flags_at);
            }
        } else {
            view.flags = view.at<std::uint16_t>(layout.flags_at);
            view.agreement = view.at<std::uint8_t>(kAgreementAt);
        }
        if (view.route >= names_of(Route()).size()) {
            return damaged("unknown route");
        }
        if ((view.flags & ~layout.known_flags) != 0 ||
            view.agreement >= names_of(Agreement()).size()) {
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
        const Uuid id{view.at<std::array<std::uint8_t, 16>>(kIdAt)};
        const std::string_view request_id = view.parts[kRequestId];
        if (view.has(kRequestIsBase) ? !request_id.empty() : is_base_text(request_id, id)) {
            return damaged("request id is stored in the wrong way");
        }
        return view;
    }
};

template <class Item>
std::vector<Item> items_of(std::string_view bytes) {
    std::vector<Item> items(bytes.size() / sizeof(Item));
    if (!bytes.empty()) {
        std::memcpy(items.data(), bytes.data(), bytes.size());
    }
    return items;
}

/// Numbers of version 1: what it lacks follows from the scores or stays empty.
void take_first(const RowView& view, Prediction& out) {
    out.propensity = view.at<double>(56);
    out.label = view.at<std::int64_t>(64);
    out.us_infer = view.at<std::int32_t>(72);
    out.us_total = view.at<std::int32_t>(76);
    out.status = view.at<std::int32_t>(80);
    const Uncertainty sure = uncertainty_of(out.scores);
    out.confidence = sure.confidence;
    out.margin = sure.margin;
    out.entropy = sure.entropy;
}

void take_newest(const RowView& view, Prediction& out) {
    out.subject.bytes = view.at<std::array<std::uint8_t, 32>>(56);
    out.propensity = view.at<double>(88);
    out.label = view.at<std::int64_t>(96);
    out.us_queue = view.at<std::int32_t>(104);
    out.us_pre = view.at<std::int32_t>(108);
    out.us_infer = view.at<std::int32_t>(112);
    out.us_post = view.at<std::int32_t>(116);
    out.us_total = view.at<std::int32_t>(120);
    out.batch_rows = view.at<std::int32_t>(124);
    out.status = view.at<std::int32_t>(128);
    out.confidence = view.at<float>(132);
    out.margin = view.at<float>(136);
    out.entropy = view.at<float>(140);
    out.agreement = static_cast<Agreement>(view.agreement);
    out.cancelled = view.has(kCancelled);
    out.redacted = view.has(kRedacted);
    out.thin = view.has(kThin);
}

}  // namespace

bool is_base_text(std::string_view request_id, const Uuid& id) {
    constexpr std::size_t kUuidTextBytes = 36;
    return request_id.size() == kUuidTextBytes && request_id == id.with_row(0).text();
}

std::size_t prediction_bytes(const Prediction& row) {
    // The request id is counted also when it will be left out: this is a bound, and cheap.
    std::size_t bytes = sizeof(std::uint32_t) + kFixedBytes;
    for (const auto part : parts_of(row, false)) {
        bytes += part.size();
    }
    return bytes;
}

void begin_rows(std::string& payload, FrameKind kind) {
    payload.assign(kBeginBytes, '\0');
    payload[0] = static_cast<char>(newest_version(kind));
}

void append_prediction(std::string& payload, const Prediction& row) {
    const bool request_is_base = is_base_text(row.request_id, row.id.uuid);
    const auto parts = parts_of(row, request_is_base);
    std::size_t row_bytes = kFixedBytes;
    std::array<std::uint32_t, kParts> lengths{};
    for (std::size_t i = 0; i < kParts; ++i) {
        row_bytes += parts[i].size();
        lengths[i] = static_cast<std::uint32_t>(parts[i].size() / kItemBytes[i]);
    }
    const std::size_t start = payload.size();
    payload.resize(start + sizeof(std::uint32_t) + row_bytes);
    char* to = put_bytes(payload.data() + start, static_cast<std::uint32_t>(row_bytes));
    to = put_bytes(to, row.id.uuid.bytes);
    to = put_bytes(to, micros(row.time));
    to = put_bytes(to, row.payload_digest.bytes);
    to = put_bytes(to, row.subject.bytes);
    to = put_bytes(to, row.propensity);
    to = put_bytes(to, row.label);
    to = put_bytes(
        to,
        std::array{
            row.us_queue,
            row.us_pre,
            row.us_infer,
            row.us_post,
            row.us_total,
            row.batch_rows,
            row.status
        }
    );
    to = put_bytes(to, std::array{row.confidence, row.margin, row.entropy});
    to = put_bytes(to, static_cast<std::uint8_t>(row.route));
    to = put_bytes(to, static_cast<std::uint8_t>(row.agreement));
    to = put_bytes(to, flags_of(row, request_is_base));
    to = put_bytes(to, lengths);
    for (const auto part : parts) {
        to = put_bytes(to, part);
    }
}

Result<void> each_row(const Frame& frame, const std::function<Result<void>(StoredRow)>& visit) {
    ByteReader reader(frame.payload);
    const auto version = reader.take<std::uint64_t>();
    if (version < 1 || version > newest_version(frame.kind) || !reader.ok()) {
        return damaged("unknown version of the frame");
    }
    while (!reader.at_end()) {
        const auto row = reader.take_bytes(reader.take<std::uint32_t>());
        if (!reader.ok()) {
            return damaged("the frame ends within it");
        }
        TRY(visit({row, static_cast<std::uint8_t>(version)}));
    }
    return {};
}

Result<RowKeys> prediction_keys(StoredRow row) {
    const RowView view = TRY(RowView::of(row));
    RowKeys keys;
    keys.id.uuid.bytes = view.at<std::array<std::uint8_t, 16>>(kIdAt);
    keys.time = Time(Duration(view.at<std::int64_t>(kTimeAt)));
    keys.request_id = view.parts[kRequestId];
    keys.model = view.parts[kModel];
    return keys;
}

Result<Prediction> decode_prediction(StoredRow row) {
    const RowView view = TRY(RowView::of(row));
    Prediction out;
    out.id.uuid.bytes = view.at<std::array<std::uint8_t, 16>>(kIdAt);
    out.time = Time(Duration(view.at<std::int64_t>(kTimeAt)));
    out.payload_digest.bytes = view.at<std::array<std::uint8_t, 32>>(kDigestAt);
    out.route = static_cast<Route>(view.route);
    out.request_id = view.has(kRequestIsBase) ? out.id.uuid.with_row(0).text()
                                              : std::string(view.parts[kRequestId]);
    out.model = view.parts[kModel];
    out.version = view.parts[kServedVersion];
    out.error = view.parts[kError];
    out.payload = view.parts[kPayload];
    out.row_id = view.parts[kRowId];
    out.params = view.parts[kParams];
    out.policy = view.parts[kPolicy];
    out.scores = items_of<float>(view.parts[kScores]);
    out.base_scores = items_of<float>(view.parts[kBaseScores]);
    out.embedding = items_of<std::uint16_t>(view.parts[kEmbedding]);
    if (row.version == 1) {
        take_first(view, out);
    } else {
        take_newest(view, out);
    }
    return out;
}

}  // namespace flywheel
