// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/frames/payload_codec.h"

#include <array>

#include "base/bytes.h"

namespace flywheel {

namespace {

constexpr std::uint64_t kPayloadVersion = 1;
/// Digest, time, three lengths.
constexpr std::size_t kPayloadFixedBytes = 32 + 8 + 3 * sizeof(std::uint32_t);

}  // namespace

Payload PayloadView::copy() const {
    return {digest, std::string(model), std::string(media_type), std::string(bytes), first_seen};
}

void begin_payloads(std::string& frame) {
    frame.assign(sizeof kPayloadVersion, '\0');
    put_bytes(frame.data(), kPayloadVersion);
}

std::size_t payload_bytes(const PayloadView& payload) {
    return sizeof(std::uint32_t) + kPayloadFixedBytes + payload.model.size() +
           payload.media_type.size() + payload.bytes.size();
}

void append_payload(std::string& frame, const PayloadView& payload) {
    const std::size_t start = frame.size();
    const std::size_t size = payload_bytes(payload);
    frame.resize(start + size);
    const auto follows = static_cast<std::uint32_t>(size - sizeof(std::uint32_t));
    char* to = put_bytes(frame.data() + start, follows);
    to = put_bytes(to, payload.digest.bytes);
    to = put_bytes(to, micros(payload.first_seen));
    for (const auto part : {payload.model, payload.media_type, payload.bytes}) {
        to = put_bytes(to, static_cast<std::uint32_t>(part.size()));
    }
    for (const auto part : {payload.model, payload.media_type, payload.bytes}) {
        to = put_bytes(to, part);
    }
}

Result<void> each_payload(
    const Frame& frame, const std::function<Result<void>(const PayloadView&)>& visit
) {
    ByteReader reader(frame.payload);
    if (reader.take<std::uint64_t>() != kPayloadVersion || !reader.ok()) {
        return corrupt("Captured payload is damaged: unknown version of the frame");
    }
    while (!reader.at_end()) {
        ByteReader one(reader.take_bytes(reader.take<std::uint32_t>()));
        PayloadView payload;
        payload.digest.bytes = one.take<std::array<std::uint8_t, 32>>();
        payload.first_seen = Time(Duration(one.take<std::int64_t>()));
        const auto lengths = one.take<std::array<std::uint32_t, 3>>();
        payload.model = one.take_bytes(lengths[0]);
        payload.media_type = one.take_bytes(lengths[1]);
        payload.bytes = one.take_bytes(lengths[2]);
        if (!reader.ok() || !one.ok() || !one.at_end()) {
            return corrupt("Captured payload is damaged: its lengths do not add up");
        }
        TRY(visit(payload));
    }
    return {};
}

PayloadKey payload_key(std::string_view model, Time time, const Digest& digest) {
    const auto day = std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
    const std::uint64_t place = xxh3(model, static_cast<std::uint64_t>(day));
    const auto* bytes = reinterpret_cast<const char*>(digest.bytes.data());
    return {bytes_at<std::uint64_t>(bytes) ^ place, bytes_at<std::uint64_t>(bytes + 8)};
}

}  // namespace flywheel
