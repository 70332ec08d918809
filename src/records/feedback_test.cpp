// SPDX-License-Identifier: Apache-2.0
#include "records/feedback.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace flywheel {
namespace {

Time minute_at(int minute) {
    return Time(std::chrono::hours(400'000)) + std::chrono::minutes(minute);
}

/// Rows of attempts under one request id, in the order they were served.
class Attempts {
  public:
    void serve(int minute, int status, std::uint16_t rows = 1, Route route = Route::Stable) {
        const Uuid base = Uuid::random(minute_at(minute), rng_);
        for (std::uint16_t number = 0; number < rows; ++number) {
            Prediction& row = rows_.emplace_back();
            row.id.uuid = base.with_row(number);
            row.request_id = "order 7";
            row.row_id = "line " + std::to_string(number);
            row.time = minute_at(minute);
            row.status = status;
            row.route = route;
        }
    }

    /// Place of the row that is meant; -1 = none.
    [[nodiscard]] int meant(const Feedback& said) const {
        const Prediction* row = row_meant(said, rows_);
        return row == nullptr ? -1 : static_cast<int>(row - rows_.data());
    }

    [[nodiscard]] const Prediction& row(std::size_t place) const { return rows_[place]; }

  private:
    Rng rng_{3};
    std::vector<Prediction> rows_;
};

Feedback said_at(int minute, std::int64_t row = 0) {
    Feedback said;
    said.target = "order 7";
    said.row = row;
    said.arrived = minute_at(minute);
    return said;
}

TEST(FeedbackTarget, IsTheNewestAttemptThatWasAnswered) {
    struct Row {
        std::vector<std::pair<int, int>> attempts;  // minute, status
        int meant;
    };

    const Row rows[] = {
        {{}, -1},
        {{{1, 200}}, 0},
        {{{1, 503}}, 0},
        {{{1, 200}, {2, 200}}, 1},
        {{{1, 200}, {2, 503}}, 0},
        {{{1, 503}, {2, 200}, {3, 499}}, 1},
        {{{1, 503}, {2, 500}}, 1},
        {{{1, 503}, {11, 200}}, 0},  // feedback arrives at minute 10
        {{{1, 200}, {11, 200}}, 0},
        {{{11, 200}, {12, 200}}, 0},
        {{{11, 503}, {12, 200}}, 1},
        {{{10, 200}, {11, 200}}, 0},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(&row - rows);
        Attempts attempts;
        for (const auto& [minute, status] : row.attempts) {
            attempts.serve(minute, status);
        }
        EXPECT_EQ(attempts.meant(said_at(10)), row.meant);
    }
}

TEST(FeedbackTarget, IsTheRowOfThatNumberOrName) {
    Attempts attempts;
    attempts.serve(1, 200, 3);
    attempts.serve(2, 200, 2);
    EXPECT_EQ(attempts.meant(said_at(10, 1)), 4);
    EXPECT_EQ(attempts.meant(said_at(10, 2)), 2) << "the second attempt had two rows";
    EXPECT_EQ(attempts.meant(said_at(10, 7)), -1);
    Feedback by_name = said_at(10);
    by_name.row_id = "line 1";
    EXPECT_EQ(attempts.meant(by_name), 4);
    by_name.row_id = "line 9";
    EXPECT_EQ(attempts.meant(by_name), -1);
}

TEST(FeedbackTarget, IsNoneWhenItNamesNoRowOfSeveral) {
    Attempts attempts;
    attempts.serve(1, 200, 2);
    EXPECT_EQ(attempts.meant(said_at(10, Feedback::kTheOnlyRow)), -1);
    attempts.serve(2, 200);
    EXPECT_EQ(attempts.meant(said_at(10, Feedback::kTheOnlyRow)), 2);
}

TEST(FeedbackTarget, IsThePredictionThatItsIdNames) {
    Attempts attempts;
    attempts.serve(1, 503, 2);
    attempts.serve(2, 200, 2);
    Feedback said = said_at(10, Feedback::kTheOnlyRow);
    said.target = attempts.row(1).id.text();
    EXPECT_EQ(attempts.meant(said), 1) << "whatever became of it, and of other attempts";
    said.target = attempts.row(0).id.text();
    EXPECT_EQ(attempts.meant(said), -1) << "the id of the whole request, which has two rows";
    said.row = 1;
    EXPECT_EQ(attempts.meant(said), 1);
    said.target = "order 8";
    EXPECT_EQ(attempts.meant(said), -1);
}

TEST(FeedbackTarget, IsAShadowOnlyByItsOwnId) {
    Attempts attempts;
    attempts.serve(1, 200);
    attempts.serve(2, 200, 1, Route::Shadow);
    EXPECT_EQ(attempts.meant(said_at(10)), 0);
    Feedback said = said_at(10);
    said.target = attempts.row(1).id.text();
    EXPECT_EQ(attempts.meant(said), 1);
}

}  // namespace
}  // namespace flywheel
