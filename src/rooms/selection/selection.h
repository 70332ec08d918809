#pragma once
// SPDX-License-Identifier: Apache-2.0
// Selection: picks the few served rows worth a human look. A protected uniform audit with stored
// probabilities comes first; the rest of the budget goes to the smallest margins without near
// duplicates. Called by loop/ once a Turn, one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "ports/ledger/ledger.h"
#include "ports/recorder.h"
#include "records/example.h"
#include "records/label_event.h"
#include "records/label_task.h"

namespace flywheel::selection {

class GroupBook;

struct Plan {
    std::string model{};
    Id<Turn> turn{};
    TimeRange window{};
    std::int64_t budget = 0;         ///< New questions that may be asked in this Turn.
    double audit_share = 0.4;        ///< Of the budget; below 5 audits the whole budget is audit.
    double holdout_share = 0.5;      ///< Of audited groups, by fixed hash, for ever.
    double duplicate_cosine = 0.95;  ///< Embedding similarity that suppresses a strategy pick.
    std::uint64_t seed = 0;          ///< Of the audit hash; constant for a model.
    Time now{};
};

/// strategy of an audit task that costs no question: its item was asked about before.
inline constexpr std::string_view kReuse = "reuse";

struct Summary {
    std::int64_t served = 0;     ///< Rows in the window.
    std::int64_t eligible = 0;   ///< Of them, those with an Example: what the audit is drawn from.
    std::int64_t audit = 0;      ///< Audit tasks, asked and reused.
    std::int64_t reused = 0;     ///< Audited rows whose group was asked about already: no question.
    std::int64_t strategy = 0;   ///< Strategy tasks.
    std::int64_t questions = 0;  ///< New questions for people = what the budget pays.
    double audit_probability =
        0;  ///< a = audit / eligible: chance of each row to be audited, exactly.
};

class Selection {
  public:
    Selection(
        const CapturedRows& captured,
        Reader<Example> examples,
        Reader<LabelEvent> events,
        Writer<LabelTask> tasks
    );

    /// Writes the Turn's LabelTasks (audit and strategy interleaved by rank). Examples of the
    /// window must exist (collection ran). A second run with the same plan finds the first one's
    /// tasks and changes nothing.
    Result<Summary> choose(const Plan& plan);

  private:
    struct Frame;  // the eligible rows of one window
    Result<Frame> frame_of(const Plan& plan);
    Result<GroupBook> book_of(const std::string& model);
    Result<std::optional<Digest>> group_of(const Digest& item);

    const CapturedRows& captured_;
    Reader<Example> examples_;
    Reader<LabelEvent> events_;
    Writer<LabelTask> tasks_;
    std::unordered_map<Digest, Digest, DigestHash> groups_;  ///< Of items; a group never changes.
};

}  // namespace flywheel::selection
