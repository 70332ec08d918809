// SPDX-License-Identifier: Apache-2.0
// What the ledger says when the world fails it: full disk, locks, rights, damaged bytes, a killed
// process.
#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports/ledger/sqlite/connection.h"
#include "ports/ledger/sqlite/sqlite_ledger.h"
#include "records/turn.h"
#include "temp_folder.h"

namespace flywheel::sqlite {

namespace {

using ::testing::HasSubstr;

TurnStep step_of(std::int64_t n, std::size_t bytes = 2) {
    TurnStep made;
    made.id = sha256(std::to_string(n));
    made.turn = Id<Turn>::derived(Time(), "turn");
    made.name = std::to_string(n);
    made.output.text = std::string(bytes, '1');
    return made;
}

/// Inserts big rows until one fails; that error.
Error fill(const Writer<TurnStep>& writer) {
    for (int n = 0; n < 1000; ++n) {
        auto inserted = writer.insert(step_of(n, 4096));
        if (!inserted) {
            return std::move(inserted).error();
        }
    }
    return internal_error("The ledger never became full");
}

TEST(LedgerFaults, AFullDiskIsSaidAndNothingBrokenIsKept) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    {
        auto ledger = *open(path, {.pages_max = 120});
        const auto full = fill(Writer<TurnStep>(*ledger));
        EXPECT_EQ(full.code, Code::Unavailable);
        EXPECT_THAT(full.message, HasSubstr("The disk is full"));
        EXPECT_GT(*Reader<TurnStep>(*ledger).count(), 0) << "reading goes on";
    }
    auto ledger = *open(path);
    const Writer<TurnStep> writer(*ledger);
    const auto before = *writer.reader().count();
    ASSERT_TRUE(writer.insert(step_of(5000, 4096)));
    EXPECT_EQ(*writer.reader().count(), before + 1);
}

TEST(LedgerFaults, AFullDiskInATransactionUndoesAllOfIt) {
    const testing::TempFolder folder;
    auto ledger = *open(folder.path() / "ledger.db", {.pages_max = 120});
    const Writer<TurnStep> writer(*ledger);
    {
        auto transaction = *writer.begin();
        const auto full = fill(writer);
        EXPECT_EQ(full.code, Code::Unavailable);
        const auto commit = transaction->commit();
        const auto kept = *writer.reader().count();
        EXPECT_TRUE(commit.has_value() ? kept > 0 : kept == 0) << "all of it or nothing";
    }
    auto transaction = *writer.begin();
    EXPECT_EQ(fill(writer).code, Code::Unavailable);
    transaction.reset();
    EXPECT_TRUE(writer.begin().has_value()) << "the next transaction starts clean";
}

TEST(LedgerFaults, ALockOfAnotherProcessIsSaid) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    auto ledger = *open(path, {.busy_timeout = std::chrono::milliseconds(1)});
    const Writer<TurnStep> writer(*ledger);
    ASSERT_TRUE(writer.insert(step_of(1)));
    auto other = *Connection::open(path, OpenMode::ReadWrite, std::chrono::milliseconds(0));
    ASSERT_TRUE(other->run("begin immediate"));
    const auto refused = writer.insert(step_of(2));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("Another process holds the ledger's lock"));
    EXPECT_EQ(writer.begin().error().code, Code::Unavailable);
    EXPECT_EQ(*writer.reader().count(), 1) << "reading goes on";
    ASSERT_TRUE(other->run("rollback"));
    EXPECT_TRUE(writer.insert(step_of(2)));
}

TEST(LedgerFaults, AMissingDirectoryIsSaid) {
    const auto refused = open("/nowhere/at/all/ledger.db");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("/nowhere/at/all/ledger.db"));
    EXPECT_THAT(refused.error().message, HasSubstr("check that its directory exists"));
}

TEST(LedgerFaults, BytesThatAreNoLedgerAreRefused) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    std::ofstream(path) << std::string(8192, 'x');
    const auto refused = open(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Corrupt);
    EXPECT_THAT(refused.error().message, HasSubstr("not a ledger"));
}

TEST(LedgerFaults, DamagedPagesAreSaid) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    {
        auto ledger = *open(path);
        const Writer<TurnStep> writer(*ledger);
        auto transaction = *writer.begin();
        for (int n = 0; n < 200; ++n) {
            ASSERT_TRUE(writer.insert(step_of(n, 3000)));
        }
        ASSERT_TRUE(transaction->commit());
    }
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path));
        for (std::int64_t at = 40 * 4096L; at + 4096 <= size; at += 4096) {
            file.seekp(at);
            file << std::string(64, '\xFF');
        }
    }
    // Either opening meets the damage or the first read does.
    const auto read = [&]() -> Result<std::vector<TurnStep>> {
        const auto ledger = TRY(open(path));
        return Reader<TurnStep>(*ledger).select();
    };
    const auto rows = read();
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, Code::Corrupt);
}

/// Runs `body` in a child process and gives its exit status as waitpid does.
int in_child(const std::function<void()>& body) {
    const pid_t child = fork();
    if (child == 0) {
        body();
        std::_Exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

TEST(LedgerFaults, AReadOnlyDirectoryIsSaid) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    ASSERT_TRUE(open(path));
    namespace fs = std::filesystem;
    fs::permissions(path, static_cast<fs::perms>(0444));
    fs::permissions(folder.path(), static_cast<fs::perms>(0555));
    const int status = in_child([&] {
        // Root may write anywhere; as nobody the rights count.
        if (geteuid() == 0 && setuid(65534) != 0) {
            std::_Exit(3);
        }
        const auto refused = open(path);
        std::_Exit(!refused && refused.error().code == Code::Unavailable ? 0 : 1);
    });
    fs::permissions(folder.path(), fs::perms::owner_all);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(LedgerFaults, AKilledWriterLosesOnlyItsOpenTransaction) {
    const testing::TempFolder folder;
    const auto path = folder.path() / "ledger.db";
    const int status = in_child([&] {
        auto ledger = *open(path);
        const Writer<TurnStep> writer(*ledger);
        CHECK(writer.insert(step_of(1)).has_value());
        auto transaction = *writer.begin();
        CHECK(writer.insert(step_of(2)).has_value());
        std::raise(SIGKILL);
    });
    ASSERT_TRUE(WIFSIGNALED(status));
    auto ledger = *open(path);
    const Writer<TurnStep> writer(*ledger);
    EXPECT_EQ(*writer.reader().count(), 1);
    EXPECT_TRUE(writer.insert(step_of(2)));
}

}  // namespace

}  // namespace flywheel::sqlite
