#pragma once
// SPDX-License-Identifier: Apache-2.0
// Labeling's memory: for each model the folded events, the end of its chain and the queue of tasks.
// A copy of what the ledger says, never the truth. Included by this room's .cpp files only; behind
// its mutex.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "records/label_fold.h"
#include "rooms/labeling/anchoring.h"
#include "rooms/labeling/gold_pass.h"
#include "rooms/labeling/labeling.h"
#include "rooms/labeling/second_pass.h"
#include "rooms/labeling/task_queue.h"

namespace flywheel::labeling {

/// End of a model's event log.
struct Labeling::Tail {
    std::int64_t seq = 0;
    Digest chain;  ///< Of the event `seq`; zero when there is none.
};

struct Labeling::Model {
    explicit Model(const Plan& plan) : second(plan.second_share), gold_share(plan.gold_share) {}

    /// An answer, skip or flag that its person may want to take back.
    struct Done {
        Id<LabelEvent> event;
        std::optional<Id<LabelTask>> task;
        Time received;
    };

    /// Of one person: what of the tasks handed out so far is still due from the other kinds.
    struct Due {
        double second = 0;
        double gold = 0;
    };

    using Asked = std::pair<Id<LabelTask>, std::string>;  ///< Task, person.

    LabelFold fold;
    TaskQueue queue;
    SecondPass second;
    GoldPass gold;
    double gold_share;
    AnchoringCount anchoring;
    bool anchored = false;  ///< By look_at_anchoring, as the next.
    Anchoring judged;
    std::int64_t double_answers = 0;  ///< Blind ones, those taken back later too.
    std::int64_t compared = 0;        ///< Of them, when `disagreement` was measured.
    std::optional<stats::Contrast> disagreement;
    std::map<std::string, Due> due;
    std::map<Asked, SuggestionState> shown;  ///< As it was handed out, by this process.
    Tail tail;
    std::int64_t contested = 0;  ///< Items on which people differ and nothing was decided.
    std::int64_t audited = 0;    ///< First answers to audit questions, by people.
    Id<LabelTask>
        newest_task;  ///< Greatest id in the ledger, of any model, when the queue was loaded.
    std::map<std::string, std::vector<Done>> done;  ///< By person, in order of seq.

    void take(const LabelEvent& event);
    [[nodiscard]] TaskStatus status_of(const Digest& item, const std::vector<Id<LabelTask>>& tasks)
        const;
    void refresh(const Digest& item);
    /// 1 when people differ on it and nothing was decided, else 0.
    [[nodiscard]] std::int64_t contested_of(const Digest& item) const;
    [[nodiscard]] Due& due_of(const std::string& actor);
    /// Open tasks, and what else waits for this person.
    [[nodiscard]] std::int64_t left_for(const std::string& actor) const;
    void remember_shown(
        const Id<LabelTask>& task, const std::string& actor, SuggestionState suggestion
    );
    /// What an undo opened goes to its person again.
    void lend_again(const LabelEvent& undo, const TaskQueue::Borrower& borrower);
    /// Judges anew whether suggestions pull people, when enough was said since the last time.
    void look_at_anchoring(double most, std::int64_t schema_version);

  private:
    std::int64_t anchoring_seq_ = -1;    ///< Judged so far; -1 = judge at the next look.
    std::int64_t anchoring_schema_ = 0;  ///< Version that was judged.
};

struct Labeling::State {
    explicit State(const Plan& the_plan) : plan(the_plan) {}

    Model& model(const std::string& name) { return models.try_emplace(name, plan).first->second; }

    Plan plan;
    std::map<std::string, Model> models;
    Rng rng{fresh_seed()
    };  ///< For event ids that the client did not make; nothing depends on them.
};

/// Puts into the event what was said: `label` where a row has one, `labels` where it may have
/// several. InvalidArgument: the other one was given, or the schema lacks a name.
Result<void> set_value(
    LabelEvent& event,
    const Schema& schema,
    const std::string& label,
    const std::optional<std::vector<std::string>>& labels
);

/// Names of people and files: 1 to 128 bytes of UTF-8 without control characters; `field` is for
/// the message.
Result<void> check_name(std::string_view field, std::string_view name, std::size_t bytes_max = 128);

}  // namespace flywheel::labeling
