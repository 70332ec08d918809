// SPDX-License-Identifier: Apache-2.0
#include "rooms/collection/collection.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"
#include "memory_captured.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "rooms/collection/near_duplicates.h"
#include "tasks/text/payload.h"
#include "tasks/text/shingles.h"

namespace flywheel::collection {
namespace {

using flywheel::testing::MemoryCaptured;
using flywheel::testing::served_row;
using ::testing::HasSubstr;

constexpr Duration kDay = std::chrono::hours(24);

Time day(int number) {
    return Time(number * kDay);
}

class ListSource final : public Source {
  public:
    explicit ListSource(std::vector<SourceRow> rows, std::string name = "list.jsonl")
        : rows_(std::move(rows)), name_(std::move(name)) {}

    Result<ReadSummary> read(const std::function<Result<void>(SourceRow&&)>& visit) const override {
        ReadSummary summary;
        for (auto row : rows_) {
            row.line = ++summary.rows;
            TRY(visit(std::move(row)));
        }
        return summary;
    }

    [[nodiscard]] std::string name() const override { return name_; }

  private:
    std::vector<SourceRow> rows_;
    std::string name_;
};

SourceRow text_row(std::string text, std::optional<Time> time = {}) {
    SourceRow row;
    row.text = std::move(text);
    row.time = time;
    return row;
}

class CollectionTest : public ::testing::Test {
  protected:
    void serve(const std::string& text, Time time) {
        captured_.add(served_row("news", text, time, {0.6F, 0.4F}, rng_));
    }

    [[nodiscard]] Example example(const std::string& text) const {
        return Reader<Example>(*ledger_).get(text::item_of(text)).value();
    }

    Summary collect(int from_day, int to_day) {
        return room_.collect({.model = "news"}, {day(from_day), day(to_day)}).value();
    }

    Result<ImportSummary> import(const Source& source) {
        return room_.import_rows(
            {.model = "news", .licence = "CC0-1.0"},
            source,
            day(9),
            [&](const ImportedRow& row) {
                visited_.push_back(row.item);
                return visit_answer_;
            }
        );
    }

