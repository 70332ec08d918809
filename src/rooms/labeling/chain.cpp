// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/chain.h"

#include <string>

#include "base/json_value.h"

namespace flywheel::labeling {

namespace {

/// Fields that older events do not have: left out while they say nothing, so that the digests of
/// old events stay what they were.
void add_later_fields(Json& json, const LabelEvent& event) {
    if (event.blind) {
        json["blind"] = true;
    }
    if (event.blind_probability) {
        json["blind_probability"] = *event.blind_probability;
    }
    if (event.gold) {
        json["gold"] = true;
    }
    if (event.suggestion) {
        json["suggestion"] = enum_name(*event.suggestion);
    }
    if (event.suggested) {
        json["suggested"] = *event.suggested;
    }
    if (event.suggested_probability) {
        json["suggested_probability"] = *event.suggested_probability;
    }
}

}  // namespace

Digest chain_of(const Digest& previous, const LabelEvent& event) {
    // Listed by hand, not by LabelEvent::fields: a field added later must not change old digests.
    Json json = Json::object();
    json["v"] = 1;
    json["id"] = event.id.text();
    json["seq"] = event.seq;
    json["model"] = event.model;
    json["schema_version"] = event.schema_version;
    json["item"] = event.item.hex();
    json["task"] = event.task ? Json(event.task->text()) : Json();
    json["actor_kind"] = enum_name(event.actor_kind);
    json["actor"] = event.actor;
    json["action"] = enum_name(event.action);
    json["choice"] = event.choice ? Json(*event.choice) : Json();
    if (!event.value.empty()) {  // events of before it was there keep their digest
        json["value"] = event.value;
    }
    json["reason"] = event.reason;
    json["target"] = event.target ? Json(event.target->text()) : Json();
    json["arm"] = event.arm ? Json(enum_name(*event.arm)) : Json();
    json["probability"] = event.probability ? Json(*event.probability) : Json();
    json["holdout"] = event.holdout;
    json["t_shown"] = event.t_shown;
    json["t_saved"] = event.t_saved;
    json["received"] = micros(event.received);
    add_later_fields(json, event);
    return sha256(previous.hex() + "\n" + canonical(json));
}

}  // namespace flywheel::labeling
