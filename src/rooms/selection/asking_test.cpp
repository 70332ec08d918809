// SPDX-License-Identifier: Apache-2.0
#include "rooms/selection/asking.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ports/ledger/sqlite/sqlite_ledger.h"

namespace flywheel::selection {
namespace {

Digest example(Ledger& ledger, const std::string& text) {
    Example example;
    example.id = sha256(text);
    example.group = sha256("group of " + text);
    example.payload = text;
    CHECK(ledger.insert(table_of<Example>(), to_row(example)));
    return example.id;
}

TEST(AskAbout, AsksOnceAboutEachInTheirOrder) {
    const auto ledger = sqlite::open_in_memory().value();
    const std::vector<Digest> items = {
        example(*ledger, "x"), example(*ledger, "y"), example(*ledger, "z")
    };
    Writer<LabelTask> tasks(*ledger);
    const Reader<Example> examples(*ledger);
    const Time now(std::chrono::hours(9));
    const auto asked = ask_about(examples, tasks, "news", {items[1], items[0], items[1]}, now);
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(*asked, 2);
    EXPECT_EQ(ask_about(examples, tasks, "news", items, now + Duration(1)).value(), 1);
    const auto all = tasks.reader().select(Where<LabelTask>().order(&LabelTask::rank)).value();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].item, items[1]);
    EXPECT_EQ(all[1].item, items[0]);
    EXPECT_EQ(all[2].item, items[2]);
    EXPECT_EQ(all[2].rank, 2);
    EXPECT_EQ(all[0].group, sha256("group of y"));
    EXPECT_EQ(all[0].arm, Arm::Forced);
    EXPECT_EQ(all[0].turn, Id<Turn>());
    EXPECT_FALSE(all[0].holdout);
    EXPECT_EQ(ask_about(examples, tasks, "mail", items, now).value(), 3);
    EXPECT_EQ(
        ask_about(examples, tasks, "news", {sha256("nothing")}, now).error().code, Code::NotFound
    );
}

}  // namespace
}  // namespace flywheel::selection
