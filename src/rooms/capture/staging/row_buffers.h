#pragma once
// SPDX-License-Identifier: Apache-2.0
// RowBuffers: where request threads leave served rows, already encoded, until the writer takes
// them. A few buffers, chosen by thread, each with a lock that is hardly ever contended, under one
// bound, which one busy thread may use alone; when it is reached, rows are dropped and counted.
// Large payloads wait beside the rows, not copied. Any thread.

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "ports/journal/journal.h"
#include "records/prediction.h"

namespace flywheel {

/// Rows handed over = kept + sampled away + dropped, exactly.
struct RowTally {
    std::vector<std::uint64_t> kept;      ///< By rule of the policy.
    std::uint64_t sampled_away = 0;       ///< By the policy or by pressure.
    std::uint64_t dropped_buffer = 0;     ///< No room in memory.
    std::uint64_t dropped_disk = 0;       ///< No room on the disk.
    std::uint64_t payloads_left_out = 0;  ///< Rows kept without it: too many large ones wait.
};

/// Rows on their way to the writer: frames in the newest version, whose rows carry their payload. A
/// row that says its payload's size but carries none has it in `large`, which is in row order.
struct StagedRows {
    std::vector<Frame> frames;
    std::vector<std::string> large;
};

class RowBuffers {
  public:
    static constexpr std::size_t kBuffers = 8;
    static constexpr std::size_t kFrameBytes = 64U << 10U;
    /// A larger payload waits beside the rows.
    static constexpr std::size_t kCarriedBytesMax = 16U << 10U;
    /// Of large payloads that wait for the disk, in all buffers and behind them.
    static constexpr std::size_t kLargeBytesMax = 64U << 20U;

    enum class Outcome { Stored, StoredHalfFull, Dropped };

    /// kBuffers * `buffer_bytes` bounds all rows that wait; `rules` is the number of rules of the
    /// policy.
    RowBuffers(std::size_t buffer_bytes, std::size_t rules);

    /// Takes a row that `rule` keeps; one whose payload finds no room loses it. HalfFull is said
    /// once per drain of a buffer that holds half of the bound.
    Outcome add(Prediction&& row, std::size_t rule);

    enum class Reason { SampledAway, Disk };

    /// Counts a row that is not taken.
    void pass_over(Reason reason);
    /// From now on every row is dropped.
    void close();

    /// Moves rows out, buffer by buffer while `room` bytes hold (large payloads not counted).
    /// `complete`: no row waits that was added before.
    struct Drained {
        StagedRows rows;
        bool complete = true;
    };

    Drained drain(std::size_t room);
    /// Takes the memory of drained frames for rows to come.
    void reuse(std::vector<Frame>&& frames);
    /// So many bytes of large payloads wait no more.
    void release_large(std::size_t bytes);

    [[nodiscard]] RowTally tally() const;
    /// Of rows in the buffers, and of all large payloads.
    [[nodiscard]] std::size_t waiting_bytes() const;
    /// How full they are, from 0 to 1, counting refusals since the last drain as full.
    [[nodiscard]] double fullness() const;

  private:
    /// One cache line and more apart, so that threads do not disturb each other.
    struct alignas(128) Buffer {
        mutable std::mutex mutex;
        StagedRows rows;
        std::size_t bytes = 0;
        bool said_half_full = false;
        bool refused = false;  ///< Since the last drain.
        bool closed = false;
        RowTally tally;
    };

    Buffer& mine();
    Frame new_frame();
    bool reserve(std::size_t bytes);
    bool reserve_large(std::size_t bytes);

    std::array<Buffer, kBuffers> buffers_;
    const std::size_t bound_;
    std::atomic<std::size_t> waiting_ = 0;  // of rows in all buffers
    std::atomic<std::size_t> large_bytes_ = 0;
    std::vector<Frame> spare_;
    std::mutex spare_mutex_;  // of spare_; taken after a buffer's
};

}  // namespace flywheel
