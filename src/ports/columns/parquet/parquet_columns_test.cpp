// SPDX-License-Identifier: Apache-2.0
#include "ports/columns/parquet/parquet_columns.h"

#include <fstream>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "ports/columns/sample_rows.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

namespace fs = std::filesystem;
using testing::sample_day;
using testing::sample_feedback;
using testing::sample_prediction;

std::unique_ptr<Columns> open_columns(const fs::path& folder) {
    auto columns = ParquetColumns::open(folder);
    EXPECT_TRUE(columns) << (columns ? "" : columns.error().message);
    return *std::move(columns);
}

Result<std::vector<Prediction>> scan(
    const Columns& columns,
    const std::string& model,
    TimeRange range = kAllTimes,
    RowParts parts = RowParts::Whole
) {
    std::vector<Prediction> rows;
    TRY(columns.scan_predictions(model, range, parts, [&](const Prediction& row) {
        rows.push_back(row);
        return Result<void>();
    }));
    return rows;
}

std::vector<Prediction> days_of_rows(int days, int per_day, Rng& rng) {
    std::vector<Prediction> rows;
    for (int i = 0; i < days * per_day; ++i) {
        rows.push_back(
            sample_prediction(sample_day(i / per_day) + std::chrono::seconds(i % per_day), rng)
        );
    }
    return rows;
}

std::vector<fs::path> parquet_files(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.path().extension() == ".parquet") {
            files.push_back(entry.path());
        }
    }
    return files;
}

TEST(ParquetColumns, GivesBackEveryFieldOfEveryRow) {
    const testing::TempFolder folder;
    Rng rng(1);
    auto rows = days_of_rows(3, 5, rng);
    rows[1].embedding.clear();
    rows[1].base_scores.clear();
    rows[2].status = 500;
    rows[2].error = "engine failed";
    rows[2].label = -1;
    rows[2].scores.clear();
    rows[2].route = Route::Shadow;
    rows[3].request_id = "client 1/2";
    for (std::size_t i = 5; i < 10; ++i) {
        rows[i] = testing::with_rare_fields(rows[i], rng);
    }
    std::vector<Feedback> said;
    for (int i = 0; i < 4; ++i) {
        said.push_back(sample_feedback(rows[0].request_id, sample_day(40 + i / 2), rng));
        said.back().kind = static_cast<FeedbackKind>(i);
        said.back().source = static_cast<FeedbackSource>(i % 3);
        said.back().value = 0.25 * i;
        said.back().row = i;
    }
    auto columns = open_columns(folder.path());
    EXPECT_FALSE(columns->has_segment(7).value());
    ASSERT_TRUE(columns->write_segment(7, {rows, said}));

    for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(columns->has_segment(7).value());
        EXPECT_TRUE(testing::same(scan(*columns, "news").value(), rows));
        std::vector<Feedback> seen;
        ASSERT_TRUE(columns->scan_feedback("news", kAllTimes, [&](const Feedback& row) {
            seen.push_back(row);
            return Result<void>();
        }));
        EXPECT_TRUE(testing::same(seen, said));
        columns = open_columns(folder.path());
    }
    EXPECT_TRUE(
        fs::exists(folder.path() / "predictions/model=news/day=2017-03-01/000000000007.parquet")
    );
    EXPECT_TRUE(
        fs::exists(folder.path() / "feedback/model=news/day=2017-04-10/000000000007.parquet")
    );
    std::uint64_t bytes = 0;
    for (const char* table : {"predictions", "feedback"}) {
        for (const auto& file : fs::recursive_directory_iterator(folder.path() / table)) {
            bytes += file.is_regular_file() ? file.file_size() : 0;
        }
    }
    EXPECT_EQ(columns->bytes().value(), bytes);
}

