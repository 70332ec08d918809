// SPDX-License-Identifier: Apache-2.0
// Rows are found by ids that do not say their time: whatever was done to their files, and without
// reading others.
#include "ports/columns/parquet/id_index.h"

#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/json_value.h"
#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/row_keys.h"
#include "ports/columns/sample_rows.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

namespace fs = std::filesystem;
using testing::sample_day;

constexpr const char* kTablePath = "predictions/model=m/day=2017-03-01/000000000001.parquet";

IdFile written_index(const fs::path& folder, const std::vector<IdEntry>& entries) {
    fs::create_directories((folder / kTablePath).parent_path());
    return write_id_index(folder, kTablePath, entries).value();
}

std::vector<TimeRange> times_in(const fs::path& index, std::uint64_t key) {
    std::vector<TimeRange> found;
    EXPECT_TRUE(find_ids(index, std::array{key}, found));
    return found;
}

bool covers(const std::vector<TimeRange>& ranges, Time time) {
    return std::ranges::any_of(ranges, [&](const TimeRange& range) {
        return range.begin <= time && time < range.end;
    });
}

/// Keys as hashes are, or crowded at one end, or all the same.
std::uint64_t some_key(Rng& rng, int shape) {
    const std::uint64_t key = rng.next();
    return shape == 0 ? key : shape == 1 ? key % 500 : shape == 2 ? ~(key % 90) : 7;
}

