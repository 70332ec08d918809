// SPDX-License-Identifier: Apache-2.0
#include "app/demo/annotators.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/id.h"
#include "base/json_value.h"
#include "base/rng.h"

namespace flywheel::app {

namespace {

constexpr int kTasksAtOnce = 50;
constexpr double kErrorShare = 0.05;

Result<void> expect_ok(const HttpAnswer& answer, std::string_view what) {
    if (answer.status != 200) {
        return internal_error(
            fmt::format("{} was refused with {}: {}", what, answer.status, answer.body)
        );
    }
    return {};
}

}  // namespace

Annotators::Annotators(
    const Stream& stream, std::string model, std::uint64_t seed, std::uint16_t port
)
    : stream_(stream), model_(std::move(model)), seed_(seed), client_(port) {
    for (const auto& row : stream.rows) {
        by_text_.emplace(row.text, &row);
    }
}

std::pair<std::string, std::int32_t> Annotators::answer_to(const StreamRow& row) const {
    Rng rng(xxh3(row.id, seed_));
    if (!row.annotators.empty()) {
        return row.annotators[rng.below(row.annotators.size())];
    }
    const auto classes = stream_.labels.size();
    if (rng.uniform() >= kErrorShare || classes < 2) {
        return {"annotator", row.label};
    }
    const auto shift = 1 + rng.below(classes - 1);
    return {
        "annotator",
        static_cast<std::int32_t>((static_cast<std::size_t>(row.label) + shift) % classes)
    };
}

Result<std::int64_t> Annotators::answer_all() {
    const std::string target =
        fmt::format("/v1/models/{}/tasks?actor=demo&count={}", model_, kTasksAtOnce);
    std::int64_t answered = 0;
    for (;;) {
        const auto tasks = TRY(client_.get(target));
        TRY(expect_ok(tasks, "A request for label tasks"));
        const Json listed = TRY(parse_json(tasks.body));
        Json answers = Json::array();
        for (const auto& task : listed.at("tasks")) {
            const auto text = TRY(string_field(task, "text"));
            const auto found = by_text_.find(text);
            if (found == by_text_.end()) {
                return internal_error(
                    fmt::format("A task asks about a text that the stream does not have: {}", text)
                );
            }
            const auto [person, label] = answer_to(*found->second);
            const auto task_id = TRY(string_field(task, "task_id"));
            // The event id follows from the task, so an answer sent twice over a restart counts
            // once.
            const auto time = TRY(Uuid::parse(task_id)).time();
            answers.push_back(
                {{"event_id", Uuid::derived(time, "answer to " + task_id).text()},
                 {"task_id", task_id},
                 {"actor", person},
                 {"action", "answer"},
                 {"label", stream_.labels[static_cast<std::size_t>(label)]}}
            );
        }
        if (answers.empty()) {
            return answered;
        }
        answered += static_cast<std::int64_t>(answers.size());
        TRY(expect_ok(
            TRY(client_.post("/v1/labels", canonical(Json{{"answers", answers}}))),
            "A batch of answers"
        ));
    }
}

}  // namespace flywheel::app
