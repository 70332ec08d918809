// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace flywheel {
namespace {

// RFC 4648, section 10, without the padding.
TEST(Secret, Base64urlIsThatOfTheStandard) {
    EXPECT_EQ(base64url(""), "");
    EXPECT_EQ(base64url("f"), "Zg");
    EXPECT_EQ(base64url("fo"), "Zm8");
    EXPECT_EQ(base64url("foo"), "Zm9v");
    EXPECT_EQ(base64url("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64url("\xFB\xFF\xBF"), "-_-_");
}

TEST(Secret, ThirtyTwoBytesAreFortyThreeCharactersAndNeverTheSame) {
    const std::string first = random_secret(32);
    EXPECT_EQ(first.size(), 43U);
    EXPECT_NE(first, random_secret(32));
    EXPECT_TRUE(std::all_of(first.begin(), first.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_';
    }));
}

TEST(Secret, ComparesContentAndLength) {
    EXPECT_TRUE(same_secret("abc", "abc"));
    EXPECT_FALSE(same_secret("abc", "abd"));
    EXPECT_FALSE(same_secret("abc", "abcd"));
    EXPECT_TRUE(same_secret("", ""));
}

}  // namespace
}  // namespace flywheel
