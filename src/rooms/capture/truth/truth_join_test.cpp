// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/truth_join.h"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ports/columns/memory_columns.h"
#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/sample_rows.h"
#include "ports/journal/memory_journal.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

using testing::sample_day;

Time minute_at(int minute) {
    return sample_day(10) + std::chrono::minutes(minute);
}

/// What one row of the table says, for comparing.
struct Said {
    std::string truth;
    std::string source;
    int agreeing = 0;
    int conflicting = 0;

    bool operator==(const Said&) const = default;
};

using Table = std::map<std::string, Said>;  // by Prediction id

/// A capture over columns in memory; its rows are recorded as they are.
class World {
  public:
    World() : capture_(Capture::open({}, journal_, columns_, clock_).value()) {}

    Prediction serve(
        int minute,
        std::uint16_t row = 0,
        const std::string& request_id = "",
        const std::string& row_id = ""
    ) {
        if (row == 0) {
            base_ = Id<Prediction>::random(minute_at(minute), rng_).uuid;
        }
        Prediction served = testing::sample_prediction(minute_at(minute), rng_);
        served.status = status_;
        served.id.uuid = base_.with_row(row);
        served.row_id = row_id;
        served.request_id = request_id.empty() ? base_.with_row(0).text() : request_id;
        capture_->record(Prediction(served));
        return served;
    }

    /// Rows that are served from now on.
    void answer_with(int status) { status_ = status; }

    /// The table has the rows of these minutes only.
    void cut_to(int first, int last) { served_ = {minute_at(first), minute_at(last)}; }

    void say(
        const std::string& target, int minute, const std::string& label, std::int64_t row = 0
    ) {
        Feedback said = testing::sample_feedback(target, minute_at(minute), rng_);
        said.label = label;
        said.row = row;
        say(said);
    }

    /// False when it was a repeat.
    bool say(const Feedback& said) {
        const auto receipt = capture_->submit_feedback({said});
        EXPECT_TRUE(receipt);
        return receipt && receipt->accepted == 1;
    }

    Feedback about(const std::string& target, int minute) {
        return testing::sample_feedback(target, minute_at(minute), rng_);
    }

    Table join(int as_of, bool all_rows = false) {
        EXPECT_TRUE(capture_->flush());
        const TruthPlan plan{
            .model = "news",
            .served = served_,
            .as_of = minute_at(as_of),
            .all_rows = all_rows,
            .label_name = [](std::string_view, std::int64_t) { return std::string_view("served"); },
            .labelled = [this](const Digest& payload) -> std::span<const LabelledTruth> {
                return labelled_[payload];
            },
        };
        Table table;
        const auto counts = join_truth(*capture_, plan, [&](const JoinedRow& row) -> Result<void> {
            const Said said{
                std::string(row.truth), std::string(row.truth_source), row.agreeing, row.conflicting
            };
            EXPECT_TRUE(table.emplace(row.id.text(), said).second) << "each row once";
            return {};
        });
        EXPECT_TRUE(counts);
        counts_ = *counts;
        return table;
    }

    void roll() {
        ASSERT_TRUE(capture_->seal());
        ASSERT_TRUE(capture_->roll());
    }

    /// As after a restart.
    void reopen() {
        capture_.reset();
        capture_ = Capture::open({}, journal_, columns_, clock_).value();
    }

    void label(const Digest& payload, LabelledTruth truth) {
        labelled_[payload].push_back(std::move(truth));
    }

    [[nodiscard]] const TruthCounts& counts() const { return counts_; }

    Rng& rng() { return rng_; }

  private:
    Rng rng_{1};
    MemoryJournal journal_;
    MemoryColumns columns_;
    ManualClock clock_{sample_day(20)};
    std::unique_ptr<Capture> capture_;
    Uuid base_;
    int status_ = 200;
    TimeRange served_{Time::min(), Time::max()};
    TruthCounts counts_;
    std::map<Digest, std::vector<LabelledTruth>> labelled_;
};

