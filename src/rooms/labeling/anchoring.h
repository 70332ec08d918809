#pragma once
// SPDX-License-Identifier: Apache-2.0
// How much a suggestion pulls people to it: on items whose truth was decided and whose suggestion
// was wrong, how often people gave the suggestion's label when they saw it, against when it was
// hidden from them at random. A pure function of the event log, one thread. Called by Labeling.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "records/label_event.h"
#include "records/label_fold.h"
#include "stats/interval.h"

namespace flywheel::labeling {

struct Anchoring {
    std::int64_t schema_version = 1;
    /// Answers to items with a wrong suggestion, and how many of them say what it said.
    stats::Share visible;
    stats::Share hidden;
    double difference = 0;       ///< visible - hidden; meaningless while one of them has no trials.
    stats::Interval interval;    ///< Of it, 95 %: method 10 of Newcombe (Stat. Med. 17, 1998).
    double seconds_visible = 0;  ///< Median of all answers with a suggestion in sight; 0 = none.
    std::int64_t timed_visible = 0;  ///< Answers that it is of.
    double seconds_hidden = 0;
    std::int64_t timed_hidden = 0;
    double most = 1;  ///< What the interval's lower end may be: above it suggestions are off.

    [[nodiscard]] bool known() const { return visible.trials > 0 && hidden.trials > 0; }

    /// True when the pull is beyond doubt more than `most`.
    [[nodiscard]] bool exceeds() const { return known() && interval.lower > most; }
};

class AnchoringCount {
  public:
    /// In order of seq.
    void add(const LabelEvent& event);

    /// `fold` has seen the same events. Of answers under one version of the schema: a new one
    /// begins anew. An item's truth is what was decided about it; a person's newest live answer
    /// counts.
    [[nodiscard]] Anchoring report(const LabelFold& fold, std::int64_t schema_version, double most)
        const;

  private:
    struct Said {
        Id<LabelEvent> event;
        Digest item;
        std::int64_t schema_version = 1;
        std::int32_t choice = -1;
        std::int32_t suggested = -1;
        std::uint32_t actor = 0;
        float seconds = -1;  ///< Negative: not said, or no honest time.
        bool visible = false;
    };

    std::vector<Said> said_;  ///< Answers with a suggestion, shown or hidden.
    std::unordered_map<std::string, std::uint32_t> actors_;
};

}  // namespace flywheel::labeling
