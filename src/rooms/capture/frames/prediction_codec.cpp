// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/frames/prediction_codec.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

#include "base/bytes.h"
#include "records/uncertainty.h"
#include "rooms/capture/frames/row_layout.h"

namespace flywheel {

namespace {

using row_layout::kFixedBytes;
using row_layout::kItemBytes;
using row_layout::kParts;
using row_layout::RowView;

constexpr std::size_t kBeginBytes = 8;

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
        row.row_id,
        row.params,
        row.policy,
        row.key_name,
        row.engine,
        row.media_type,
        bytes_of(row.scores),
        bytes_of(row.score_classes),
        bytes_of(row.base_scores),
        bytes_of(row.embedding),
        row.outputs,
        row.payload,
    };
}

std::uint16_t flags_of(const Prediction& row, bool request_is_base) {
    return static_cast<std::uint16_t>(
        (request_is_base ? row_layout::kRequestIsBase : 0) |
        (row.cancelled ? row_layout::kCancelled : 0) | (row.redacted ? row_layout::kRedacted : 0) |
        (row.thin ? row_layout::kThin : 0)
    );
}

std::uint8_t newest_version(FrameKind kind) {
    constexpr std::uint8_t kFeedback = 2;
    return kind == FrameKind::Predictions ? row_layout::kNewest : kFeedback;
}

Error damaged(std::string_view why) {
    return corrupt(fmt::format("Captured row is damaged: {}", why));
}

template <class Item>
void take_items(std::string_view bytes, std::vector<Item>& items) {
    items.resize(bytes.size() / sizeof(Item));
    if (!bytes.empty()) {
        std::memcpy(items.data(), bytes.data(), bytes.size());
    }
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
    out.payload_bytes = out.payload.size();
}

/// Seven whole numbers and three others, which versions 2 and 3 have in one order.
void take_measures(const RowView& view, std::size_t at, Prediction& out) {
    const auto whole = view.at<std::array<std::int32_t, 7>>(at);
    out.us_queue = whole[0];
    out.us_pre = whole[1];
    out.us_infer = whole[2];
    out.us_post = whole[3];
    out.us_total = whole[4];
    out.batch_rows = whole[5];
    out.status = whole[6];
    const auto sure = view.at<std::array<float, 3>>(at + sizeof whole);
    out.confidence = sure[0];
    out.margin = sure[1];
    out.entropy = sure[2];
    out.agreement = static_cast<Agreement>(view.agreement);
    out.cancelled = view.has(row_layout::kCancelled);
    out.redacted = view.has(row_layout::kRedacted);
    out.thin = view.has(row_layout::kThin);
    out.subject.bytes = view.at<std::array<std::uint8_t, 32>>(56);
}

void take_second(const RowView& view, Prediction& out) {
    out.propensity = view.at<double>(88);
    out.label = view.at<std::int64_t>(96);
    out.payload_bytes = out.payload.size();
    take_measures(view, 104, out);
}

void take_third(const RowView& view, Prediction& out) {
    out.instance.bytes = view.at<std::array<std::uint8_t, 16>>(88);
    out.rollout.uuid.bytes = view.at<std::array<std::uint8_t, 16>>(104);
    out.propensity = view.at<double>(120);
    out.label = view.at<std::int64_t>(128);
    out.payload_bytes = view.payload_bytes();
    out.attempt = view.at<std::uint32_t>(row_layout::kAttemptAt);
    take_measures(view, 144, out);
}

}  // namespace

bool is_base_text(std::string_view request_id, const Uuid& id) {
    return id.with_row(0).is_text(request_id);
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
    to = put_bytes(to, row.instance.bytes);
    to = put_bytes(to, row.rollout.uuid.bytes);
    to = put_bytes(to, row.propensity);
    to = put_bytes(to, row.label);
    const std::uint64_t carried = row.payload.size();
    to = put_bytes(to, carried > 0 ? carried : row.payload_bytes);
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
    to = put_bytes(to, row.attempt);
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
    keys.id.uuid.bytes = view.at<std::array<std::uint8_t, 16>>(row_layout::kIdAt);
    keys.time = Time(Duration(view.at<std::int64_t>(row_layout::kTimeAt)));
    keys.request_id = view.parts[row_layout::kRequestId];
    keys.model = view.parts[row_layout::kModel];
    return keys;
}

Result<Prediction> decode_prediction(StoredRow row) {
    Prediction out;
    TRY(decode_prediction_into(out, row));
    return out;
}

Result<void> decode_prediction_into(Prediction& out, StoredRow row) {
    const RowView view = TRY(RowView::of(row));
    if (row.version < row_layout::kNewest) {
        out.clear();  // older rows do not say everything
    }
    out.id.uuid.bytes = view.at<std::array<std::uint8_t, 16>>(row_layout::kIdAt);
    out.time = Time(Duration(view.at<std::int64_t>(row_layout::kTimeAt)));
    out.payload_digest.bytes = view.at<std::array<std::uint8_t, 32>>(row_layout::kDigestAt);
    out.route = static_cast<Route>(view.route);
    if (view.has(row_layout::kRequestIsBase)) {
        out.request_id = out.id.uuid.with_row(0).text();
    } else {
        out.request_id = view.parts[row_layout::kRequestId];
    }
    out.model = view.parts[row_layout::kModel];
    out.version = view.parts[row_layout::kServedVersion];
    out.error = view.parts[row_layout::kError];
    out.payload = view.parts[row_layout::kPayload];
    out.row_id = view.parts[row_layout::kRowId];
    out.params = view.parts[row_layout::kParams];
    out.policy = view.parts[row_layout::kPolicy];
    out.key_name = view.parts[row_layout::kKeyName];
    out.engine = view.parts[row_layout::kEngine];
    out.media_type = view.parts[row_layout::kMediaType];
    out.outputs = view.parts[row_layout::kOutputs];
    take_items(view.parts[row_layout::kScores], out.scores);
    take_items(view.parts[row_layout::kScoreClasses], out.score_classes);
    take_items(view.parts[row_layout::kBaseScores], out.base_scores);
    take_items(view.parts[row_layout::kEmbedding], out.embedding);
    if (row.version == 1) {
        take_first(view, out);
    } else if (row.version == 2) {
        take_second(view, out);
    } else {
        take_third(view, out);
    }
    return {};
}

}  // namespace flywheel