RC_GTEST_PROP(IdIndex, FindsEveryEntryAndNoOther, (std::uint64_t seed)) {
    const testing::TempFolder folder;
    Rng rng(seed);
    const int shape = static_cast<int>(rng.below(4));
    std::vector<IdEntry> entries(1 + rng.below(2'000));
    std::set<std::uint64_t> keys;
    for (IdEntry& entry : entries) {
        entry = {some_key(rng, shape), static_cast<std::int64_t>(rng.below(1'000'000'000'000))};
        keys.insert(entry.key);
    }
    const IdFile file = written_index(folder.path(), entries);
    const fs::path index = folder.path() / file.path;
    RC_ASSERT(fs::file_size(index) == file.bytes);
    for (std::size_t i = 0; i < entries.size(); i += 1 + rng.below(100)) {
        const auto found = times_in(index, entries[i].key);
        RC_ASSERT(covers(found, Time(Duration(entries[i].at))));
    }
    for (int i = 0; i < 20; ++i) {
        const std::uint64_t key = some_key(rng, shape) + rng.below(3);
        RC_ASSERT(times_in(index, key).empty() == !keys.contains(key));
    }
    for (const std::uint64_t key : {std::uint64_t{0}, ~std::uint64_t{0}}) {
        RC_ASSERT(times_in(index, key).empty() == !keys.contains(key));
    }
}

TEST(IdIndex, NeverHidesAnEntryWhenItIsDamaged) {
    const testing::TempFolder folder;
    Rng rng(1);
    std::vector<IdEntry> entries(600);
    for (IdEntry& entry : entries) {
        entry = {rng.next(), static_cast<std::int64_t>(rng.below(1'000'000))};
    }
    const fs::path index = folder.path() / written_index(folder.path(), entries).path;
    std::ifstream stream(index, std::ios::binary);
    const std::string good((std::istreambuf_iterator<char>(stream)), {});
    const auto expect_honest = [&](const std::string& bytes, bool whole) {
        std::ofstream(index, std::ios::binary) << bytes;
        int refused = 0;
        for (std::size_t i = 0; i < entries.size(); i += 50) {
            std::vector<TimeRange> found;
            const auto asked = find_ids(index, std::array{entries[i].key}, found);
            EXPECT_TRUE(!asked || covers(found, Time(Duration(entries[i].at))));
            if (!asked) {
                ++refused;
                EXPECT_EQ(asked.error().code, Code::Corrupt);
                EXPECT_NE(asked.error().message.find(index.string()), std::string::npos);
            }
        }
        EXPECT_EQ(refused == 0, whole);
    };
    expect_honest(good, true);
    for (std::size_t at = 0; at < good.size(); at += 61) {
        std::string damaged = good;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        SCOPED_TRACE(at);
        expect_honest(damaged, false);
    }
    for (std::size_t size = 0; size < good.size(); size += 97) {
        expect_honest(good.substr(0, size), false);
    }
    fs::remove(index);
    std::vector<TimeRange> found;
    EXPECT_EQ(find_ids(index, std::array{entries[0].key}, found).error().code, Code::Corrupt);
}

/// Columns over a folder with rows and feedback that only their ids lead to.
struct IdWorld {
    testing::TempFolder folder;
    std::unique_ptr<Columns> columns = ParquetColumns::open(folder.path()).value();
    Rng rng{1};
    std::uint64_t segment = 0;
    std::map<std::string, Time> rows;  ///< By request id: when they were served.
    std::map<std::string, Time> said;  ///< By target: when it arrived.

    void write(int day, int count = 3) {
        ColumnSegment made;
        for (int i = 0; i < count; ++i) {
            const Time time = sample_day(day) + std::chrono::minutes(rng.below(1'400));
            Prediction row = testing::sample_prediction(time, rng);
            if (i % 3 == 1) {
                row.id.uuid = Uuid::random(time - std::chrono::minutes(5), rng);  // waited long
                row.id.uuid = row.id.uuid.with_row(0);
                row.request_id = row.id.text();
            } else {
                row.request_id = "order " + std::to_string(rng.next());
            }
            rows[row.request_id] = time;
            made.predictions.push_back(std::move(row));
            made.predictions.push_back(testing::sample_prediction(time, rng));
            const std::string target = "of " + std::to_string(rng.next());
            made.feedback.push_back(testing::sample_feedback(target, time, rng));
            said[target] = time;
        }
        EXPECT_TRUE(columns->write_segment(++segment, made));
    }

    void reopen() {
        columns.reset();
        columns = ParquetColumns::open(folder.path()).value();
    }

    std::vector<TimeRange> times(NamedBy named, const std::string& id) const {
        const auto found = columns->times_of(named, "news", std::array{key_of("news", id)});
        EXPECT_TRUE(found);
        return *found;
    }

    [[nodiscard]] bool finds_row(const std::string& id) const {
        bool seen = false;
        for (const TimeRange& range : times(NamedBy::RequestId, id)) {
            EXPECT_TRUE(columns->scan_predictions(
                "news",
                range,
                RowParts::Keys,
                [&](const Prediction& row) {
                    seen = seen || row.request_id == id;
                    return Result<void>();
                }
            ));
        }
        return seen;
    }

    void expect_all_found() const {
        for (const auto& [id, time] : rows) {
            EXPECT_TRUE(finds_row(id)) << id;
        }
        for (const auto& [target, time] : said) {
            EXPECT_TRUE(covers(times(NamedBy::Target, target), time)) << target;
        }
    }

    /// Also that no file must be read to know that an id is not here.
    void expect_exact() const {
        expect_all_found();
        for (const NamedBy named : {NamedBy::RequestId, NamedBy::Target}) {
            EXPECT_TRUE(times(named, "order never").empty());
        }
    }

    [[nodiscard]] std::vector<fs::path> files(std::string_view extension) const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
            if (entry.path().extension() == extension) {
                found.push_back(entry.path());
            }
        }
        return found;
    }

    /// What a program of before indexes left.
    void become_old() {
        for (const auto& list : files(".json")) {
            std::ifstream stream(list);
            Json json =
                parse_json(std::string((std::istreambuf_iterator<char>(stream)), {})).value();
            for (Json& file : json["files"]) {
                file.erase("ids");
            }
            std::ofstream(list) << json.dump();
        }
        for (const auto& index : files(".ids")) {
            fs::remove(index);
        }
        reopen();
    }
};

void forget(std::map<std::string, Time>& times, const std::function<bool(Time)>& gone) {
    std::erase_if(times, [&](const auto& entry) { return gone(entry.second); });
}

/// One thing that may happen to columns.
void happen(IdWorld& world, Rng& rng, int& day) {
    const auto over = sample_day(day);
    switch (rng.below(7)) {
        case 0:
            ASSERT_TRUE(world.columns->merge(over));
            break;
        case 1:
            world.reopen();
            break;
        case 2:
            ASSERT_TRUE(world.columns->strip(ShortLived::Embedding, over));
            break;
        case 3: {
            const auto before = over - std::chrono::days(3);
            ASSERT_TRUE(world.columns->expire(before));
            forget(world.rows, [&](Time time) { return end_of_day(time) <= before; });
            forget(world.said, [&](Time time) { return end_of_day(time) <= before; });
            break;
        }
        case 4: {
            const auto odd = [](Time time) { return micros(time) / 60'000'000 % 5 == 0; };
            ASSERT_TRUE(world.columns->remove(
                {[&](const Prediction& row) { return odd(row.time); },
                 [&](const Feedback& said) { return odd(said.arrived); }}
            ));
            forget(world.rows, odd);
            forget(world.said, odd);
            break;
        }
        default:
            world.write(day, 1 + static_cast<int>(rng.below(4)));
            day += rng.below(3) == 0 ? 1 : 0;
    }
}

TEST(ColumnIds, AreFoundInAnyStory) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        SCOPED_TRACE(seed);
        IdWorld world;
        Rng rng(seed);
        int day = 0;
        for (int step = 0; step < 14; ++step) {
            ASSERT_NO_FATAL_FAILURE(happen(world, rng, day));
        }
        world.expect_exact();
        const std::size_t indexes = world.files(".ids").size();
        world.reopen();
        world.expect_exact();
        EXPECT_EQ(world.files(".ids").size(), indexes) << "none was left over";
        EXPECT_EQ(indexes, world.files(".parquet").size()) << "each file here has ids";
    }
}

