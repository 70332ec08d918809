// SPDX-License-Identifier: Apache-2.0
// What becomes of payloads when the columns forget and when they are merged.
#include <filesystem>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "ports/columns/parquet/parquet_columns.h"
#include "ports/columns/sample_rows.h"
#include "temp_folder.h"

namespace flywheel {
namespace {

using testing::sample_day;

Payload payload_of(std::string bytes, int day) {
    return {
        .digest = sha256(bytes),
        .model = "news",
        .media_type = std::string(kTextPayload),
        .bytes = std::move(bytes),
        .first_seen = sample_day(day) + std::chrono::hours(1)
    };
}

std::string large(char c) {
    return std::string(Payload::kInTableBytesMax + 1, c);
}

/// How often each payload is found.
std::map<std::string, int> payloads_in(const Columns& columns) {
    std::map<std::string, int> found;
    const PayloadsWanted all{
        .model = "news", .days = {Time::min(), Time::max()}, .digests = {}, .every = true
    };
    const auto read = columns.find_payloads(all, [&](Payload&& payload) {
        EXPECT_EQ(sha256(payload.bytes), payload.digest);
        ++found[payload.bytes];
        return Result<void>();
    });
    EXPECT_TRUE(read) << read.error().message;
    return found;
}

/// Days 0 and 1; "same" is of both days and stands there twice on day 0.
struct PayloadWorld {
    testing::TempFolder folder;
    std::unique_ptr<Columns> columns = ParquetColumns::open(folder.path()).value();

    PayloadWorld() {
        EXPECT_TRUE(columns->write_segment(1, {{}, {}, {payload_of("same", 0), payload_of("a", 0)}})
        );
        EXPECT_TRUE(
            columns->write_segment(2, {{}, {}, {payload_of("same", 0), payload_of(large('x'), 0)}})
        );
        EXPECT_TRUE(
            columns->write_segment(3, {{}, {}, {payload_of("same", 1), payload_of(large('y'), 1)}})
        );
    }

    void reopen() {
        columns.reset();
        columns = ParquetColumns::open(folder.path()).value();
    }

    [[nodiscard]] std::size_t large_files() const {
        std::size_t files = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
            files += entry.path().extension() == ".payload" ? 1 : 0;
        }
        return files;
    }
};

TEST(PayloadUpkeep, PayloadsAreThereAfterTheFolderIsOpenedAgain) {
    PayloadWorld world;
    const auto before = payloads_in(*world.columns);
    EXPECT_EQ(before.size(), 4U);
    world.reopen();
    EXPECT_EQ(payloads_in(*world.columns), before);
}

TEST(PayloadUpkeep, AMergeKeepsOneCopyOfADayAndLargeOnesWhereTheyAre) {
    PayloadWorld world;
    ASSERT_TRUE(world.columns->merge(sample_day(2)));
    for (int pass = 0; pass < 2; ++pass) {
        const auto found = payloads_in(*world.columns);
        EXPECT_EQ(found.size(), 4U);
        EXPECT_EQ(found.at("same"), 2) << "one a day";
        EXPECT_EQ(found.at(large('x')), 1);
        EXPECT_EQ(world.large_files(), 2U);
        world.reopen();
    }
}

TEST(PayloadUpkeep, PayloadsOfDaysThatAreOverGoWithTheirFiles) {
    for (const bool merged : {false, true}) {
        PayloadWorld world;
        if (merged) {
            ASSERT_TRUE(world.columns->merge(sample_day(2)));
        }
        ASSERT_TRUE(world.columns->strip(ShortLived::Payload, sample_day(1)));
        const std::map<std::string, int> left = {{"same", 1}, {large('y'), 1}};
        EXPECT_EQ(payloads_in(*world.columns), left);
        EXPECT_EQ(world.large_files(), 1U);
        ASSERT_TRUE(world.columns->expire(sample_day(2)));
        EXPECT_TRUE(payloads_in(*world.columns).empty());
        EXPECT_EQ(world.large_files(), 0U);
    }
}

TEST(PayloadUpkeep, OnlyThePayloadsThatShallGoAreRemoved) {
    for (const bool merged : {false, true}) {
        PayloadWorld world;
        if (merged) {
            ASSERT_TRUE(world.columns->merge(sample_day(2)));
        }
        const std::set<Digest> gone = {sha256("same"), sha256(large('x'))};
        RowsToRemove remove;
        remove.payload = [&](const Payload& payload) {
            EXPECT_EQ(payload.model, "news");
            return gone.contains(payload.digest) && payload.first_seen < sample_day(1);
        };
        const auto done = world.columns->remove(remove);
        ASSERT_TRUE(done);
        EXPECT_EQ(done->payloads_removed, merged ? 2U : 3U);
        const std::map<std::string, int> left = {{"a", 1}, {"same", 1}, {large('y'), 1}};
        EXPECT_EQ(payloads_in(*world.columns), left);
        EXPECT_EQ(world.large_files(), 1U);
        world.reopen();
        EXPECT_EQ(payloads_in(*world.columns), left);
    }
}

}  // namespace
}  // namespace flywheel
