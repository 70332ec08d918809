#pragma once
// SPDX-License-Identifier: Apache-2.0
// Feedback as JSON: one object, or lines of objects. Called by the feedback route; pure functions.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "records/feedback.h"

namespace flywheel::gateway {

constexpr std::size_t kMaxFeedbackLines = 10'000;
constexpr std::size_t kMaxFeedbackLineBytes = 64 * 1024;

/// What a line is read against.
struct FeedbackContext {
    std::string model;
    Time now;                         ///< Arrival.
    std::vector<std::string> labels;  ///< Names a label may have.
};

/// A line that was refused.
struct RefusedLine {
    std::int64_t line = 0;  ///< From 1.
    std::string error;
};

struct FeedbackBatch {
    std::vector<Feedback> good;        ///< Ids are fresh, in the order of the lines.
    std::vector<RefusedLine> refused;  ///< The first 100.
    std::int64_t refused_count = 0;
};

/// One JSON object. InvalidArgument names the field.
Result<Feedback> parse_feedback(std::string_view text, const FeedbackContext& context);

/// Lines that are not blank; one more than the limit stands for any more.
[[nodiscard]] std::size_t count_feedback_lines(std::string_view text);

/// JSON lines; blank ones are skipped, a bad one never spoils the good ones. InvalidArgument: too
/// many lines.
Result<FeedbackBatch> parse_feedback_lines(std::string_view text, const FeedbackContext& context);

}  // namespace flywheel::gateway