TEST(TruthJoin, FindsARowByEachOfItsNames) {
    World world;
    const Prediction plain = world.serve(0);
    const Prediction first = world.serve(1, 0, "order 7");
    const Prediction second = world.serve(1, 1, "order 7");
    world.say(plain.request_id, 10, "by base id");
    world.say(second.id.text(), 10, "by Prediction id", Feedback::kTheOnlyRow);
    world.say("order 7", 10, "by request id and index", 0);
    const Table table = world.join(10);
    EXPECT_EQ(table.at(plain.id.text()).truth, "by base id");
    EXPECT_EQ(table.at(second.id.text()).truth, "by Prediction id");
    EXPECT_EQ(table.at(first.id.text()).truth, "by request id and index");
    EXPECT_EQ(world.counts().joined, 3);
    world.roll();
    EXPECT_EQ(world.join(10), table) << "the same from the columns";
}

TEST(TruthJoin, FindsARowByTheNameThatItsCallerGaveIt) {
    World world;
    const Prediction first = world.serve(0, 0, "order 8", "line A");
    const Prediction second = world.serve(0, 1, "order 8", "line B");
    for (const char* name : {"line B", "line C"}) {
        Feedback said = world.about("order 8", 5);
        said.row_id = name;
        said.label = name;
        world.say(said);
    }
    const Table table = world.join(9, true);
    EXPECT_EQ(table.at(first.id.text()).truth, "");
    EXPECT_EQ(table.at(second.id.text()).truth, "line B");
    EXPECT_EQ(world.counts().joined, 1);
}

TEST(TruthJoin, KnowsNothingThatCameAfterTheCut) {
    World world;
    const Prediction row = world.serve(0);
    const Prediction later = world.serve(30);
    world.say(row.request_id, 10, "first");
    world.say(row.request_id, 20, "second");
    world.say(later.request_id, 31, "third");
    EXPECT_TRUE(world.join(9).empty());
    EXPECT_EQ(world.join(10).at(row.id.text()).truth, "first");
    EXPECT_EQ(world.join(19).at(row.id.text()).truth, "first");
    const Table table = world.join(25, true);
    EXPECT_EQ(table.at(row.id.text()).truth, "second");
    EXPECT_FALSE(table.contains(later.id.text())) << "served after the cut";
}

TEST(TruthJoin, GivesFeedbackOnARetriedRequestToTheNewestAttemptBeforeIt) {
    World world;
    const Prediction first = world.serve(0, 0, "order 7");
    const Prediction second = world.serve(5, 0, "order 7");
    const Prediction third = world.serve(20, 0, "order 7");
    world.say("order 7", 10, "said after the second");
    const Table table = world.join(30, true);
    EXPECT_EQ(table.at(first.id.text()).truth, "");
    EXPECT_EQ(table.at(second.id.text()).truth, "said after the second");
    EXPECT_EQ(table.at(third.id.text()).truth, "") << "a later retry takes nothing away";
    EXPECT_EQ(world.counts().joined, 1);
}

TEST(TruthJoin, GivesFeedbackToTheNewestAttemptThatWasAnswered) {
    World world;
    const Prediction first = world.serve(0, 0, "order 7");
    const Prediction second = world.serve(5, 0, "order 7");
    world.answer_with(503);
    world.serve(8, 0, "order 7");
    world.say("order 7", 10, "of the second");
    const Table table = world.join(30, true);
    EXPECT_EQ(table.size(), 2U);
    EXPECT_EQ(table.at(first.id.text()).truth, "");
    EXPECT_EQ(table.at(second.id.text()).truth, "of the second");
    EXPECT_EQ(world.counts().joined, 1);
}

TEST(TruthJoin, GivesFeedbackOnAFailedRequestToNoLaterAttempt) {
    World world;
    world.answer_with(503);
    world.serve(0, 0, "order 7");
    world.say("order 7", 1, "of the failure");
    world.answer_with(200);
    const Prediction later = world.serve(5, 0, "order 7");
    EXPECT_TRUE(world.join(3, true).empty());
    EXPECT_EQ(world.join(30, true).at(later.id.text()).truth, "") << "it looks not ahead";
    EXPECT_EQ(world.counts().joined, 0);
    world.say("order 7", 6, "of the answer");
    EXPECT_EQ(world.join(30).at(later.id.text()).truth, "of the answer");
}

