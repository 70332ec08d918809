#pragma once
// SPDX-License-Identifier: Apache-2.0
// The room capture: keeps what was served and what was said about it. Request threads record() into
// buffers and never wait; one writer thread appends all buffers to the journal as one group and
// syncs it; the loop rolls sealed segments into columns. Made by app/; record, submit_feedback and
// all questions from any thread, start, stop and roll from the thread that owns the loop.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "ports/columns/columns.h"
#include "ports/journal/journal.h"
#include "ports/recorder.h"
#include "rooms/capture/capture_counters.h"
#include "rooms/capture/intake/capture_policy.h"
#include "rooms/capture/intake/pressure_watch.h"
#include "rooms/capture/privacy/column_eraser.h"
#include "rooms/capture/privacy/lifetimes.h"
#include "rooms/capture/privacy/redaction.h"
#include "rooms/capture/privacy/secret_key.h"

namespace flywheel {

enum class SyncMode {
    Interval,  ///< fdatasync after each group: a power cut costs one flush interval.
    Os,  ///< Written after each interval, fdatasync every second: a crash of the process costs no
         ///< more.
    Answer  ///< The answer waits for the fdatasync that covers its rows: nothing answered is lost.
};

inline std::span<const std::string_view> names_of(SyncMode) {
    static constexpr std::array<std::string_view, 3> kNames = {"interval", "os", "answer"};
    return kNames;
}

struct RollReport {
    std::uint64_t segments = 0;
    std::uint64_t predictions = 0;
    std::uint64_t feedback = 0;
    ColumnUpkeep upkeep;
};

/// Which rows sample() looks at.
struct SampleWish {
    std::string model;
    TimeRange served;
    std::string version{};                ///< "" = of any.
    std::optional<std::int64_t> label{};  ///< Nothing = any.
    std::size_t most = 50;
};

struct RowSample {
    std::vector<Prediction> rows;  ///< With payloads, in order of time.
    std::uint64_t of = 0;          ///< Rows that fit.
};

class Capture final : public Recorder, public FeedbackSink, public CapturedRows {
  public:
    struct Plan {
        std::chrono::milliseconds flush_interval{5};
        /// Of each of eight buffers, which share it; as much again waits for the disk, at most.
        std::size_t buffer_bytes = 1U << 20U;
        SyncMode sync = SyncMode::Interval;
        /// roll() seals the open segment first when it holds this many rows.
        std::uint64_t roll_rows = 65'536;
        /// The open segment is sealed when nothing was written for so long.
        std::chrono::seconds seal_when_idle{60};
        /// Feedback remembered to know when it is repeated.
        std::size_t remembered = 200'000;
        /// Which rows are kept.
        CapturePolicy policy = {};
        /// Which process captures; stands in every row.
        Uuid instance = {};
        /// False: no rows are taken; feedback still is. For measuring what capture costs.
        bool rows = true;
        /// Rows an hour that each key may add, roughly; 0 = any number.
        std::uint64_t key_rows_per_hour = 0;
        /// What is taken out of rows and feedback before they are written.
        Redaction redaction = {};
        /// Under which subjects are hashed.
        SecretKey key = SecretKey();
        /// Asked about once a second by the thread that commits; empty = no limit.
        std::function<DiskUse()> disk = {};
        /// How long rows and their parts live in the columns.
        Lifetimes lifetimes = {};
        /// Who holds copies of payloads of erased rows; on the thread that erases or rolls.
        ForgetPayloads forget = {};
        /// Rows stop before the disk's limit; feedback may exceed it by so many bytes.
        std::uint64_t feedback_reserve = 1U << 30U;
    };

    /// Reads what the journal holds; segments already in the columns are dropped. Nothing runs
    /// until start(), but every call works (flush() writes). The ports must outlive it.
    static Result<std::unique_ptr<Capture>> open(
        Plan plan, Journal& journal, Columns& columns, const Clock& clock
    );

    /// Stops the writer as stop() does, without a word.
    ~Capture() override;

    /// Starts the writer thread.
    void start();
    /// Writes what waits, syncs, seals. What cannot be written is counted as dropped and the error
    /// returned; rows recorded later are dropped.
    Result<void> stop();

    void record(Prediction&& row) override;
    [[nodiscard]] bool takes_rows() const override;
    [[nodiscard]] bool answers_wait() const override;
    void when_durable(std::function<void(Result<void>)> then) override;
    Result<FeedbackReceipt> submit_feedback(std::vector<Feedback> feedback) override;

    /// Moves sealed segments into the columns, oldest first. A row is seen once by readers at all
    /// times, also when this fails or the process dies anywhere; another call goes on. The first
    /// call of a UTC day also forgets what is over its time and merges small files.
    Result<RollReport> roll();
    /// Erases all rows of a subject served until now, and the feedback about them: they are seen no
    /// more at once, and on return they are gone from journal and columns. What says so stays in
    /// the journal, so that a later roll, or rows of a backup put back, are erased again.
    /// Unavailable when the disk refuses; once the frame is written another roll() goes on.
    Result<EraseReport> erase(std::string_view subject);
    /// Seals the open segment now, so that roll() takes everything recorded so far.
    Result<void> seal();

    Result<std::vector<CapturedPayload>> recent_payloads(const std::string& model, std::size_t most)
        const override;
    Result<std::vector<Prediction>> predictions(const std::string& model, TimeRange range)
        const override;
    Result<std::vector<Feedback>> feedback(const std::string& model, TimeRange arrived)
        const override;
    Result<CapturedRequest> find(const std::string& model, const std::string& id) const override;
    /// All rows of a model with time in `range`, of any route and status, each once and in no
    /// order, without holding them: memory stays as it is however many there are. A row has its
    /// payload only when it was captured before payloads had their own table.
    Result<void> each_prediction(
        const std::string& model,
        TimeRange range,
        RowParts parts,
        const std::function<Result<void>(const Prediction&)>& visit
    ) const;
    /// A uniform sample of the rows that fit, shadows left out: those whose ids have the smallest
    /// hashes, so the same question gives the same rows. Looks at the keys of all rows of the
    /// range.
    Result<RowSample> sample(const SampleWish& wish) const;
    /// All feedback that arrived in `arrived`, each once; of equal arrivals in the journal's order.
    Result<void> each_feedback(
        const std::string& model,
        TimeRange arrived,
        const std::function<Result<void>(const Feedback&)>& visit
    ) const;
    Result<void> flush() const override;

    /// Rules of the policy may ask whether an Incident is open. Any thread.
    void set_incident(bool open);

    /// The highest level of pressure since this was last asked. One asks: who tells monitoring.
    PressureLevel worst_level();

    [[nodiscard]] CaptureCounters counters() const;

  private:
    class State;

    explicit Capture(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace flywheel