TEST(ColumnIds, AreFoundAfterAStartWithoutReadingOtherFiles) {
    IdWorld world;
    for (int day = 0; day < 5; ++day) {
        world.write(day, 2);
    }
    const std::string id = world.rows.rbegin()->first;
    const auto of_day = "day=" + to_date(world.rows.rbegin()->second);
    for (const auto& file : world.files(".parquet")) {
        if (file.string().find("predictions") != std::string::npos &&
            file.string().find(of_day) == std::string::npos) {
            std::ofstream(file) << "who reads this fails";
        }
    }
    world.reopen();
    EXPECT_TRUE(world.finds_row(id));
    EXPECT_TRUE(world.times(NamedBy::RequestId, "never").empty());
}

TEST(ColumnIds, AreFoundInFilesOfBeforeAndTheNextMergeIndexesThem) {
    IdWorld world;
    for (int day = 0; day < 3; ++day) {
        world.write(day);
    }
    world.become_old();
    world.expect_all_found();
    EXPECT_EQ(world.times(NamedBy::RequestId, "never").size(), 3U) << "one stretch a file";
    ASSERT_TRUE(world.columns->merge(sample_day(0)));
    world.expect_exact();
    world.reopen();
    world.expect_exact();
}

TEST(ColumnIds, AreFoundWhenIndexesAreDamagedAndTheNextMergeMendsThem) {
    IdWorld world;
    world.write(0);
    world.write(1);
    const auto indexes = world.files(".ids");
    ASSERT_EQ(indexes.size(), 4U);
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        if (i % 2 == 0) {
            fs::remove(indexes[i]);
        } else {
            std::ofstream(indexes[i]) << "no index";
        }
    }
    world.reopen();
    world.expect_all_found();
    ASSERT_TRUE(world.columns->merge(sample_day(0)));
    world.expect_exact();
}

TEST(ColumnIds, AreForgottenWithTheirRows) {
    IdWorld world;
    world.write(0);
    const auto all = [](const auto&) { return true; };
    ASSERT_TRUE(world.columns->remove({.prediction = all, .feedback = all}));
    EXPECT_TRUE(world.files(".ids").empty());
    EXPECT_TRUE(world.times(NamedBy::RequestId, world.rows.begin()->first).empty());
}

TEST(ColumnIds, OfTheServerNeedNoIndex) {
    IdWorld world;
    const Prediction row = testing::sample_prediction(sample_day(0), world.rng);
    ASSERT_TRUE(world.columns->write_segment(1, {{row}, {}}));
    EXPECT_TRUE(world.files(".ids").empty());
    world.reopen();
    EXPECT_TRUE(world.times(NamedBy::RequestId, row.request_id).empty());
}

/// The index is written after its file and before the list: without it nothing counts.
TEST(ColumnIds, StandBeforeTheirSegmentCounts) {
    IdWorld model;
    model.write(0);
    for (const auto& index : model.files(".ids")) {
        SCOPED_TRACE(index);
        IdWorld world;
        const auto blocked =
            world.folder.path() / (fs::relative(index, model.folder.path()).string() + ".tmp");
        fs::create_directories(blocked);
        const ColumnSegment rows = model.columns->read_segment(1).value();
        EXPECT_EQ(world.columns->write_segment(1, rows).error().code, Code::Unavailable);
        EXPECT_FALSE(world.columns->has_segment(1).value());
        fs::remove(blocked);
        world.reopen();
        EXPECT_TRUE(world.files(".ids").empty()) << "no list names what was written";
        EXPECT_TRUE(world.files(".parquet").empty());
        ASSERT_TRUE(world.columns->write_segment(1, rows));
        world.rows = model.rows;
        world.said = model.said;
        world.expect_exact();
    }
}

/// As after a crash between a file that was written anew and its list: the list still names the
/// index of before, which says where more rows stood than there are.
TEST(ColumnIds, AreFoundAfterACrashInAnErasure) {
    IdWorld world;
    world.write(0, 6);
    const testing::TempFolder saved;
    const fs::path& kept = saved.path();
    for (const auto* extension : {".ids", ".json"}) {
        for (const auto& file : world.files(extension)) {
            fs::copy_file(file, kept / file.filename());
        }
    }
    const auto indexes = world.files(".ids");
    const std::string gone = world.rows.begin()->first;
    ASSERT_TRUE(
        world.columns->remove({[&](const Prediction& row) { return row.request_id == gone; }, {}})
    );
    for (const auto& index : indexes) {
        fs::copy_file(kept / index.filename(), index, fs::copy_options::overwrite_existing);
    }
    fs::copy_file(
        kept / "000000000001.json",
        world.folder.path() / "segments/000000000001.json",
        fs::copy_options::overwrite_existing
    );
    world.reopen();
    world.rows.erase(gone);
    world.expect_exact();
    EXPECT_FALSE(world.finds_row(gone));
    EXPECT_EQ(world.files(".ids").size(), 2U) << "the newer one, which no list names, went";
}

}  // namespace
}  // namespace flywheel
