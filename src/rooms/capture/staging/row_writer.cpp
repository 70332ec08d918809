// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/staging/row_writer.h"

#include <algorithm>
#include <iterator>

#include "rooms/capture/frames/captured_keys.h"
#include "rooms/capture/frames/row_layout.h"

namespace flywheel {

namespace {

using row_layout::RowView;

Id<Prediction> id_of(const RowView& view) {
    return {Uuid{view.at<std::array<std::uint8_t, 16>>(row_layout::kIdAt)}};
}

Time time_of(const RowView& view) {
    return Time(Duration(view.at<std::int64_t>(row_layout::kTimeAt)));
}

/// What the row carries, or the next of those that are too large to be carried.
std::string_view payload_of(
    const RowView& view, const std::vector<std::string>& large, std::size_t& next_large
) {
    const std::string_view carried = view.parts[row_layout::kPayload];
    return carried.empty() && view.payload_bytes() > 0 ? large[next_large++] : carried;
}

}  // namespace

std::string& RowWriter::Filling::room(FrameKind kind, std::size_t bytes) {
    if (frames.empty() || frames.back().payload.size() + bytes > RowBuffers::kFrameBytes) {
        Frame& frame = frames.emplace_back();
        frame.kind = kind;
        frame.payload.reserve(std::min(expected, RowBuffers::kFrameBytes));
        if (kind == FrameKind::Payload) {
            begin_payloads(frame.payload);
        } else {
            begin_rows(frame.payload, kind);
        }
    }
    return frames.back().payload;
}

std::size_t RowWriter::encode(StagedRows& rows, std::vector<Frame>& out) {
    Batch batch;
    batch.large = std::move(rows.large);
    for (const Frame& frame : rows.frames) {
        batch.rows.expected += frame.payload.size();
    }
    for (const Frame& frame : rows.frames) {
        if (redaction_.empty()) {
            address(frame, batch);
        }
        // Encoded by this room a moment ago.
        CHECK(each_row(frame, [&](StoredRow row) { return take(row, batch); }).has_value());
    }
    std::ranges::move(batch.payloads.frames, std::back_inserter(out));
    std::ranges::move(batch.rows.frames, std::back_inserter(out));
    return batch.large_stored;
}

/// A million remembered payloads fit no cache: looked up one by one, each row would wait for
/// memory.
void RowWriter::address(const Frame& frame, const Batch& batch) {
    addresses_.clear();
    next_address_ = 0;
    std::size_t next_large = batch.next_large;
    CHECK(each_row(frame, [&](StoredRow stored) -> Result<void> {
              const RowView view = TRY(RowView::of(stored));
              const std::string_view payload = payload_of(view, batch.large, next_large);
              Address& address = addresses_.emplace_back();
              address.digest = Digest{view.at<std::array<std::uint8_t, 32>>(row_layout::kDigestAt)};
              if (!payload.empty()) {
                  if (address.digest.is_zero()) {
                      address.digest = sha256(payload);
                  }
                  address.key =
                      payload_key(view.parts[row_layout::kModel], time_of(view), address.digest);
                  payloads_.prefetch(address.key);
              }
              return {};
          }).has_value());  // encoded by this room a moment ago
}

Result<void> RowWriter::take(StoredRow stored, Batch& batch) {
    const RowView view = TRY(RowView::of(stored));
    const std::size_t large_before = batch.next_large;
    const std::string_view payload = payload_of(view, batch.large, batch.next_large);
    if (!redaction_.empty()) {
        const bool beside = batch.next_large > large_before;
        take_redacted(stored, beside ? payload : std::string_view(), batch);
        return {};
    }
    const Address& address = addresses_[next_address_++];
    if (!payload.empty()) {
        const std::string_view model = view.parts[row_layout::kModel];
        const std::string_view media_type = view.parts[row_layout::kMediaType];
        put_payload(
            {address.digest, model, media_type, payload, time_of(view)}, address.key, batch
        );
    }
    put_row(stored.bytes, address.digest, batch);
    return {};
}

void RowWriter::take_redacted(StoredRow stored, std::string_view beside, Batch& batch) {
    auto decoded = decode_prediction(stored);
    CHECK(decoded.has_value());
    Prediction row = *std::move(decoded);
    if (!beside.empty()) {
        row.payload = beside;
    }
    const auto outcome = redaction_.apply(row);
    tally_.redacted += outcome != Redaction::Outcome::Unchanged ? 1 : 0;
    tally_.redaction_failures += outcome == Redaction::Outcome::Failed ? 1 : 0;
    row.payload_bytes = row.payload.size();
    if (!row.payload.empty()) {
        if (row.payload_digest.is_zero()) {
            row.payload_digest = sha256(row.payload);
        }
        const PayloadView payload{
            row.payload_digest, row.model, row.media_type, row.payload, row.time
        };
        put_payload(payload, payload_key(row.model, row.time, row.payload_digest), batch);
        row.payload.clear();
    }
    std::string bytes;
    append_prediction(bytes, row);
    put_row(std::string_view(bytes).substr(sizeof(std::uint32_t)), row.payload_digest, batch);
}

void RowWriter::put_row(std::string_view row, const Digest& digest, Batch& batch) {
    const auto carried = bytes_at<std::uint32_t>(row.data() + row_layout::kPayloadLengthAt);
    const auto size = static_cast<std::uint32_t>(row.size() - carried);  // it is the last part
    std::string& out = batch.rows.room(FrameKind::Predictions, sizeof size + size);
    const std::size_t start = out.size();
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out.append(row, 0, size);
    char* const to = out.data() + start + sizeof size;
    put_bytes(to + row_layout::kDigestAt, digest.bytes);
    put_bytes(to + row_layout::kPayloadLengthAt, std::uint32_t{0});
    put_bytes(to + row_layout::kAttemptAt, attempt_of({to, size}));
}

void RowWriter::put_payload(const PayloadView& payload, const PayloadKey& key, Batch& batch) {
    if (payloads_.take(key).known) {
        ++tally_.payloads_known;
        return;
    }
    ++tally_.payloads_stored;
    append_payload(batch.payloads.room(FrameKind::Payload, payload_bytes(payload)), payload);
    if (payload.bytes.size() > RowBuffers::kCarriedBytesMax) {
        batch.large_stored += payload.bytes.size();
    }
}

/// Of rows whose id the client made; of requests with the server's own id it is always the first.
std::uint32_t RowWriter::attempt_of(std::string_view row) {
    const auto flags = bytes_at<std::uint16_t>(row.data() + row_layout::kFlagsAt);
    if ((flags & row_layout::kRequestIsBase) != 0) {
        return 1;
    }
    const auto view = RowView::of({row, row_layout::kNewest});
    CHECK(view.has_value());
    const std::string_view request = view->parts[row_layout::kRequestId];
    const std::string_view model = view->parts[row_layout::kModel];
    const std::uint64_t base = key_of(model, id_of(*view).uuid);
    Attempt& newest = attempts_.take({key_of(model, request), base, 0}).entry;
    if (newest.number == 0 || newest.base != base) {
        newest.base = base;
        ++newest.number;
    }
    return newest.number;
}

void RowWriter::remember(const PayloadView& payload) {
    payloads_.take(payload_key(payload.model, payload.first_seen, payload.digest));
}

void RowWriter::forget_payloads() {
    payloads_.clear();
}

}  // namespace flywheel
