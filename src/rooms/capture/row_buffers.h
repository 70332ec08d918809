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

/// Rows handed over = kept + sampled away + dropped, exactly.
struct RowTally {
    std::vector<std::uint64_t> kept;   ///< By rule of the policy.
    std::uint64_t sampled_away = 0;    ///< By the policy or by pressure.
    std::uint64_t dropped_buffer = 0;  ///< No room in memory.
    std::uint64_t dropped_disk = 0;    ///< No room on the disk.
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

    /// `buffer_bytes` bounds each buffer; `rules` is the number of rules of the policy.
    RowBuffers(std::size_t buffer_bytes, std::size_t rules);

    /// Takes a row that `rule` keeps. HalfFull is said once per drain of a buffer.
    Outcome add(Prediction&& row, std::size_t rule);

    enum class Reason { SampledAway, Disk };

    /// Counts a row that is not taken.
    void pass_over(Reason reason);
    /// From now on every row is dropped.
    void close();
    /// Moves rows out, as frames behind those in `frames`: buffer by buffer while `room` bytes
    /// hold. Returns the bytes moved.
    std::size_t drain(std::vector<Frame>& frames, std::size_t room);

    [[nodiscard]] RowTally tally() const;
    [[nodiscard]] std::size_t waiting_bytes() const;
    /// How full the fullest buffer is, from 0 to 1, counting refusals since the last drain as full.
    [[nodiscard]] double fullness() const;

  private:
    /// One cache line and more apart, so that threads do not disturb each other.
    struct alignas(128) Buffer {
        mutable std::mutex mutex;
        std::vector<Frame> frames;
        std::size_t bytes = 0;
        bool said_half_full = false;
        bool refused = false;  ///< Since the last drain.
        bool closed = false;
        RowTally tally;
    };

    Buffer& mine();

    const std::size_t buffer_bytes_;
    std::array<Buffer, kBuffers> buffers_;
};

}  // namespace flywheel
