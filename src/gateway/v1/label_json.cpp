// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1/label_json.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "base/json_value.h"
#include "tasks/text/choice.h"

namespace flywheel::gateway {

namespace {

template <class Record>
Json id_or_null(const std::optional<Id<Record>>& id) {
    return id ? Json(id->text()) : Json(nullptr);
}

}  // namespace

Result<LabelFold> label_fold(const V1Rooms& rooms, const std::string& model) {
    LabelFold fold;
    TRY(rooms.records.events.each(
        Where<LabelEvent>().eq(&LabelEvent::model, model).order(&LabelEvent::seq),
        [&](const LabelEvent& event) -> Result<void> {
            fold.add(event);
            return {};
        }
    ));
    return fold;
}

Json label_name(const Schema& schema, const std::optional<std::int64_t>& label) {
    if (!label || *label < 0 || *label >= static_cast<std::int64_t>(schema.labels.size())) {
        return nullptr;
    }
    return schema.labels[static_cast<std::size_t>(*label)];
}

Json label_name(
    const Schema& schema, const std::optional<std::int64_t>& label, std::string_view value
) {
    if (value.empty()) {
        return label_name(schema, label);
    }
    return fmt::format("{}", fmt::join(text::names_of_value(schema, value), "; "));
}

Json label_names(const Schema& schema, std::string_view value) {
    return value.empty() ? Json(nullptr) : Json(text::names_of_value(schema, value));
}

Result<std::optional<std::vector<std::string>>> optional_names(
    const Json& body, std::string_view field
) {
    const auto found = body.find(field);
    if (found == body.end() || found->is_null()) {
        return std::optional<std::vector<std::string>>();
    }
    std::vector<std::string> names;
    if (!found->is_array()) {
        return invalid_argument(fmt::format("field '{}': a list of names is needed", field));
    }
    for (const Json& name : *found) {
        if (!name.is_string()) {
            return invalid_argument(fmt::format("field '{}[{}]': no name", field, names.size()));
        }
        names.push_back(name.get<std::string>());
    }
    return std::optional(std::move(names));
}

Json event_json(const Schema& schema, const labeling::PastEvent& past, bool all) {
    const LabelEvent& event = past.event;
    Json json = {
        {"event_id", event.id.text()},
        {"seq", event.seq},
        {"actor", event.actor},
        {"actor_kind", enum_name(event.actor_kind)},
        {"action", enum_name(event.action)},
        {"label", label_name(schema, event.choice, event.value)},
        {"labels", label_names(schema, event.value)},
        {"reason", event.reason},
        {"item", event.item.hex()},
        {"text", past.payload},
        {"task_id", id_or_null(event.task)},
        {"target", id_or_null(event.target)},
        {"arm", event.arm ? Json(enum_name(*event.arm)) : Json(nullptr)},
        {"holdout", event.holdout},
        {"received", to_rfc3339(event.received)},
        {"undone", past.undone}
    };
    if (all && event.blind) {
        json["blind"] = true;
    }
    if (all && event.gold) {
        json["gold"] = true;
    }
    return json;
}

bool sees_others(const V1Rooms& rooms, const http::HttpRequest& request) {
    if (rooms.access == nullptr || !rooms.access->guarded()) {
        return true;
    }
    const auto roles = rooms.access->roles_of(request.caller);
    return std::ranges::find(roles, http::name_of(http::Role::Read)) != roles.end();
}

Json share_json(const stats::Share& share) {
    if (share.trials <= 0) {
        return nullptr;
    }
    const auto interval = stats::wilson(share);
    return {
        {"value", share.value()},
        {"lower", interval.lower},
        {"upper", interval.upper},
        {"n", static_cast<std::int64_t>(share.trials)}
    };
}

}  // namespace flywheel::gateway
