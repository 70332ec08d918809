// SPDX-License-Identifier: Apache-2.0
#include "gateway/feedback_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/rng.h"
#include "base/text.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kMaxByBytes = 128;
constexpr std::size_t kMaxCommentBytes = 2 * 1024;
constexpr std::size_t kMaxListed = 100;
constexpr std::int64_t kMaxRow = 65'535;
constexpr std::chrono::minutes kFutureAllowed{5};

Rng& id_rng() {
    thread_local Rng rng(fresh_seed());
    return rng;
}

Result<std::string> text_at_most(const Json& object, std::string_view field, std::size_t bytes) {
    std::string text = TRY(optional_string(object, field)).value_or("");
    if (text.size() > bytes) {
        return invalid_argument(fmt::format(
            "Field '{}' is longer than the limit of {} bytes: {}", field, bytes, text.size()
        ));
    }
    return text;
}

/// A number, or the caller's own name of the row. Neither: the request had one row.
Result<void> read_row(const Json& object, Feedback& feedback) {
    const bool index = object.contains("index");
    if (index && object.contains("row")) {
        return invalid_argument("Field 'index' and field 'row' exclude each other");
    }
    const std::string_view field = index ? "index" : "row";
    feedback.row = Feedback::kTheOnlyRow;
    if (!object.contains(field)) {
        return {};
    }
    if (object.at(std::string(field)).is_string()) {
        feedback.row_id = TRY(text_at_most(object, field, kMaxIdBytes));
        return feedback.row_id.empty()
                   ? Result<void>(invalid_argument(fmt::format("Field '{}' is empty", field)))
                   : Result<void>();
    }
    const std::int64_t row = TRY(optional_integer(object, field)).value_or(0);
    if (row < 0 || row > kMaxRow) {
        return invalid_argument(fmt::format("Field '{}' is not in 0 to {}: {}", field, kMaxRow, row)
        );
    }
    feedback.row = row;
    return {};
}

Result<void> read_label(const Json& value, const FeedbackContext& context, Feedback& feedback) {
    if (!value.is_string()) {
        return invalid_argument("Field 'label' is not a string");
    }
    feedback.kind = FeedbackKind::Label;
    feedback.label = value.get<std::string>();
    const auto& labels = context.labels;
    if (std::find(labels.begin(), labels.end(), feedback.label) == labels.end()) {
        return invalid_argument(fmt::format(
            "Field 'label' is none of the model's labels ({}): '{}'",
            fmt::join(labels, ", "),
            feedback.label
        ));
    }
    return {};
}

/// Exactly one of label (or corrected), correct, score; null retracts.
Result<void> read_judgement(
    const Json& object, const FeedbackContext& context, Feedback& feedback
) {
    std::optional<std::string_view> given;
    for (const std::string_view field : {"label", "corrected", "correct", "score"}) {
        if (!object.contains(field)) {
            continue;
        }
        if (given) {
            return invalid_argument(
                fmt::format("Field '{}' and field '{}' exclude each other", *given, field)
            );
        }
        given = field;
    }
    if (!given) {
        return invalid_argument("One of the fields 'label', 'correct', 'score' is required");
    }
    const Json& value = object.at(std::string(*given));
    if (value.is_null()) {
        feedback.kind = FeedbackKind::Retract;
        return {};
    }
    if (*given == "correct") {
        feedback.kind = FeedbackKind::Correct;
        feedback.value = TRY(bool_field(object, *given)) ? 1 : 0;
        return {};
    }
    if (*given == "score") {
        feedback.kind = FeedbackKind::Score;
        feedback.value = TRY(number_field(object, *given));
        return std::isfinite(feedback.value)
                   ? Result<void>()
                   : Result<void>(invalid_argument("Field 'score' is not a finite number"));
    }
    return read_label(value, context, feedback);
}

Result<void> read_time(const Json& object, const FeedbackContext& context, Feedback& feedback) {
    feedback.arrived = context.now;
    feedback.at = context.now;
    const auto at = TRY(optional_string(object, "at"));
    if (!at) {
        return {};
    }
    feedback.at = TRY(parse_time(*at).within("Field 'at'"));
    if (feedback.at > context.now + kFutureAllowed) {
        return invalid_argument(
            fmt::format("Field 'at' is more than 5 minutes in the future: '{}'", *at)
        );
    }
    return {};
}

/// Takes the first line off, and gives it without blanks around it.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

}  // namespace

Result<Feedback> parse_feedback(std::string_view text, const FeedbackContext& context) {
    if (text.size() > kMaxFeedbackLineBytes) {
        return invalid_argument(fmt::format(
            "Line is longer than the limit of {} bytes: {}", kMaxFeedbackLineBytes, text.size()
        ));
    }
    const Json object = TRY(parse_json(text));
    if (!object.is_object()) {
        return invalid_argument("Feedback is not a JSON object");
    }
    Feedback feedback;
    feedback.id = Id<Feedback>::random(context.now, id_rng());
    feedback.model = context.model;
    feedback.target = TRY(string_field(object, "id"));
    if (feedback.target.empty() || feedback.target.size() > kMaxIdBytes) {
        return invalid_argument(fmt::format(
            "Field 'id' is not 1 to {} bytes long: {}", kMaxIdBytes, feedback.target.size()
        ));
    }
    TRY(read_row(object, feedback));
    TRY(read_judgement(object, context, feedback));
    if (const auto source = TRY(optional_string(object, "source"))) {
        feedback.source = TRY(parse_enum<FeedbackSource>(*source).within("Field 'source'"));
    }
    TRY(read_time(object, context, feedback));
    feedback.by = TRY(text_at_most(object, "by", kMaxByBytes));
    feedback.comment = TRY(text_at_most(object, "comment", kMaxCommentBytes));
    return feedback;
}

std::size_t count_feedback_lines(std::string_view text) {
    std::size_t filled = 0;
    while (!text.empty() && filled <= kMaxFeedbackLines) {
        filled += take_line(text).empty() ? 0 : 1;
    }
    return filled;
}

Result<FeedbackBatch> parse_feedback_lines(std::string_view text, const FeedbackContext& context) {
    FeedbackBatch batch;
    std::int64_t number = 0;
    std::size_t filled = 0;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        ++number;
        if (line.empty()) {
            continue;
        }
        if (++filled > kMaxFeedbackLines) {
            return invalid_argument(
                fmt::format("More lines than the limit of {}", kMaxFeedbackLines)
            );
        }
        auto feedback = parse_feedback(line, context);
        if (feedback) {
            batch.good.push_back(std::move(*feedback));
            continue;
        }
        ++batch.refused_count;
        if (batch.refused.size() < kMaxListed) {
            batch.refused.push_back({number, std::move(feedback).error().message});
        }
    }
    return batch;
}

}  // namespace flywheel::gateway
