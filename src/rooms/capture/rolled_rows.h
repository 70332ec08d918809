#pragma once
// SPDX-License-Identifier: Apache-2.0
// RolledRows: where to look in the columns for ids that do not carry their time (request ids made
// by clients, targets of feedback). Bounded; filled while rolling, and from the columns when a
// model is first asked for. Any thread.

#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "ports/columns/columns.h"
#include "rooms/capture/recent_map.h"

namespace flywheel {

class RolledRows {
  public:
    /// How many ids are remembered; how far back the columns are read when a model is first asked
    /// for.
    struct Plan {
        std::size_t ids = 200'000;
        std::chrono::days history{30};
    };

    RolledRows(Plan plan, const Columns& columns)
        : plan_(plan), columns_(columns), rows_(plan.ids), feedback_(plan.ids) {}

    void remember(std::span<const Prediction> rows);
    void remember(std::span<const Feedback> said);

    /// Reads the columns once for a model; `now` says what is far back.
    Result<void> load(const std::string& model, Time now);

    /// When rows of a client's request id were served, or nothing. Without a memory of it, all of
    /// the history when something was forgotten.
    [[nodiscard]] std::optional<TimeRange> served(std::uint64_t key, Time now) const;
    /// When feedback with this target arrived, in the same way.
    [[nodiscard]] std::optional<TimeRange> arrived(std::uint64_t key) const;

  private:
    static void widen(RecentMap<TimeRange>& spans, std::uint64_t key, Time time);

    const Plan plan_;
    const Columns& columns_;
    mutable std::mutex mutex_;
    RecentMap<TimeRange> rows_;
    RecentMap<TimeRange> feedback_;
    std::set<std::string> loaded_;
};

}  // namespace flywheel
