// SPDX-License-Identifier: Apache-2.0
// What the columns forget, and how they are kept few.
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/sample_rows.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

namespace fs = std::filesystem;
using testing::sample_day;

constexpr TimeRange kEver{Time::min(), Time::max()};

/// One hour of a day: some rows, and feedback about the first.
struct Hour {
    std::vector<Prediction> rows;
    std::vector<Feedback> said;
};

Hour hour_of(int day, int hour, Rng& rng, const std::string& model = "news") {
    const Time begin = sample_day(day) + std::chrono::hours(hour);
    Hour made;
    for (int i = 0; i < 3; ++i) {
        made.rows.push_back(testing::sample_prediction(begin + std::chrono::minutes(i), rng, model)
        );
    }
    made.said.push_back(testing::sample_feedback(made.rows[0].request_id, begin, rng));
    made.said[0].model = model;
    return made;
}

std::vector<Prediction> rows_in(const Columns& columns, const std::string& model = "news") {
    std::vector<Prediction> rows;
    EXPECT_TRUE(columns.scan_predictions(model, kEver, RowParts::Whole, [&](const Prediction& row) {
        rows.push_back(row);
        return Result<void>();
    }));
    return rows;
}

std::vector<Feedback> said_in(const Columns& columns, const std::string& model = "news") {
    std::vector<Feedback> said;
    EXPECT_TRUE(columns.scan_feedback(model, kEver, [&](const Feedback& one) {
        said.push_back(one);
        return Result<void>();
    }));
    return said;
}

std::set<std::string> files_in(const fs::path& folder) {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) {
            files.insert(fs::relative(entry.path(), folder).string());
        }
    }
    return files;
}

/// Columns over a folder, and what was written to them.
struct World {
    testing::TempFolder folder;
    std::unique_ptr<Columns> columns = ParquetColumns::open(folder.path()).value();
    Rng rng{1};
    std::uint64_t segment = 0;
    std::vector<Prediction> rows;
    std::vector<Feedback> said;

    void write(int day, int hour) {
        const Hour made = hour_of(day, hour, rng);
        EXPECT_TRUE(columns->write_segment(++segment, {made.rows, made.said}));
        rows.insert(rows.end(), made.rows.begin(), made.rows.end());
        said.insert(said.end(), made.said.begin(), made.said.end());
    }

    void reopen() {
        columns.reset();
        columns = ParquetColumns::open(folder.path()).value();
    }
};

TEST(ColumnUpkeep, ForgetsWholeDaysAndNothingYounger) {
    World world;
    world.write(0, 23);
    world.write(1, 0);
    world.write(2, 0);
    const auto nothing = world.columns->expire(sample_day(1) - std::chrono::seconds(1));
    EXPECT_EQ(nothing->files_removed, 0U) << "the day is not over yet";
    const auto done = world.columns->expire(sample_day(2));
    EXPECT_EQ(done->files_removed, 4U);
    EXPECT_EQ(done->predictions_removed, 6U);
    EXPECT_EQ(done->feedback_removed, 2U);
    EXPECT_EQ(rows_in(*world.columns).size(), 3U);
    EXPECT_EQ(world.columns->expire(sample_day(2))->files_removed, 0U) << "twice is once";
    world.reopen();
    EXPECT_EQ(rows_in(*world.columns).size(), 3U);
    EXPECT_EQ(said_in(*world.columns).size(), 1U);
    EXPECT_TRUE(world.columns->has_segment(1).value()) << "so that it is never rolled again";
}

TEST(ColumnUpkeep, StripsAFieldOnceAndKeepsTheRest) {
    World world;
    world.write(0, 1);
    world.write(5, 1);
    EXPECT_EQ(world.columns->strip(ShortLived::Embedding, sample_day(1))->files_rewritten, 1U);
    EXPECT_EQ(world.columns->strip(ShortLived::Embedding, sample_day(1))->files_rewritten, 0U);
    world.reopen();
    EXPECT_EQ(world.columns->strip(ShortLived::Embedding, sample_day(1))->files_rewritten, 0U)
        << "the list says that it was done";
    auto expected = world.rows;
    for (std::size_t i = 0; i < 3; ++i) {
        expected[i].embedding.clear();
    }
    EXPECT_TRUE(testing::same(rows_in(*world.columns), expected));
}

