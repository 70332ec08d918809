// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <unordered_set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/rng.h"

namespace flywheel {
namespace {

struct Thing;
using ThingId = Id<Thing>;

Time some_time() {
    return *parse_time("2022-02-22T19:22:22Z");  // RFC 9562, appendix A.6
}

TEST(Uuid, CarriesTimeVersionAndVariantWhereTheRfcPutsThem) {
    Rng rng(1);
    const auto text = Uuid::random(some_time(), rng).text();
    EXPECT_EQ(text.size(), 36U);
    EXPECT_EQ(text.substr(0, 13), "017f22e2-79b0");
    EXPECT_EQ(text[14], '7');
    EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos);
}

TEST(Uuid, ReadsBothCasesAndWritesLowerCase) {
    const auto id = Uuid::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->text(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    EXPECT_EQ(id->time(), some_time());
}

TEST(Uuid, KnowsItsOwnText) {
    const auto id = Uuid::parse("0193a5c8-9c00-7abc-8def-0123456789ab").value();
    EXPECT_TRUE(id.is_text(id.text()));
    EXPECT_FALSE(id.is_text("0193A5C8-9C00-7ABC-8DEF-0123456789AB"));
    EXPECT_FALSE(id.is_text(id.with_row(1).text()));
    EXPECT_FALSE(id.is_text(""));
}

TEST(Uuid, RefusesWhatIsNotAUuid) {
    const std::string_view rows[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
    };
    for (const auto row : rows) {
        SCOPED_TRACE(row);
        ASSERT_FALSE(Uuid::parse(row));
        EXPECT_EQ(Uuid::parse(row).error().code, Code::InvalidArgument);
    }
}

TEST(Uuid, SortsByTime) {
    Rng rng(2);
    auto before = Uuid::random(some_time(), rng);
    for (int i = 1; i <= 100; ++i) {
        const auto after = Uuid::random(some_time() + std::chrono::milliseconds(i), rng);
        EXPECT_LT(before, after);
        EXPECT_LT(before.text(), after.text());
        before = after;
    }
}

TEST(Uuid, DerivedFromOneKeyIsAlwaysTheSame) {
    EXPECT_EQ(Uuid::derived(some_time(), "turn 3"), Uuid::derived(some_time(), "turn 3"));
    EXPECT_NE(Uuid::derived(some_time(), "turn 3"), Uuid::derived(some_time(), "turn 4"));
    EXPECT_EQ(Uuid::derived(some_time(), "turn 3").time(), some_time());
}

TEST(Uuid, RowTakesTheLowestSixteenBits) {
    Rng rng(3);
    const auto base = Uuid::random(some_time(), rng);
    const auto row = base.with_row(0xBEEF);
    EXPECT_EQ(row.row(), 0xBEEF);
    EXPECT_EQ(row.text().substr(0, 32), base.text().substr(0, 32));
    EXPECT_EQ(row.text().substr(32), "beef");
    EXPECT_EQ(row.with_row(base.row()), base);
}

RC_GTEST_PROP(Uuid, ReadsBackItsText, (std::uint64_t seed)) {
    Rng rng(seed);
    const auto time =
        Time(std::chrono::milliseconds(*rc::gen::inRange<std::int64_t>(0, 1LL << 47)));
    const auto id = ThingId::random(time, rng);
    RC_ASSERT(*ThingId::parse(id.text()) == id);
    RC_ASSERT(id.uuid.time() == time);
    RC_ASSERT(!id.is_zero());
}

TEST(Id, HashesApartInAContainer) {
    Rng rng(4);
    std::unordered_set<ThingId> seen;
    std::unordered_set<std::size_t> hashes;
    for (int i = 0; i < 10'000; ++i) {
        const auto id = ThingId::random(some_time(), rng);
        EXPECT_TRUE(seen.insert(id).second);
        hashes.insert(std::hash<ThingId>{}(id));
    }
    EXPECT_EQ(hashes.size(), 10'000U);
}

}  // namespace
}  // namespace flywheel
