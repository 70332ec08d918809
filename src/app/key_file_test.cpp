// SPDX-License-Identifier: Apache-2.0
#include "app/key_file.h"

#include <fstream>

#include <gtest/gtest.h>

#include "temp_folder.h"

namespace flywheel::app {
namespace {

namespace fs = std::filesystem;

TEST(KeyFile, IsMadeOnceForItsOwnerOnly) {
    const testing::TempFolder folder;
    const auto file = folder.path() / "keys" / "capture.key";
    const auto key = read_or_make_key(file);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->size(), 32U);
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(fs::status(file.parent_path()).permissions(), fs::perms::owner_all);
    EXPECT_EQ(*read_or_make_key(file), *key);
    EXPECT_NE(*read_or_make_key(folder.path() / "keys" / "other.key"), *key);
}

TEST(KeyFile, IsRefusedWhenOthersMayReadIt) {
    const testing::TempFolder folder;
    const auto file = folder.path() / "keys" / "capture.key";
    ASSERT_TRUE(read_or_make_key(file));
    fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
    EXPECT_EQ(read_or_make_key(file).error().code, Code::Conflict);
}

TEST(KeyFile, IsRefusedWhenItIsCut) {
    const testing::TempFolder folder;
    const auto file = folder.path() / "keys" / "capture.key";
    ASSERT_TRUE(read_or_make_key(file));
    fs::resize_file(file, 31);
    EXPECT_EQ(read_or_make_key(file).error().code, Code::Corrupt);
}

}  // namespace
}  // namespace flywheel::app
