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
        served.id.uuid = base_.with_row(row);
        served.row_id = row_id;
        served.request_id = request_id.empty() ? base_.with_row(0).text() : request_id;
        capture_->record(Prediction(served));
        return served;
    }

    void say(
        const std::string& target, int minute, const std::string& label, std::int64_t row = 0
    ) {
        Feedback said = testing::sample_feedback(target, minute_at(minute), rng_);
        said.label = label;
        said.row = row;
        say(said);
    }

    /// False when it was a repeat of what its target's last line said.
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
            .served = {Time::min(), Time::max()},
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

/// Any story of rows and feedback: the join of millions says of each row what the small one says.
RC_GTEST_PROP(TruthJoin, SaysOfEachRowWhatItsOwnFeedbackSays, (std::uint64_t seed)) {
    World world;
    Rng rng(seed);
    std::vector<Prediction> rows;
    for (std::uint64_t i = 0; i < 1 + rng.below(10); ++i) {
        const std::string request = rng.below(2) == 0 ? "order " + std::to_string(i) : "";
        rows.push_back(world.serve(static_cast<int>(i), 0, request));
    }
    std::vector<Feedback> story;
    int minute = 20;
    for (std::uint64_t i = 0; i < rng.below(40); ++i) {
        minute += static_cast<int>(rng.below(2));
        const Prediction& row = rows[rng.below(rows.size())];
        Feedback said = world.about(rng.below(2) == 0 ? row.request_id : row.id.text(), minute);
        said.kind = static_cast<FeedbackKind>(rng.below(4));
        said.source = static_cast<FeedbackSource>(rng.below(3));
        said.label = std::string(1, static_cast<char>('a' + rng.below(3)));
        said.value = static_cast<double>(rng.below(2));
        // By its other name a row may have heard another word since: a repeat is none all the same.
        if (world.say(said)) {
            story.push_back(said);
        }
        if (rng.below(8) == 0) {
            world.roll();
        }
    }
    const int cut = 20 + static_cast<int>(rng.below(25));
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

}  // namespace
}  // namespace flywheel
