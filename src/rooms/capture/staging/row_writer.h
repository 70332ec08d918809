#pragma once
// SPDX-License-Identifier: Apache-2.0
// RowWriter: turns staged rows into the frames that the journal gets: takes out what must not be
// kept, addresses payloads by their content and stores each once a day and model, counts the
// attempts of a request id. One thread at a time, the one that commits.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ports/journal/journal.h"
#include "rooms/capture/frames/payload_codec.h"
#include "rooms/capture/frames/prediction_codec.h"
#include "rooms/capture/privacy/redaction.h"
#include "rooms/capture/staging/recent_set.h"
#include "rooms/capture/staging/row_buffers.h"

namespace flywheel {

/// Since the start.
struct WriterTally {
    std::uint64_t redacted = 0;            ///< Rows in which something was taken out.
    std::uint64_t redaction_failures = 0;  ///< Of these, what lost its payload whole.
    std::uint64_t payloads_stored = 0;
    std::uint64_t payloads_known = 0;  ///< Stored before: the row only refers to it.
};

class RowWriter {
  public:
    explicit RowWriter(const Redaction& redaction) : redaction_(redaction) {}

    /// Appends payload frames, then the frames of the rows. Returns the bytes of large payloads
    /// that went into frames.
    std::size_t encode(StagedRows& rows, std::vector<Frame>& out);

    /// The journal holds this payload already.
    void remember(const PayloadView& payload);
    /// No payload is known any more: those that come are stored (again).
    void forget_payloads();

    [[nodiscard]] const WriterTally& tally() const { return tally_; }

  private:
    /// A request id of a client, and who used it last.
    struct Attempt {
        std::uint64_t request = 0;  ///< Hash of model and id.
        std::uint64_t base = 0;     ///< Hash of the base id of its newest attempt.
        std::uint32_t number = 0;

        bool operator==(const Attempt& other) const { return request == other.request; }

        friend std::size_t place_of(const Attempt& attempt) { return attempt.request; }
    };

    /// Frames of one kind that are being filled.
    struct Filling {
        std::vector<Frame> frames;
        std::size_t expected = 0;  ///< Bytes, perhaps.

        /// Where the next `bytes` go.
        std::string& room(FrameKind kind, std::size_t bytes);
    };

    struct Batch {
        Filling payloads;
        Filling rows;
        std::vector<std::string> large;
        std::size_t next_large = 0;
        std::size_t large_stored = 0;
    };

    /// The payload's address, of each row of a frame; where it would be remembered is brought near.
    void address(const Frame& frame, const Batch& batch);
    Result<void> take(StoredRow stored, Batch& batch);
    void take_redacted(StoredRow stored, std::string_view beside, Batch& batch);
    /// Copies an encoded row without the payload it carries.
    void put_row(std::string_view row, const Digest& digest, Batch& batch);
    /// The payload's frame, unless it is known.
    void put_payload(const PayloadView& payload, const PayloadKey& key, Batch& batch);
    std::uint32_t attempt_of(std::string_view row);

    /// A row's payload, when nothing is to be taken out of it.
    struct Address {
        Digest digest;  ///< Zero = the row has no payload.
        PayloadKey key;
    };

    const Redaction& redaction_;
    std::vector<Address> addresses_;  ///< Of the frame that is being taken.
    std::size_t next_address_ = 0;
    RecentSet<PayloadKey> payloads_{std::size_t{1} << 17U};
    RecentSet<Attempt> attempts_{std::size_t{1} << 14U};
    WriterTally tally_;
};

}  // namespace flywheel