    Rng rng_{1};
    MemoryCaptured captured_;
    std::unique_ptr<Ledger> ledger_ = sqlite::open_in_memory().value();
    Collection room_{captured_, Writer<Example>(*ledger_)};
    std::vector<Digest> visited_;
    Result<void> visit_answer_;
};

TEST_F(CollectionTest, MakesOneExampleOfExactCopiesAndCountsThem) {
    serve("the quick brown fox", day(1));
    serve("the quick brown fox", day(3));
    serve("something else entirely", day(2));
    const auto summary = collect(0, 10);
    EXPECT_EQ(summary.rows, 3);
    EXPECT_EQ(summary.examples, 2);
    EXPECT_EQ(summary.repeats, 1);
    EXPECT_EQ(summary.grouped, 0);
    const auto fox = example("the quick brown fox");
    EXPECT_EQ(fox.multiplicity, 2);
    EXPECT_EQ(fox.first_seen, day(1));
    EXPECT_EQ(fox.last_seen, day(3));
    EXPECT_EQ(fox.origin, "captured");
    EXPECT_EQ(fox.model, "news");
    EXPECT_EQ(fox.group, fox.id);
}

TEST_F(CollectionTest, CountsARepeatInALaterWindow) {
    serve("the quick brown fox", day(1));
    collect(0, 5);
    serve("the quick brown fox", day(6));
    const auto summary = collect(5, 10);
    EXPECT_EQ(summary.examples, 0);
    EXPECT_EQ(summary.repeats, 1);
    EXPECT_EQ(example("the quick brown fox").multiplicity, 2);
    EXPECT_EQ(example("the quick brown fox").last_seen, day(6));
}

TEST_F(CollectionTest, TheSameWindowAgainChangesNothing) {
    serve("the quick brown fox", day(1));
    collect(0, 5);
    serve("the quick brown fox", day(6));
    serve("the quick brown fox", day(7));
    collect(5, 10);
    const auto before = to_json_text(example("the quick brown fox"));
    collect(5, 10);
    Collection restarted(captured_, Writer<Example>(*ledger_));
    ASSERT_TRUE(restarted.collect({.model = "news"}, {day(5), day(10)}));
    EXPECT_EQ(to_json_text(example("the quick brown fox")), before);
    EXPECT_EQ(example("the quick brown fox").multiplicity, 3);
}

TEST_F(CollectionTest, GroupsNearDuplicatesUnderTheirRepresentative) {
    const std::string headline = "Central bank raises its key interest rate by a quarter point";
    serve(headline, day(1));
    serve("central bank  raises its key interest rate by a quarter point.", day(2));
    serve("Central bank leaves rates where they are", day(3));
    EXPECT_EQ(collect(0, 10).grouped, 1);
    const auto near = example("central bank  raises its key interest rate by a quarter point.");
    EXPECT_EQ(near.group, text::item_of(headline));
    EXPECT_NE(example("Central bank leaves rates where they are").group, near.group);
}

TEST_F(CollectionTest, DoesNotChainGroups) {
    // Each is near the one before it (J >= .8), the last is not near the first.
    std::string text = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghij!?";
    std::vector<std::string> chain = {text};
    for (int step = 0; step < 4; ++step) {
        text = text.substr(3) + std::string(3, static_cast<char>('A' + step));
        chain.push_back(text);
    }
    for (std::size_t i = 0; i < chain.size(); ++i) {
        serve(chain[i], day(static_cast<int>(i)));
    }
    collect(0, 10);
    for (const auto& member : chain) {
        const auto group = example(member).group;
        const auto shingles = text::shingles_of(member);
        const auto representative = Reader<Example>(*ledger_).get(group).value();
        EXPECT_EQ(representative.group, representative.id);
        EXPECT_GE(text::jaccard(shingles, text::shingles_of(representative.payload)), 0.8);
    }
    EXPECT_NE(example(chain.back()).group, example(chain.front()).group);
}

TEST_F(CollectionTest, FindsGroupsAgainAfterARestart) {
    serve("Central bank raises its key interest rate by a quarter point", day(1));
    collect(0, 2);
    serve("Central bank raises its key interest rate by a quarter point!", day(3));
    Collection restarted(captured_, Writer<Example>(*ledger_));
    const auto summary = restarted.collect({.model = "news"}, {day(2), day(10)});
    EXPECT_EQ(summary->grouped, 1);
}

TEST_F(CollectionTest, RebuildsItsIndexWhenATransactionAroundItIsRolledBack) {
    serve("Central bank raises its key interest rate by a quarter point", day(1));
    {
        const auto outer = ledger_->begin().value();
        collect(0, 2);
    }
    EXPECT_EQ(Reader<Example>(*ledger_).count().value(), 0);
    serve("Central bank raises its key interest rate by a quarter point!", day(3));
    collect(2, 10);
    const auto later = example("Central bank raises its key interest rate by a quarter point!");
    EXPECT_EQ(later.group, later.id);
}

TEST_F(CollectionTest, CountsRowsThatNobodyCouldLabel) {
    serve("", day(1));
    serve(" \n", day(1));
    serve("fine", day(1));
    const auto summary = collect(0, 2);
    EXPECT_EQ(summary.rows, 3);
    EXPECT_EQ(summary.unusable, 2);
    EXPECT_EQ(summary.examples, 1);
}

TEST_F(CollectionTest, ImportsAFileOnceHoweverOftenItComes) {
    const ListSource source(
        {text_row("first", day(1)), text_row("second"), text_row("first", day(4))}
    );
    const auto once = import(source);
    ASSERT_TRUE(once);
    EXPECT_EQ(once->summary.examples, 2);
    EXPECT_EQ(once->summary.repeats, 1);
    EXPECT_EQ(once->read.rows, 3);
    EXPECT_EQ(visited_.size(), 3U);
    EXPECT_EQ(example("first").multiplicity, 2);
    EXPECT_EQ(example("first").origin, "import:list.jsonl");
    EXPECT_EQ(example("first").licence, "CC0-1.0");
    EXPECT_EQ(example("first").last_seen, day(4));
    EXPECT_EQ(example("second").first_seen, day(9));
    const auto before = to_json_text(example("first"));
    const auto twice = import(source);
    EXPECT_EQ(twice->summary.examples, 0);
    EXPECT_EQ(twice->summary.repeats, 3);
    EXPECT_EQ(to_json_text(example("first")), before);
}

TEST_F(CollectionTest, NamesTheLinesOfAFileThatItRefuses) {
    const auto summary =
        import(ListSource({text_row("good"), text_row("  "), text_row("also good")}));
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->read.rows, 2);
    EXPECT_EQ(summary->read.rejected, 1);
    ASSERT_EQ(summary->read.first_rejections.size(), 1U);
    EXPECT_EQ(summary->read.first_rejections[0].line, 2);
    EXPECT_EQ(summary->read.first_rejections[0].field, "text");
}

TEST_F(CollectionTest, StoresNothingOfAnImportThatFails) {
    visit_answer_ = make_error(Code::Unavailable, "disk is full");
    const auto failed = import(ListSource({text_row("first")}));
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("disk is full"));
    EXPECT_EQ(Reader<Example>(*ledger_).count().value(), 0);
    visit_answer_ = {};
    EXPECT_EQ(import(ListSource({text_row("first")}))->summary.examples, 1);
}

