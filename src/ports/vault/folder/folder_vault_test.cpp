// SPDX-License-Identifier: Apache-2.0
#include "ports/vault/folder/folder_vault.h"

#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports/vault/faulty_vault.h"
#include "ports/vault/folder/file.h"
#include "temp_folder.h"

namespace flywheel::folder {

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::size_t files_below(const fs::path& root) {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        files += entry.is_regular_file() ? 1 : 0;
    }
    return files;
}

void overwrite(const fs::path& path, std::string_view bytes) {
    fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
    std::ofstream(path, std::ios::binary) << bytes;
}

class FolderVaultTest : public ::testing::Test {
  protected:
    testing::TempFolder folder;
    fs::path root = folder.path() / "vault";
    std::unique_ptr<Vault> vault = *open(root);
};

TEST_F(FolderVaultTest, GivesBackWhatWasPut) {
    const auto digest = vault->put("weights");
    ASSERT_TRUE(digest);
    EXPECT_EQ(*digest, sha256("weights"));
    EXPECT_EQ(*vault->get(*digest), "weights");
    EXPECT_TRUE(*vault->has(*digest));
    const auto hex = digest->hex();
    EXPECT_EQ(*vault->path_of(*digest), root / "objects" / hex.substr(0, 2) / hex.substr(2));
}

TEST_F(FolderVaultTest, SaysWhatIsNotThere) {
    const auto absent = sha256("absent");
    EXPECT_FALSE(*vault->has(absent));
    EXPECT_EQ(vault->get(absent).error().code, Code::NotFound);
    EXPECT_EQ(vault->path_of(absent).error().code, Code::NotFound);
    EXPECT_THAT(vault->get(absent).error().message, HasSubstr(absent.hex()));
}

TEST_F(FolderVaultTest, KeepsOneFileForTheSameBytes) {
    ASSERT_TRUE(vault->put("same"));
    ASSERT_TRUE(vault->put("same"));
    ASSERT_TRUE(vault->put(""));
    EXPECT_EQ(files_below(root), 2U);
}

TEST_F(FolderVaultTest, RefusesBytesThatDoNotMatchTheirDigest) {
    const auto digest = *vault->put("weights");
    for (const auto* damage : {"weightz", "weigh", ""}) {
        overwrite(*vault->path_of(digest), damage);
        const auto refused = vault->get(digest);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::Corrupt);
        EXPECT_THAT(refused.error().message, HasSubstr(digest.hex().substr(2)));
    }
}

TEST_F(FolderVaultTest, HealsADamagedBlobThatIsPutAgain) {
    const auto digest = *vault->put("weights");
    overwrite(*vault->path_of(digest), "torn");
    ASSERT_TRUE(vault->put("weights"));
    EXPECT_EQ(*vault->get(digest), "weights");
}

TEST_F(FolderVaultTest, RemovesTornTemporariesWhenItOpens) {
    std::ofstream(root / "temporary" / "99999-0") << "half a bl";
    ASSERT_TRUE(open(root));
    EXPECT_EQ(files_below(root), 0U);
}

TEST_F(FolderVaultTest, LeavesTheTemporaryOfALivingWriter) {
    const auto path = root / "temporary" / "99999-0";
    const auto writer = File::open(path, O_WRONLY | O_CREAT);
    ASSERT_EQ(flock(writer->descriptor(), LOCK_EX), 0);
    ASSERT_TRUE(open(root));
    EXPECT_TRUE(fs::exists(path));
}

TEST_F(FolderVaultTest, TakesTheSameBytesFromManyThreads) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            for (int n = 0; n < 20; ++n) {
                const auto bytes = "blob " + std::to_string(n);
                const auto digest = vault->put(bytes);
                CHECK(digest.has_value());
                CHECK(*vault->get(*digest) == bytes);
            }
        });
    }
    threads.clear();
    EXPECT_EQ(files_below(root), 20U);
}

TEST_F(FolderVaultTest, SaysThatItCannotMakeItsFolder) {
    std::ofstream(folder.path() / "file") << "x";
    const auto refused = open(folder.path() / "file");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unavailable);
    EXPECT_EQ(open(folder.path() / "no" / "parent").error().code, Code::NotFound);
}

TEST(VaultErrors, AFullDiskIsSaid) {
    const auto full = error_of(ENOSPC, "write", "/data/vault/temporary/1-0");
    EXPECT_EQ(full.code, Code::Unavailable);
    EXPECT_THAT(full.message, HasSubstr("The disk is full"));
    EXPECT_THAT(full.message, HasSubstr("/data/vault/temporary/1-0"));
}

/// Exit status of `body` (0 = true) in a child process of few rights.
int in_child(const std::function<bool()>& body) {
    const pid_t child = fork();
    if (child == 0) {
        std::_Exit(body() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(FolderVaultTest, AWriteThatDoesNotFitLeavesNothingBehind) {
    const int status = in_child([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{4096, 4096};
        setrlimit(RLIMIT_FSIZE, &limit);
        const auto refused = vault->put(std::string(100000, 'x'));
        return !refused && refused.error().code == Code::Unavailable && vault->put("small");
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(files_below(root), 1U);
}

TEST_F(FolderVaultTest, AReadOnlyFolderIsSaid) {
    const auto digest = *vault->put("weights");
    const auto readable = static_cast<fs::perms>(0555);
    fs::permissions(folder.path(), readable);
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        fs::permissions(entry.path(), readable);
    }
    fs::permissions(root, readable);
    const int status = in_child([&] {
        // Root may write anywhere; as nobody the rights count.
        if (geteuid() == 0 && setuid(65534) != 0) {
            return false;
        }
        const auto refused = vault->put("other");
        const bool said = !refused && refused.error().code == Code::Unavailable;
        return said && vault->get(digest).has_value();
    });
    EXPECT_EQ(status, 0);
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
        fs::permissions(entry.path(), fs::perms::owner_all);
    }
    fs::permissions(folder.path(), fs::perms::owner_all);
}

RC_GTEST_FIXTURE_PROP(FolderVaultTest, AnyBytesComeBack, (const std::string& bytes)) {
    const auto digest = vault->put(bytes);
    RC_ASSERT(digest.has_value());
    RC_ASSERT(*vault->get(*digest) == bytes);
}

TEST_F(FolderVaultTest, FailsAtTheCallThatThePlanNames) {
    const FaultPlan plan{.fail_at = 2};
    FaultyVault faulty(*vault, plan);
    ASSERT_TRUE(faulty.put("one"));
    const auto failed = faulty.put("two");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "Injected fault at call 2");
    EXPECT_FALSE(*faulty.has(sha256("two")));
    EXPECT_TRUE(faulty.get(sha256("one")));
    EXPECT_TRUE(faulty.path_of(sha256("one")));
    EXPECT_EQ(plan.calls->load(), 5);
}

}  // namespace

}  // namespace flywheel::folder
