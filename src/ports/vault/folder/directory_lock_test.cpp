// SPDX-License-Identifier: Apache-2.0
#include "ports/vault/folder/directory_lock.h"

#include <csignal>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp_folder.h"

namespace flywheel::folder {

namespace {

using ::testing::HasSubstr;

TEST(DirectoryLock, RefusesASecondHolderAndNamesTheFirst) {
    const testing::TempFolder folder;
    const auto held = DirectoryLock::take(folder.path());
    ASSERT_TRUE(held);
    const auto refused = DirectoryLock::take(folder.path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("process " + std::to_string(getpid())));
    EXPECT_THAT(refused.error().message, HasSubstr(folder.path().string()));
}

TEST(DirectoryLock, IsFreeAgainAfterItsHolder) {
    const testing::TempFolder folder;
    {
        const auto held = DirectoryLock::take(folder.path());
        ASSERT_TRUE(held);
    }
    EXPECT_TRUE(DirectoryLock::take(folder.path()));
}

TEST(DirectoryLock, IsFreeAgainWhenItsHolderIsKilled) {
    const testing::TempFolder folder;
    const pid_t child = fork();
    if (child == 0) {
        const auto held = DirectoryLock::take(folder.path());
        std::raise(held ? SIGKILL : SIGTERM);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_EQ(WTERMSIG(status), SIGKILL);
    EXPECT_TRUE(DirectoryLock::take(folder.path()));
}

TEST(DirectoryLock, NeedsADirectory) {
    EXPECT_EQ(DirectoryLock::take("/nowhere/at/all").error().code, Code::NotFound);
}

}  // namespace

}  // namespace flywheel::folder
