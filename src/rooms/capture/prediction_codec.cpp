// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/prediction_codec.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

#include "ports/journal/bytes.h"

namespace flywheel {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kBeginBytes = 8;
constexpr std::size_t kFixedBytes = 120;
constexpr std::size_t kLengthsAt = 88;
constexpr std::uint8_t kRequestIsBase = 1;
constexpr std::size_t kParts = 8;

/// Bytes of one item of each variable part.
constexpr std::array<std::size_t, kParts> kItemBytes = {
    1, 1, 1, 1, 1, sizeof(float), sizeof(float), sizeof(std::uint16_t)
};

enum Part {
    kRequestId,
    kModel,
    kServedVersion,
    kError,
    kPayload,
    kScores,
    kBaseScores,
    kEmbedding
};

template <class Item>
std::string_view bytes_of(const std::vector<Item>& items) {
    return {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(Item)};
}

/// Variable parts in their order, as bytes.
std::array<std::string_view, kParts> parts_of(const Prediction& row, bool request_is_base) {
    return {
        request_is_base ? std::string_view() : std::string_view(row.request_id),
        row.model,
        row.version,
        row.error,
        row.payload,
        bytes_of(row.scores),
        bytes_of(row.base_scores),
        bytes_of(row.embedding),
    };
}

Error damaged(std::string_view why) {
    return corrupt(fmt::format("Captured row is damaged: {}", why));
}

/// The row's parts as views, after all checks that keep the encoding canonical.
struct RowView {
    const char* fixed = nullptr;
    std::uint8_t route = 0;
    bool request_is_base = false;
    std::array<std::string_view, kParts> parts;

    static Result<RowView> of(std::string_view row) {
        if (row.size() < kFixedBytes) {
            return damaged("it is too short");
        }
        RowView view;
        view.fixed = row.data();
        view.route = bytes_at<std::uint8_t>(row.data() + 84);
        const auto flags = bytes_at<std::uint8_t>(row.data() + 85);
        if (view.route >= names_of(Route()).size()) {
            return damaged("unknown route");
        }
        if (flags > kRequestIsBase || bytes_at<std::uint16_t>(row.data() + 86) != 0) {
            return damaged("unknown flags");
        }
        view.request_is_base = flags != 0;
        const auto lengths = bytes_at<std::array<std::uint32_t, kParts>>(row.data() + kLengthsAt);
        ByteReader rest(row.substr(kFixedBytes));
        for (std::size_t i = 0; i < kParts; ++i) {
            view.parts[i] = rest.take_bytes(lengths[i] * kItemBytes[i]);
        }
        if (!rest.ok() || !rest.at_end()) {
            return damaged("its lengths do not add up");
        }
        const Uuid id{bytes_at<std::array<std::uint8_t, 16>>(row.data())};
        const std::string_view request_id = view.parts[kRequestId];
        if (view.request_is_base ? !request_id.empty() : is_base_text(request_id, id)) {
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

void begin_rows(std::string& payload) {
    payload.assign(kBeginBytes, '\0');
    payload[0] = static_cast<char>(kVersion);
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
    to = put_bytes(to, row.propensity);
    to = put_bytes(to, row.label);
    to = put_bytes(to, row.us_infer);
    to = put_bytes(to, row.us_total);
    to = put_bytes(to, row.status);
    to = put_bytes(to, static_cast<std::uint8_t>(row.route));
    to = put_bytes(to, request_is_base ? kRequestIsBase : std::uint8_t{0});
    to = put_bytes(to, std::uint16_t{0});
    to = put_bytes(to, lengths);
    for (const auto part : parts) {
        to = put_bytes(to, part);
    }
}

Result<void> each_row(
    std::string_view payload, const std::function<Result<void>(std::string_view)>& visit
) {
    ByteReader reader(payload);
    if (reader.take<std::uint64_t>() != kVersion || !reader.ok()) {
        return damaged("unknown version of the frame");
    }
    while (!reader.at_end()) {
        const auto row = reader.take_bytes(reader.take<std::uint32_t>());
        if (!reader.ok()) {
            return damaged("the frame ends within it");
        }
        TRY(visit(row));
    }
    return {};
}

Result<RowKeys> prediction_keys(std::string_view row) {
    const RowView view = TRY(RowView::of(row));
    RowKeys keys;
    keys.id.uuid.bytes = bytes_at<std::array<std::uint8_t, 16>>(view.fixed);
    keys.time = Time(Duration(bytes_at<std::int64_t>(view.fixed + 16)));
    keys.request_id = view.parts[kRequestId];
    keys.model = view.parts[kModel];
    return keys;
}

Result<Prediction> decode_prediction(std::string_view row) {
    const RowView view = TRY(RowView::of(row));
    Prediction out;
    out.id.uuid.bytes = bytes_at<std::array<std::uint8_t, 16>>(view.fixed);
    out.time = Time(Duration(bytes_at<std::int64_t>(view.fixed + 16)));
    out.payload_digest.bytes = bytes_at<std::array<std::uint8_t, 32>>(view.fixed + 24);
    out.propensity = bytes_at<double>(view.fixed + 56);
    out.label = bytes_at<std::int64_t>(view.fixed + 64);
    out.us_infer = bytes_at<std::int32_t>(view.fixed + 72);
    out.us_total = bytes_at<std::int32_t>(view.fixed + 76);
    out.status = bytes_at<std::int32_t>(view.fixed + 80);
    out.route = static_cast<Route>(view.route);
    out.request_id =
        view.request_is_base ? out.id.uuid.with_row(0).text() : std::string(view.parts[kRequestId]);
    out.model = view.parts[kModel];
    out.version = view.parts[kServedVersion];
    out.error = view.parts[kError];
    out.payload = view.parts[kPayload];
    out.scores = items_of<float>(view.parts[kScores]);
    out.base_scores = items_of<float>(view.parts[kBaseScores]);
    out.embedding = items_of<std::uint16_t>(view.parts[kEmbedding]);
    return out;
}

}  // namespace flywheel
