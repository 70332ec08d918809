#pragma once
// SPDX-License-Identifier: Apache-2.0
// Schema: what a label of one model may be. Immutable versions; class order is label order for
// ever. Written by the room labeling only.

#include <array>
#include <span>
#include <string>

#include "records/field.h"

namespace flywheel {

/// Choice: one label a row. Choices: any number of them, none included.
enum class TaskKind { Choice, Choices };

inline std::span<const std::string_view> names_of(TaskKind) {
    static constexpr std::array<std::string_view, 2> kNames = {"choice", "choices"};
    return kNames;
}

struct Schema {
    static constexpr std::string_view kTable = "schema";

    Id<Schema> id;
    std::string model;
    std::int64_t version = 1;
    TaskKind kind = TaskKind::Choice;
    std::vector<std::string>
        labels;  ///< Names by label_id: label_id is the position, never reused.
    Time created;

    static void fields(auto&& visit) {
        visit("id", &Schema::id);
        visit("model", &Schema::model);
        visit("version", &Schema::version);
        visit("kind", &Schema::kind);
        visit("labels", &Schema::labels);
        visit("created", &Schema::created);
    }

    /// Position of `name`, -1 when there is no such label.
    [[nodiscard]] std::int64_t label_id(std::string_view name) const {
        for (std::size_t i = 0; i < labels.size(); ++i) {
            if (labels[i] == name) {
                return static_cast<std::int64_t>(i);
            }
        }
        return -1;
    }
};

extern template struct RecordCodec<Schema>;

}  // namespace flywheel
