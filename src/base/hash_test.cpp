// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flywheel {
namespace {

TEST(Sha256, GivesThePublishedDigests) {
    struct Row {
        std::string bytes;
        std::string_view hex;
    };

    // FIPS 180-2, appendix B, and the empty message.
    const Row rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {std::string(1'000'000, 'a'),
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.hex);
        EXPECT_EQ(sha256(row.bytes).hex(), row.hex);
    }
}

TEST(Xxh3, NeverChanges) {
    // Values of the reference implementation. Splits and buckets hang on them.
    EXPECT_EQ(xxh3(""), 0x2D06800538D394C2ULL);
    EXPECT_EQ(xxh3("abc"), 0x78AF5F94892F3950ULL);
    EXPECT_NE(xxh3("abc", 1), xxh3("abc"));
    EXPECT_NE(xxh3("abd"), xxh3("abc"));
}

TEST(UnitInterval, StaysBelowOne) {
    EXPECT_EQ(unit_interval(0), 0.0);
    EXPECT_EQ(unit_interval(1ULL << 63U), 0.5);
    EXPECT_LT(unit_interval(~0ULL), 1.0);
}

TEST(Digest, RefusesWhatIsNotSixtyFourLowerCaseDigits) {
    const std::string good(64, 'a');
    ASSERT_TRUE(Digest::parse(good));
    const std::string rows[] = {
        "",
        good.substr(1),
        good + "a",
        std::string(64, 'A'),
        std::string(63, 'a') + "g",
        std::string(63, 'a') + " ",
        "0x" + good.substr(2)
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row);
        const auto digest = Digest::parse(row);
        ASSERT_FALSE(digest);
        EXPECT_EQ(digest.error().code, Code::InvalidArgument);
    }
}

TEST(Digest, IsZeroUntilItIsSet) {
    EXPECT_TRUE(Digest{}.is_zero());
    EXPECT_FALSE(sha256("").is_zero());
}

RC_GTEST_PROP(Digest, ReadsBackItsHexadecimalForm, (const std::string& bytes)) {
    const Digest digest = sha256(bytes);
    RC_ASSERT(*Digest::parse(digest.hex()) == digest);
    RC_ASSERT(DigestHash{}(digest) == DigestHash{}(*Digest::parse(digest.hex())));
}

}  // namespace
}  // namespace flywheel