TEST(ParquetColumns, RollsMorePartsThanItKeepsFilesOpen) {
    const testing::TempFolder folder;
    Rng rng(14);
    std::vector<Prediction> mixed = days_of_rows(12, 700, rng);  // more than a batch in all
    std::vector<Prediction> many = days_of_rows(1, 9'000, rng);  // more than two batches in one
    mixed.insert(mixed.end(), many.begin(), many.end());
    for (std::size_t i = mixed.size() - 1; i > 0; --i) {
        std::swap(mixed[i], mixed[rng.below(i + 1)]);
    }
    auto columns = open_columns(folder.path());
    ASSERT_TRUE(columns->write_segment(5, {mixed, {}}));
    EXPECT_EQ(parquet_files(folder.path()).size(), 12U);
    auto found = columns->read_segment(5)->predictions;
    std::ranges::sort(found, {}, &Prediction::id);
    std::ranges::sort(mixed, {}, &Prediction::id);
    EXPECT_TRUE(testing::same(found, mixed));
}

TEST(ParquetColumns, GivesBackASegmentWholeAndWritesItAnewWithoutSomeRows) {
    const testing::TempFolder folder;
    Rng rng(8);
    const auto rows = days_of_rows(3, 4, rng);
    const std::vector<Feedback> said = {sample_feedback("r", sample_day(4), rng)};
    auto columns = open_columns(folder.path());
    ASSERT_TRUE(columns->write_segment(3, {rows, said}));
    ASSERT_TRUE(columns->write_segment(9, {rows, {}}));
    EXPECT_EQ(columns->segments().value(), (std::vector<std::uint64_t>{3, 9}));
    EXPECT_EQ(columns->read_segment(4).error().code, Code::NotFound);
    const ColumnSegment whole = columns->read_segment(3).value();
    EXPECT_TRUE(testing::same(whole.predictions, rows));
    EXPECT_TRUE(testing::same(whole.feedback, said));
    const std::vector<Prediction> fewer(rows.begin() + 5, rows.end());
    ASSERT_TRUE(columns->write_segment(3, {fewer, {}}));
    for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(testing::same(columns->read_segment(3)->predictions, fewer));
        EXPECT_TRUE(columns->read_segment(3)->feedback.empty());
        EXPECT_EQ(parquet_files(folder.path()).size(), 5U) << "the first day is gone";
        columns = open_columns(folder.path());
    }
}

TEST(ParquetColumns, GivesOnlyRowsOfTheModelAndTheHalfOpenRange) {
    const testing::TempFolder folder;
    Rng rng(2);
    const auto rows = days_of_rows(4, 10, rng);
    auto columns = open_columns(folder.path());
    ASSERT_TRUE(columns->write_segment(1, {rows, {}}));
    EXPECT_TRUE(scan(*columns, "other")->empty());
    for (std::size_t from = 0; from < rows.size(); from += 7) {
        for (std::size_t to = from; to < rows.size(); to += 5) {
            const auto seen = scan(*columns, "news", {rows[from].time, rows[to].time});
            EXPECT_TRUE(testing::same(
                *seen, std::vector<Prediction>(rows.begin() + from, rows.begin() + to)
            ));
        }
    }
    const auto lean = scan(*columns, "news", kAllTimes, RowParts::Light);
    ASSERT_EQ(lean->size(), rows.size());
    EXPECT_TRUE(lean->front().embedding.empty());
    EXPECT_EQ(lean->front().payload, rows.front().payload);
}

