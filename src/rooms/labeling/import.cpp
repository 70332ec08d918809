// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <fmt/format.h>

#include "rooms/labeling/labeling.h"
#include "rooms/labeling/state.h"
#include "tasks/text/choice.h"

namespace flywheel::labeling {

/// One import under way.
struct Labeling::Batch {
    const Digest& source;
    const std::vector<ImportedLabel>& labels;
    Schema schema;
    Time now;
    Tail tail;
    std::vector<LabelEvent> added;
};

namespace {

/// Without a time of its own, so that the same import makes the same id on any day.
Id<LabelEvent> import_id(const Digest& source, const ImportedLabel& label) {
    const auto kind = enum_name(label.actor_kind);
    return Id<LabelEvent>::derived(
        Time{}, fmt::format("{}\n{}\n{}\n{}", source.hex(), label.item.hex(), kind, label.actor)
    );
}

Result<void> set_value_of_cell(LabelEvent& event, const Schema& schema, std::string_view label) {
    if (schema.kind == TaskKind::Choice) {
        event.choice = TRY(text::choice_of(schema, label));
    } else {
        event.value = TRY(text::choices_of_cell(schema, label));
    }
    return {};
}

}  // namespace

Result<void> Labeling::import_one(Batch& batch, std::size_t index, ImportReceipt& receipt) {
    const ImportedLabel& label = batch.labels[index];
    const auto refuse = [&](std::string message) -> Result<void> {
        receipt.refused.emplace_back(index, std::move(message));
        return {};
    };
    if (auto named = check_name("actor", label.actor); !named) {
        return refuse(named.error().message);
    }
    LabelEvent event;
    if (auto valued = set_value_of_cell(event, batch.schema, label.label); !valued) {
        return refuse("field 'label': " + valued.error().message);
    }
    const auto id = import_id(batch.source, label);
    if (const auto stored = TRY(events_.reader().find(id))) {
        if (stored->choice != event.choice || stored->value != event.value) {
            return refuse(fmt::format(
                "field 'label': contradicts an earlier row of this source with the same text and "
                "actor, "
                "which stays: '{}'",
                label.label
            ));
        }
        ++receipt.repeated;
        return {};
    }
    if (TRY(examples_.count(Where<Example>().eq(&Example::id, label.item))) == 0) {
        return refuse(
            fmt::format("field 'item': no such Example; collect it first: {}", label.item.hex())
        );
    }
    event.id = id;
    event.model = batch.schema.model;
    event.schema_version = batch.schema.version;
    event.item = label.item;
    event.actor_kind = label.actor_kind;
    event.actor = label.actor;
    // What was drawn for the hold-out stays out of training, also when a file brings its label.
    event.holdout = TRY(tasks_.count(Where<LabelTask>()
                                         .eq(&LabelTask::model, batch.schema.model)
                                         .eq(&LabelTask::item, label.item)
                                         .eq(&LabelTask::holdout, true))) > 0;
    event.received = batch.now;
    TRY(append(batch.tail, event));
    batch.added.push_back(std::move(event));
    ++receipt.added;
    return {};
}

Result<Labeling::ImportReceipt> Labeling::import_labels(
    const std::string& model, const Digest& source, const std::vector<ImportedLabel>& labels
) {
    ImportReceipt receipt;
    const auto transaction = TRY(events_.begin());
    const std::lock_guard lock(mutex_);
    Model& known = *TRY(fresh_model(model));
    Batch batch{source, labels, TRY(schema(model)), clock_.now(), known.tail, {}};
    for (std::size_t index = 0; index < labels.size(); ++index) {
        TRY(import_one(batch, index, receipt));
    }
    TRY(transaction->commit());
    for (const auto& event : batch.added) {
        known.take(event);
    }
    return receipt;
}

}  // namespace flywheel::labeling
