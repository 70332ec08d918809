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
#include "rooms/labeling/labeling.h"
#include "rooms/labeling/task_queue.h"

namespace flywheel::labeling {

/// End of a model's event log.
struct Labeling::Tail {
    std::int64_t seq = 0;
    Digest chain;  ///< Of the event `seq`; zero when there is none.
};

struct Labeling::Model {
    /// An answer, skip or flag that its person may want to take back.
    struct Done {
        Id<LabelEvent> event;
        std::optional<Id<LabelTask>> task;
        Time received;
    };

    LabelFold fold;
    TaskQueue queue;
    Tail tail;
    std::int64_t audited = 0;  ///< Answers to audit questions, by people.
    Id<LabelTask>
        newest_task;  ///< Greatest id in the ledger, of any model, when the queue was loaded.
    std::map<std::string, std::vector<Done>> done;  ///< By person, in order of seq.

    void take(const LabelEvent& event);
    [[nodiscard]] TaskStatus status_of(const Digest& item, const std::vector<Id<LabelTask>>& tasks)
        const;
    void refresh(const Digest& item);
};

struct Labeling::State {
    std::map<std::string, Model> models;
    Rng rng{fresh_seed()
    };  ///< For event ids that the client did not make; nothing depends on them.
};

/// Names of people and files: 1 to 128 bytes of UTF-8 without control characters; `field` is for
/// the message.
Result<void> check_name(std::string_view field, std::string_view name, std::size_t bytes_max = 128);

}  // namespace flywheel::labeling
