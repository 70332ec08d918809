#pragma once
// SPDX-License-Identifier: Apache-2.0
// RowBuffers: where request threads leave served rows, already encoded, until the writer takes
// them. A few buffers, chosen by thread, each with a lock that is hardly ever contended; full ones
// drop rows and count them. Any thread.

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "ports/journal/journal.h"
#include "records/prediction.h"

namespace flywheel {

struct RowTally {
    std::uint64_t recorded = 0;
    std::uint64_t dropped = 0;
    std::uint64_t payloads_left_out =
        0;  ///< Rows kept with the payload's digest only: it was too large.
};

class RowBuffers {
  public:
    static constexpr std::size_t kBuffers = 8;
    static constexpr std::size_t kFrameBytes = 64U << 10U;
    /// A larger payload is left out of the row.
    static constexpr std::size_t kPayloadBytesMax = 256U << 10U;

    enum class Outcome { Stored, StoredHalfFull, Dropped };

    /// `buffer_bytes` bounds each buffer.
    explicit RowBuffers(std::size_t buffer_bytes) : buffer_bytes_(buffer_bytes) {}

    /// HalfFull is said once per drain of a buffer.
    Outcome add(Prediction&& row);
    /// From now on every row is dropped.
    void close();
    /// Moves all rows out, as frames behind those in `frames`.
    void drain(std::vector<Frame>& frames);

    [[nodiscard]] RowTally tally() const;
    [[nodiscard]] std::size_t waiting_bytes() const;

  private:
    /// One cache line and more apart, so that threads do not disturb each other.
    struct alignas(128) Buffer {
        mutable std::mutex mutex;
        std::vector<Frame> frames;
        std::size_t bytes = 0;
        bool said_half_full = false;
        bool closed = false;
        RowTally tally;
    };

    Buffer& mine();

    const std::size_t buffer_bytes_;
    std::array<Buffer, kBuffers> buffers_;
};

}  // namespace flywheel