/// Every text against all representatives.
std::optional<Digest> nearest_by_search(
    const std::vector<std::pair<Digest, text::Shingles>>& all,
    const text::Shingles& shingles,
    double threshold
) {
    std::optional<Digest> best;
    double similarity = threshold;
    for (const auto& [digest, other] : all) {
        const double s = text::jaccard(shingles, other);
        if (s > similarity || (s == similarity && (!best || digest < *best))) {
            best = digest;
            similarity = s;
        }
    }
    return best;
}

RC_GTEST_PROP(NearDuplicates, FindWhatASearchOfAllRepresentativesFinds, (std::uint64_t seed)) {
    Rng rng(seed);
    NearDuplicates index;
    std::vector<std::pair<Digest, text::Shingles>> all;
    std::vector<std::string> texts;
    for (int i = 0; i < 60; ++i) {
        std::string text;
        if (!texts.empty() && rng.uniform() < 0.6) {
            text = texts[rng.below(texts.size())];
            text[rng.below(text.size())] = static_cast<char>('a' + rng.below(26));
        } else {
            for (std::size_t length = 30 + rng.below(60); text.size() < length;) {
                text += static_cast<char>('a' + rng.below(26));
            }
        }
        texts.push_back(text);
        const auto shingles = text::shingles_of(text);
        // At .85 the bands miss a pair once in 10^10.
        const auto found = index.nearest(shingles, 0.85);
        RC_ASSERT(found == nearest_by_search(all, shingles, 0.85));
        if (!found) {
            index.add(text::item_of(text), shingles);
            all.emplace_back(text::item_of(text), shingles);
        }
    }
    RC_ASSERT(index.size() == all.size());
}

TEST(NearDuplicates, KeepFindingAfterManyAdditions) {
    NearDuplicates index;
    Rng rng(5);
    text::Shingles first;
    for (std::uint64_t i = 0; i < 500; ++i) {
        text::Shingles shingles;
        for (int k = 0; k < 20; ++k) {
            shingles.push_back(static_cast<std::uint32_t>(rng.next()));
        }
        std::sort(shingles.begin(), shingles.end());
        if (i == 0) {
            first = shingles;
        }
        index.add(sha256(std::to_string(i)), shingles);
    }
    EXPECT_EQ(index.nearest(first, 0.8), sha256("0"));
}

}  // namespace
}  // namespace flywheel::collection