TEST(TruthJoin, GivesALineToOneAttemptWhicheverRowsAreWanted) {
    World world;
    const Prediction first = world.serve(0, 0, "order 7");
    const Prediction second = world.serve(20, 0, "order 7");
    const Prediction third = world.serve(40, 0, "order 7");
    world.say("order 7", 10, "of the first");
    world.say("order 7", 30, "of the second");
    for (const bool rolled : {false, true}) {
        SCOPED_TRACE(rolled);
        world.cut_to(0, 15);
        EXPECT_EQ(world.join(60, true).at(first.id.text()).truth, "of the first");
        EXPECT_EQ(world.counts().joined, 1);
        world.cut_to(15, 35);
        EXPECT_EQ(world.join(60, true).at(second.id.text()).truth, "of the second");
        world.cut_to(35, 60);
        EXPECT_EQ(world.join(60, true).at(third.id.text()).truth, "");
        EXPECT_EQ(world.counts().joined, 0);
        world.roll();
    }
}

TEST(TruthJoin, NeverGuessesWhichOfSeveralRowsIsMeant) {
    World world;
    const Prediction first = world.serve(0, 0, "order 7");
    world.serve(0, 1, "order 7");
    const Prediction alone = world.serve(1);
    world.say("order 7", 5, "which?", Feedback::kTheOnlyRow);
    world.say(first.id.text(), 5, "which?", Feedback::kTheOnlyRow);
    world.say(alone.id.text(), 5, "this", Feedback::kTheOnlyRow);
    const Table table = world.join(10);
    EXPECT_EQ(table.size(), 1U);
    EXPECT_EQ(table.at(alone.id.text()).truth, "this");
    EXPECT_EQ(world.counts().index_needed, 2);
    EXPECT_EQ(world.counts().joined, 1);
}

TEST(TruthJoin, PutsWhatPeopleLabelledAboveFeedback) {
    World world;
    const Prediction row = world.serve(0);
    const Prediction silent = world.serve(1);
    world.say(row.request_id, 5, "a user says");
    world.label(row.payload_digest, {TruthSource::Consensus, "consensus", minute_at(6)});
    world.label(row.payload_digest, {TruthSource::Adjudicated, "judged", minute_at(8)});
    world.label(silent.payload_digest, {TruthSource::Consensus, "consensus", minute_at(6)});
    EXPECT_EQ(world.join(5).at(row.id.text()), (Said{"a user says", "user", 0, 0}));
    EXPECT_EQ(world.join(7).at(row.id.text()), (Said{"consensus", "consensus", 0, 1}));
    const Table table = world.join(8);
    EXPECT_EQ(table.at(row.id.text()), (Said{"judged", "adjudicated", 0, 2}));
    EXPECT_EQ(table.at(silent.id.text()).truth, "consensus") << "without any feedback";
}

TEST(TruthJoin, CountsWhatItCouldNotJoin) {
    World world;
    const Prediction row = world.serve(0);
    world.say(row.request_id, 5, "a");
    world.say("never served", 5, "b");
    EXPECT_EQ(world.join(10, true).size(), 1U);
    EXPECT_EQ(world.counts().rows, 1);
    EXPECT_EQ(world.counts().signals, 2);
    EXPECT_EQ(world.counts().joined, 1);
    EXPECT_EQ(world.counts().by_source[static_cast<std::size_t>(TruthSource::User)], 1);
}