TEST(ColumnUpkeep, TakesRowsOutOfTheFilesThatHaveThem) {
    World world;
    world.write(0, 1);
    world.write(0, 2);
    world.write(0, 3);
    const Prediction gone = world.rows[4];
    const auto before = files_in(world.folder.path());
    const auto done = world.columns->remove(
        {[&](const Prediction& row) { return row.id == gone.id; },
         [&](const Feedback& one) { return one.id == world.said[2].id; }}
    );
    EXPECT_EQ(done->predictions_removed, 1U);
    EXPECT_EQ(done->feedback_removed, 1U);
    EXPECT_EQ(done->files_rewritten, 1U);
    EXPECT_EQ(done->files_removed, 1U) << "the file of the only feedback in it";
    EXPECT_EQ(files_in(world.folder.path()).size(), before.size() - 2) << "with its index of ids";
    world.rows.erase(world.rows.begin() + 4);
    world.reopen();
    EXPECT_TRUE(testing::same(rows_in(*world.columns), world.rows));
}

TEST(ColumnUpkeep, MergesTheSmallFilesOfADayThatIsOver) {
    World world;
    for (int hour = 0; hour < 6; ++hour) {
        world.write(0, hour);
    }
    world.write(1, 0);
    EXPECT_EQ(world.columns->merge(sample_day(1) - std::chrono::seconds(1))->files_rewritten, 0U);
    const auto done = world.columns->merge(sample_day(1));
    EXPECT_EQ(done->files_removed, 12U);
    EXPECT_EQ(done->files_rewritten, 2U);
    EXPECT_EQ(world.columns->merge(sample_day(1))->files_rewritten, 0U) << "nothing is left to do";
    world.reopen();
    EXPECT_TRUE(testing::same(rows_in(*world.columns), world.rows)) << "in their order";
    EXPECT_TRUE(testing::same(said_in(*world.columns), world.said));
    EXPECT_EQ(world.columns->segments()->size(), 7U);
    EXPECT_TRUE(world.columns->has_segment(4).value());
    EXPECT_TRUE(files_in(world.folder.path())
                    .contains("predictions/model=news/day=2017-03-01/"
                              "000000000001-000000000006.parquet"));
}

TEST(ColumnUpkeep, GoesOnAfterACrashInAMerge) {
    World world;
    world.write(0, 1);
    world.write(0, 2);
    const auto list = world.folder.path() / "segments" / "000000000002.json";
    const auto file =
        world.folder.path() / "predictions/model=news/day=2017-03-01/000000000002.parquet";
    std::ifstream list_bytes(list, std::ios::binary);
    const std::string old_list((std::istreambuf_iterator<char>(list_bytes)), {});
    fs::copy_file(file, world.folder.path() / "saved");
    EXPECT_TRUE(world.columns->merge(sample_day(1)));
    // As if it had died before it deleted what it had merged.
    std::ofstream(list, std::ios::binary) << old_list;
    fs::rename(world.folder.path() / "saved", file);
    world.reopen();
    EXPECT_TRUE(testing::same(rows_in(*world.columns), world.rows)) << "each row once";
    EXPECT_FALSE(fs::exists(list));
    EXPECT_FALSE(fs::exists(file));
}

/// A folder that may not be written stands for a disk that refuses.
TEST(ColumnUpkeep, LeavesEverythingReadableWhenTheDiskRefuses) {
    World world;
    for (int hour = 0; hour < 3; ++hour) {
        world.write(0, hour);
    }
    const auto day = world.folder.path() / "predictions/model=news/day=2017-03-01";
    const auto blocked = day / "000000000001-000000000003.parquet.tmp";
    fs::create_directory(blocked);  // where the merge wants to write
    EXPECT_EQ(world.columns->merge(sample_day(1)).error().code, Code::Unavailable);
    EXPECT_TRUE(testing::same(rows_in(*world.columns), world.rows));
    fs::remove(blocked);
    world.reopen();
    EXPECT_TRUE(world.columns->merge(sample_day(1)));
    EXPECT_TRUE(testing::same(rows_in(*world.columns), world.rows));
}

TEST(ColumnUpkeep, NeverLosesOrRepeatsARowInAnyStory) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE(seed);
        World world;
        Rng rng(seed);
        int day = 0;
        for (int step = 0; step < 12; ++step) {
            switch (rng.below(5)) {
                case 0:
                    ASSERT_TRUE(world.columns->merge(sample_day(day)));
                    break;
                case 1:
                    world.reopen();
                    break;
                case 2:
                    ASSERT_TRUE(world.columns->strip(ShortLived::Payload, sample_day(day)));
                    break;
                default:
                    world.write(day, static_cast<int>(rng.below(24)));
                    day += rng.below(3) == 0 ? 1 : 0;
            }
        }
        std::multiset<std::string> expected;
        for (const Prediction& row : world.rows) {
            expected.insert(row.id.text());
        }
        std::multiset<std::string> found;
        for (const Prediction& row : rows_in(*world.columns)) {
            found.insert(row.id.text());
        }
        EXPECT_EQ(found, expected);
    }
}

}  // namespace
}  // namespace flywheel
