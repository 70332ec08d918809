// SPDX-License-Identifier: Apache-2.0
#include "rooms/selection/asking.h"

namespace flywheel::selection {

Result<std::int64_t> ask_about(
    const Reader<Example>& examples,
    Writer<LabelTask>& tasks,
    const std::string& model,
    const std::vector<Digest>& items,
    Time now
) {
    const auto transaction = TRY(tasks.begin());
    const auto from_files =
        Where<LabelTask>().eq(&LabelTask::model, model).eq(&LabelTask::turn, {});
    std::int64_t rank = TRY(tasks.reader().count(from_files));
    std::int64_t asked = 0;
    for (const Digest& item : items) {
        const auto about =
            Where<LabelTask>().eq(&LabelTask::model, model).eq(&LabelTask::item, item);
        if (TRY(tasks.reader().count(about)) > 0) {
            continue;
        }
        LabelTask task;
        task.id = Id<LabelTask>::derived(now, model + "\n" + item.hex());
        task.model = model;
        task.item = item;
        task.group = TRY(examples.get(item)).group;
        task.arm = Arm::Forced;
        task.strategy = kFromFile;
        task.rank = rank++;
        task.created = now;
        TRY(tasks.insert(task));
        ++asked;
    }
    TRY(transaction->commit());
    return asked;
}

}  // namespace flywheel::selection
