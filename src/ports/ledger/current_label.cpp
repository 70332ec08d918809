// SPDX-License-Identifier: Apache-2.0
#include "ports/ledger/current_label.h"

#include "records/label_fold.h"

namespace flywheel {

Result<std::optional<std::int64_t>> current_label(
    const Reader<LabelEvent>& events, const std::string& model, const Digest& item
) {
    LabelFold fold;
    TRY(events.each(
        Where<LabelEvent>()
            .eq(&LabelEvent::model, model)
            .eq(&LabelEvent::item, item)
            .order(&LabelEvent::seq),
        [&](const LabelEvent& event) -> Result<void> {
            fold.add(event);
            return {};
        }
    ));
    const auto label = fold.label(item);
    return label && label->label >= 0 ? std::optional(label->label) : std::nullopt;
}

}  // namespace flywheel
