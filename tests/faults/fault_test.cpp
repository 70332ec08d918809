// SPDX-License-Identifier: Apache-2.0
// Fault tests: call number n of ledger, vault or journal fails, or the process dies there, for
// every n of a whole Turn; a rerun reaches the same end as a run without faults.
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports/journal/faulty_journal.h"
#include "ports/ledger/faulty_ledger.h"
#include "ports/vault/faulty_vault.h"
#include "temp_folder.h"
#include "turns/world.h"

namespace flywheel {
namespace {

using testing::TempFolder;
using testing::World;
using testing::WorldPlan;

constexpr std::size_t kPeriods =
    2;  // the second one has audits, a champion and a correction to judge

WorldPlan small_plan() {
    WorldPlan plan;
    plan.rows = 480;
    plan.label_share = 0.5;
    return plan;
}

/// A project that has turned once and served the next period, and the end a run without faults
/// reaches from there.
struct Prepared {
    TempFolder folder;
    std::filesystem::path start = folder.path() / "start";
    std::string expected;

    Prepared() {
        World world(start, small_plan());
        CHECK(world.open().has_value());
        CHECK(world.run(kPeriods - 1).has_value());
        CHECK(world.serve(kPeriods - 1).has_value());
        world.close();
        const auto copy = copied("expected");
        World straight(copy, small_plan());
        CHECK(straight.open().has_value());
        CHECK(straight.run(kPeriods).has_value());
        expected = straight.fingerprint().value();
    }

    std::filesystem::path copied(const std::string& name) const {
        const auto to = folder.path() / name;
        std::filesystem::remove_all(to);
        std::filesystem::copy(start, to, std::filesystem::copy_options::recursive);
        return to;
    }
};

Prepared& prepared() {
    static Prepared once;
    return once;
}

app::Seams faulty(const FaultPlan& plan) {
    app::Seams seams;
    seams.ledger = [plan](Ledger& inner) { return std::make_unique<FaultyLedger>(inner, plan); };
    seams.vault = [plan](Vault& inner) { return std::make_unique<FaultyVault>(inner, plan); };
    seams.journal = [plan](Journal& inner) { return std::make_unique<FaultyJournal>(inner, plan); };
    return seams;
}

/// The Turn with a fault planned; its error, if one came.
Result<void> run_with(const std::filesystem::path& dir, const FaultPlan& plan) {
    World world(dir, small_plan());
    TRY(world.open(faulty(plan)));
    return world.run(kPeriods);
}

void expect_same_end(const std::filesystem::path& dir, int call) {
    World world(dir, small_plan());
    const auto opened = world.open();
    ASSERT_TRUE(opened) << "after a fault at call " << call << ": " << opened.error().message;
    const auto ran = world.run(kPeriods);
    ASSERT_TRUE(ran) << "after a fault at call " << call << ": " << ran.error().message;
    EXPECT_EQ(world.fingerprint().value(), prepared().expected) << "after a fault at call " << call;
}

int calls_of_a_turn() {
    const FaultPlan plan;  // only counts
    CHECK(run_with(prepared().copied("count"), plan).has_value());
    return plan.calls->load();
}

TEST(Faults, ARerunAfterAFailureAtAnyCallReachesTheSameEnd) {
    const int calls = calls_of_a_turn();
    ASSERT_GT(calls, 50);
    int failed = 0;
    for (int call = 1; call <= calls; ++call) {
        const auto dir = prepared().copied("fault");
        const auto ran = run_with(dir, {.fail_at = call, .mode = FaultMode::Fail});
        if (!ran) {
            ++failed;
            EXPECT_NE(ran.error().message.find("Injected fault"), std::string::npos)
                << ran.error().message;
        }
        expect_same_end(dir, call);
        if (::testing::Test::HasFailure()) {
            return;
        }
    }
    EXPECT_GT(failed, calls / 2);
}

TEST(Faults, ARestartAfterDeathAtAnyCallReachesTheSameEnd) {
    const int calls = calls_of_a_turn();
    for (int call = 1; call <= calls; ++call) {
        const auto dir = prepared().copied("kill");
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto ran = run_with(dir, {.fail_at = call, .mode = FaultMode::Kill});
            std::_Exit(ran ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        expect_same_end(dir, call);
        if (::testing::Test::HasFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace flywheel