TEST(ParquetColumns, ReadsOnlyTheRowGroupsOfTheRange) {
    const testing::TempFolder folder;
    Rng rng(3);
    std::vector<Prediction> rows(150'000);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].id = Id<Prediction>::random(sample_day(0), rng);
        rows[i].model = "news";
        rows[i].time = sample_day(0) + std::chrono::microseconds(i);
    }
    auto columns = open_columns(folder.path());
    ASSERT_TRUE(columns->write_segment(1, {rows, {}}));
    const auto last = scan(*columns, "news", {rows[149'999].time, Time::max()});
    EXPECT_EQ(last->size(), 1U);
    // Damage in the first row group does not matter to a range that lies in the third.
    const auto files = parquet_files(folder.path());
    ASSERT_EQ(files.size(), 1U);
    {
        std::fstream file(files[0], std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(2000);
        file << "damage damage damage damage";
    }
    EXPECT_TRUE(scan(*columns, "news", {rows[149'999].time, Time::max()}));
    EXPECT_EQ(scan(*columns, "news").error().code, Code::Corrupt);
}

TEST(ParquetColumns, ReplacesASegmentThatIsWrittenAgain) {
    const testing::TempFolder folder;
    Rng rng(4);
    const auto rows = days_of_rows(3, 4, rng);
    auto columns = open_columns(folder.path());
    ASSERT_TRUE(columns->write_segment(1, {rows, {}}));
    ASSERT_TRUE(columns->write_segment(2, {days_of_rows(1, 2, rng), {}}));
    ASSERT_TRUE(columns->write_segment(1, {{rows[0], rows[1]}, {}}));
    EXPECT_EQ(scan(*columns, "news")->size(), 4U);
    EXPECT_EQ(parquet_files(folder.path()).size(), 2U);
    EXPECT_EQ(scan(*open_columns(folder.path()), "news")->size(), 4U);
}

TEST(ParquetColumns, KeepsStrangeModelNamesInTheirFolder) {
    for (const std::string name :
         {"../../etc", "a/b", "..", ".", "x y%z", "\xEB\x89\xB4", "=", ""}) {
        SCOPED_TRACE(name);
        const testing::TempFolder folder;
        Rng rng(5);
        const std::vector<Prediction> rows = {sample_prediction(sample_day(1), rng, name)};
        {
            auto columns = open_columns(folder.path());
            ASSERT_TRUE(columns->write_segment(1, {rows, {}}));
        }
        EXPECT_TRUE(testing::same(scan(*open_columns(folder.path()), name).value(), rows));
        const auto files = parquet_files(folder.path() / "predictions");
        ASSERT_EQ(files.size(), 1U);
        EXPECT_EQ(
            fs::relative(files[0], folder.path()).string(),
            partition_path("predictions", name, sample_day(1), "000000000001")
        );
    }
    EXPECT_EQ(encode_model("../a b"), "%2E.%2Fa%20b");
}

TEST(ParquetColumns, DeletesAtOpenWhatNoListNames) {
    const testing::TempFolder folder;
    Rng rng(6);
    const auto rows = days_of_rows(1, 3, rng);
    {
        auto columns = open_columns(folder.path());
        ASSERT_TRUE(columns->write_segment(1, {rows, {}}));
        ASSERT_TRUE(columns->write_segment(2, {days_of_rows(2, 3, rng), {}}));
    }
    // As after a crash before the list of segment 2 was renamed.
    const fs::path list = folder.path() / "segments/000000000002.json";
    fs::rename(list, list.string() + ".tmp");
    auto columns = open_columns(folder.path());
    EXPECT_FALSE(columns->has_segment(2).value());
    EXPECT_TRUE(testing::same(scan(*columns, "news").value(), rows));
    EXPECT_EQ(parquet_files(folder.path()).size(), 1U);
    EXPECT_FALSE(fs::exists(list.string() + ".tmp"));
}

TEST(ParquetColumns, NamesTheListThatIsDamagedAndDeletesNothing) {
    const testing::TempFolder folder;
    Rng rng(7);
    {
        auto columns = open_columns(folder.path());
        ASSERT_TRUE(columns->write_segment(1, {days_of_rows(1, 3, rng), {}}));
    }
    std::ofstream(folder.path() / "segments/000000000001.json") << "{\"version\": 1, \"seg";
    const auto columns = ParquetColumns::open(folder.path());
    ASSERT_FALSE(columns);
    EXPECT_EQ(columns.error().code, Code::Corrupt);
    EXPECT_NE(columns.error().message.find("000000000001.json"), std::string::npos);
    EXPECT_EQ(parquet_files(folder.path()).size(), 1U);
}

TEST(ParquetColumns, NamesTheFileThatIsDamaged) {
    const testing::TempFolder folder;
    Rng rng(8);
    auto columns = open_columns(folder.path());
    ASSERT_TRUE(columns->write_segment(1, {days_of_rows(1, 20, rng), {}}));
    const fs::path file = parquet_files(folder.path()).front();
    std::ifstream stream(file, std::ios::binary);
    const std::string good((std::istreambuf_iterator<char>(stream)), {});
    int refused = 0;
    int tried = 0;
    for (std::size_t at = 0; at < good.size(); at += 37) {
        std::string damaged = good;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x21);
        std::ofstream(file, std::ios::binary) << damaged;
        ++tried;
        // Most flips must be seen; in the file's own description (no checksum there) some can hide.
        if (const auto rows = scan(*columns, "news"); !rows) {
            EXPECT_EQ(rows.error().code, Code::Corrupt);
            EXPECT_NE(rows.error().message.find(file.string()), std::string::npos);
            ++refused;
        }
    }
    EXPECT_GT(refused, tried / 3);
    for (std::size_t size = 0; size < good.size(); size += 101) {
        std::ofstream(file, std::ios::binary) << good.substr(0, size);
        const auto rows = scan(*columns, "news");
        ASSERT_FALSE(rows) << size;
        EXPECT_EQ(rows.error().code, Code::Corrupt);
    }
    fs::remove(file);
    EXPECT_EQ(scan(*columns, "news").error().code, Code::Corrupt);
}

TEST(ParquetColumns, SaysThatTheDiskRefuses) {
    const testing::TempFolder folder;
    Rng rng(9);
    auto columns = open_columns(folder.path());
    fs::remove_all(folder.path() / "predictions");
    std::ofstream(folder.path() / "predictions") << "a file stands in the way";
    const auto refused = columns->write_segment(1, {days_of_rows(1, 3, rng), {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unavailable);
    EXPECT_FALSE(columns->has_segment(1).value());
    EXPECT_EQ(ParquetColumns::open("/dev/null/columns").error().code, Code::Unavailable);
}

TEST(ParquetColumns, EndsTheScanWithTheVisitorsError) {
    const testing::TempFolder folder;
    Rng rng(10);
    auto columns = open_columns(folder.path());
    ASSERT_TRUE(columns->write_segment(1, {days_of_rows(1, 3, rng), {}}));
    int visits = 0;
    const auto ended =
        columns->scan_predictions("news", kAllTimes, RowParts::Light, [&](const Prediction&) {
            ++visits;
            return Result<void>(make_error(Code::Cancelled, "Enough"));
        });
    EXPECT_EQ(ended.error().message, "Enough");
    EXPECT_EQ(visits, 1);
}

TEST(PartitionList, RefusesAFileThatIsNotOfItsTable) {
    PartitionFile file;
    file.table = "feedback";
    file.path = partition_path(file.table, "..", {}, unit_name({7}));
    ASSERT_TRUE(decode_list(encode_list({{7}, {file}})));
    for (const char* path :
         {"", "/etc/passwd", "feedback/../../x", "feedback/./x", "predictions/x", "feedback//x"}) {
        file.path = path;
        EXPECT_FALSE(decode_list(encode_list({{7}, {file}}))) << path;
    }
    file.table = kPayloadFile;
    file.path = "payloads/x";
    ASSERT_TRUE(decode_list(encode_list({{7}, {file}})));
    file.path = "payload/x";
    EXPECT_FALSE(decode_list(encode_list({{7}, {file}})));
    file.path = "secrets/x";
    file.table = "secrets";
    EXPECT_FALSE(decode_list(encode_list({{7}, {file}})));
}

TEST(PartitionList, KeepsAnIndexOfIdsInTheFolderOfItsTableUnderANameThatReadersPassOver) {
    PartitionFile file{.table = "feedback"};
    file.path = partition_path(file.table, "m", sample_day(0), unit_name({7}));
    file.ids = IdFile{.path = ids_path(file.path, 0xAB), .bytes = 9};
    EXPECT_EQ(file.ids->path, "feedback/model=m/day=2017-03-01/_000000000007-00000000000000ab.ids");
    EXPECT_EQ(decode_list(encode_list({{7}, {file}}))->files.front(), file);
    for (const char* path : {"predictions/x.ids", "feedback/../x.ids", "/etc/passwd"}) {
        file.ids->path = path;
        EXPECT_FALSE(decode_list(encode_list({{7}, {file}}))) << path;
    }
    file.ids = IdFile{};
    EXPECT_EQ(decode_list(encode_list({{7}, {file}}))->files.front(), file);
}

/// The wheel's libparquet exports an OpenSSL of its own (decision 0026).
TEST(ParquetColumns, LeavesCryptographyToTheSystem) {
    Dl_info where{};
    ASSERT_NE(::dladdr(::dlsym(RTLD_DEFAULT, "EVP_MD_fetch"), &where), 0);
    EXPECT_NE(std::string_view(where.dli_fname).find("libcrypto"), std::string_view::npos)
        << where.dli_fname;
}

}  // namespace
}  // namespace flywheel
