// SPDX-License-Identifier: Apache-2.0
#include "rooms/compression/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hand_engine.h"
#include "ports/ledger/faulty_ledger.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "rooms/compression/compression.h"

namespace flywheel::compression {
namespace {

using ::testing::HasSubstr;

const Time kNow = parse_time("2026-03-01").value();

struct World {
    std::unique_ptr<Ledger> ledger = sqlite::open_in_memory().value();
    testing::HandEngine engine;
    testing::MemoryVault vault;
    Compression compression{engine, vault, Writer<ModelVersion>(*ledger)};

    [[nodiscard]] ImportedArtefact artefact(const std::string& bytes = "0.5,0.5") const {
        return {
            .model = "m",
            .engine = &engine,
            .artefact = bytes,
            .labels = {"a", "b"},
            .card = "",
            .licence = "MIT",
            .origin = "file m.safetensors",
            .who = "kim",
            .now = kNow
        };
    }

    std::vector<ModelVersion> versions() { return Reader<ModelVersion>(*ledger).select().value(); }
};

TEST(ImportVersion, MakesTheNextVersionOfAnArtefactAsItIs) {
    World world;
    const auto first = world.compression.import_version(world.artefact()).value();
    const auto second = world.compression.import_version(world.artefact("0.25,0.75")).value();
    EXPECT_EQ(first.number, 1);
    EXPECT_EQ(second.number, 2);
    EXPECT_EQ(world.vault.get(second.artefact).value(), "0.25,0.75");
    EXPECT_EQ(second.engine, "hand");
    EXPECT_EQ(second.bytes, 9);
    EXPECT_TRUE(second.run.is_zero());
    EXPECT_TRUE(second.prior.empty());
    const auto card = world.vault.get(second.card).value();
    EXPECT_THAT(card, HasSubstr("license: MIT"));
    EXPECT_THAT(card, HasSubstr("file m.safetensors"));
    EXPECT_THAT(second.verification.text, HasSubstr("\"who\":\"kim\""));
}

TEST(ImportVersion, FindsTheVersionThatTheSameBytesMade) {
    World world;
    const auto first = world.compression.import_version(world.artefact()).value();
    world.compression.import_version(world.artefact("0.25,0.75")).value();
    auto again = world.artefact();
    again.now += std::chrono::hours(1);
    EXPECT_EQ(world.compression.import_version(again)->id, first.id);
    again.number = 1;
    EXPECT_EQ(world.compression.import_version(again)->id, first.id);
    EXPECT_EQ(world.versions().size(), 2U);
    again.labels = {"b", "a"};  // another meaning is another version
    again.number = 0;
    EXPECT_EQ(world.compression.import_version(again)->number, 3);
}

TEST(ImportVersion, TakesTheNumberThatWasAskedForUnlessItIsTaken) {
    World world;
    auto wanted = world.artefact();
    wanted.number = 7;
    EXPECT_EQ(world.compression.import_version(wanted)->number, 7);
    EXPECT_EQ(world.compression.import_version(world.artefact("0.25,0.75"))->number, 8);
    wanted.artefact = "0.1,0.9";
    const auto taken = world.compression.import_version(wanted);
    EXPECT_EQ(taken.error().code, Code::Conflict);
    EXPECT_THAT(taken.error().message, HasSubstr("version 7"));
}

TEST(ImportVersion, KeepsTheCardThatCameWithIt) {
    World world;
    auto wanted = world.artefact();
    wanted.card = "# mine\n";
    const auto version = world.compression.import_version(wanted).value();
    EXPECT_EQ(world.vault.get(version.card).value(), "# mine\n");
}

TEST(ImportVersion, RefusesWhatCannotBeServed) {
    struct Row {
        std::string what;
        std::string words;
        std::function<void(ImportedArtefact&)> change;
    };

    for (const auto& row : {
             Row{"name", "name has", [](auto& one) { one.model = "../m"; }},
             Row{"no name", "name has", [](auto& one) { one.model = ""; }},
             Row{"number", "number from", [](auto& one) { one.number = kGreatestVersion + 1; }},
             Row{"negative", "number from", [](auto& one) { one.number = -1; }},
             Row{"labels", "one label a class", [](auto& one) { one.labels = {"a"}; }},
             Row{"twice", "different", [](auto& one) { one.labels = {"a", "a"}; }},
             Row{"empty label", "not empty", [](auto& one) { one.labels = {"a", ""}; }},
             Row{"bytes", "damaged", [](auto& one) { one.artefact = "x"; }},
         }) {
        SCOPED_TRACE(row.what);
        World world;
        auto wanted = world.artefact();
        row.change(wanted);
        const auto refused = world.compression.import_version(wanted);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr(row.words));
        EXPECT_TRUE(world.versions().empty());
    }
}

TEST(ImportVersion, AModelOverTensorsNeedsNoLabels) {
    World world;
    auto wanted = world.artefact("echo FP32 4");
    wanted.labels.clear();
    EXPECT_EQ(world.compression.import_version(wanted)->number, 1);
}

TEST(ImportVersion, ReachesTheSameEndWhicheverLedgerCallFails) {
    for (int call = 1;; ++call) {
        SCOPED_TRACE(call);
        World world;
        FaultyLedger faulty(*world.ledger, {.fail_at = call});
        Compression shaky(world.engine, world.vault, Writer<ModelVersion>(faulty));
        const bool whole = shaky.import_version(world.artefact()).has_value();
        const auto again = world.compression.import_version(world.artefact());
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(again->number, 1);
        EXPECT_EQ(world.versions().size(), 1U);
        if (whole) {
            EXPECT_GT(call, 4);
            break;
        }
    }
}

}  // namespace
}  // namespace flywheel::compression