/// Any of the names that a row goes by, in a line of feedback that arrives then.
Feedback by_some_name(World& world, const Prediction& row, int minute, Rng& rng) {
    const bool by_request = rng.below(2) == 0;
    Feedback said = world.about(by_request ? row.request_id : row.id.text(), minute);
    const bool whole = by_request || row.id.uuid.row() == 0;
    switch (rng.below(3)) {
        case 0:
            said.row = row.id.uuid.row();
            break;
        case 1:
            said.row_id = row.row_id;
            break;
        default:
            said.row = whole && row.row_id != "alone" ? row.id.uuid.row() : Feedback::kTheOnlyRow;
            break;
    }
    return said;
}

/// Some rows, alone and in batches, under ids of their callers and under none.
std::vector<Prediction> serve_some(World& world, Rng& rng) {
    std::vector<Prediction> rows;
    for (std::uint64_t i = 0; i < 1 + rng.below(6); ++i) {
        std::string request;
        if (rng.below(2) == 0) {
            request = "order " + std::to_string(i);
        } else if (rng.below(2) == 0) {
            Uuid made = Uuid::random(minute_at(0), rng);
            made.bytes[6] = static_cast<std::uint8_t>(0x40U | (made.bytes[6] & 0x0FU));
            request = made.text();
        }
        const auto minute = static_cast<int>(i);
        if (rng.below(2) == 0) {
            rows.push_back(world.serve(minute, 0, request, "alone"));
            continue;
        }
        for (std::uint16_t row = 0; row < 3; ++row) {
            rows.push_back(world.serve(minute, row, request, "line " + std::to_string(row)));
        }
    }
    return rows;
}

/// Any story of rows and feedback, by whatever names: of each row the join says what a plain replay
/// of all that was said about it says, also of what was not stored because it was a repeat.
RC_GTEST_PROP(TruthJoin, SaysOfEachRowWhatItsOwnFeedbackSays, (std::uint64_t seed)) {
    World world;
    Rng rng(seed);
    const std::vector<Prediction> rows = serve_some(world, rng);
    std::vector<Feedback> story;
    int minute = 20;
    for (std::uint64_t i = 0; i < rng.below(60); ++i) {
        minute += static_cast<int>(rng.below(2));
        Feedback said = by_some_name(world, rows[rng.below(rows.size())], minute, rng);
        said.kind = static_cast<FeedbackKind>(rng.below(4));
        said.source = static_cast<FeedbackSource>(rng.below(2));
        said.label = std::string(1, static_cast<char>('a' + rng.below(2)));
        said.value = static_cast<double>(rng.below(2));
        world.say(said);
        story.push_back(said);
        if (rng.below(8) == 0) {
            world.roll();
        } else if (rng.below(8) == 0) {
            world.reopen();
        }
    }
    const int cut = 20 + static_cast<int>(rng.below(35));
    const Table table = world.join(cut, true);
    const RowTruths small(story);
    for (const Prediction& row : rows) {
        const auto truth = small.truth_as_of({row, "served"}, minute_at(cut));
        const Said expected =
            truth
                ? Said{truth->label, std::string(enum_name(truth->source)), truth->agreeing, truth->conflicting}
                : Said{};
        RC_ASSERT(table.at(row.id.text()) == expected);
    }
}

TEST(TruthJoin, HearsAWordSaidAgainAfterAnotherUnderAnotherName) {
    World world;
    const Prediction row = world.serve(0, 0, "order 7");
    const auto said = [&](const std::string& target, const std::string& label, int minute) {
        Feedback one = world.about(target, minute);
        one.label = label;
        return one;
    };
    EXPECT_TRUE(world.say(said("order 7", "a", 1)));
    EXPECT_FALSE(world.say(said("order 7", "a", 2)));
    EXPECT_TRUE(world.say(said(row.id.text(), "b", 3)));
    EXPECT_TRUE(world.say(said("order 7", "a", 4))) << "no repeat: the row heard another word";
    EXPECT_FALSE(world.say(said("order 7", "a", 5)));
    EXPECT_EQ(world.join(3).at(row.id.text()).truth, "b");
    EXPECT_EQ(world.join(9).at(row.id.text()).truth, "a");
}

}  // namespace
}  // namespace flywheel
