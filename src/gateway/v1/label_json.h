#pragma once
// SPDX-License-Identifier: Apache-2.0
// Labels, what people said of them, and shares as JSON, the same in every group of /v1. Private to
// gateway/v1.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "gateway/v1/routes.h"
#include "records/label_fold.h"
#include "records/schema.h"
#include "rooms/labeling/labeling.h"
#include "stats/interval.h"

namespace flywheel::gateway {

/// All that was said about a model's items, folded to what counts.
Result<LabelFold> label_fold(const V1Rooms& rooms, const std::string& model);

/// The name; null when there is no such label.
[[nodiscard]] Json label_name(const Schema& schema, const std::optional<std::int64_t>& label);

/// The same of what may be of another kind: of several labels, their names with "; " between; of
/// none "".
[[nodiscard]] Json label_name(
    const Schema& schema, const std::optional<std::int64_t>& label, std::string_view value
);

/// The names of a value of several labels; null for other kinds.
[[nodiscard]] Json label_names(const Schema& schema, std::string_view value);

/// A list of names in a body; nothing when the field is absent or null.
Result<std::optional<std::vector<std::string>>> optional_names(
    const Json& body, std::string_view field
);

/// Of an answer to a question of a second or gold pass that is said only to `all`: to whoever may
/// see what others said. One who labels must not know them.
[[nodiscard]] Json event_json(
    const Schema& schema, const labeling::PastEvent& past, bool all = true
);

/// May the caller see what others said? Second opinions must be given without knowing the first.
[[nodiscard]] bool sees_others(const V1Rooms& rooms, const http::HttpRequest& request);

/// {"value","lower","upper","n"} with the 95 % interval of Wilson; null without trials.
[[nodiscard]] Json share_json(const stats::Share& share);

}  // namespace flywheel::gateway
