// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/redaction.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace flywheel {
namespace {

using Kind = SensitiveKind;
using Action = RedactionAction;

std::vector<std::string> found(Kind kind, const std::string& text) {
    std::vector<std::string> all;
    for (const TextSpan span : sensitive_spans(kind, text)) {
        all.push_back(text.substr(span.begin, span.end - span.begin));
    }
    return all;
}

using Texts = std::vector<std::string>;

TEST(SensitiveSpans, FindMailAddresses) {
    EXPECT_EQ(
        found(Kind::Email, "write to a.b+c@mail.example.org."), Texts{"a.b+c@mail.example.org"}
    );
    EXPECT_EQ(found(Kind::Email, "메일은hong@naver.com입니다"), Texts{"hong@naver.com"});
    EXPECT_EQ(found(Kind::Email, "홍길동@naver.com"), Texts{"홍길동@naver.com"});
    EXPECT_EQ(found(Kind::Email, "x@y.kr,z@w.kr"), (Texts{"x@y.kr", "z@w.kr"}));
    EXPECT_TRUE(found(Kind::Email, "@ a@ @b.kr a@b a@b. 3@4.5").empty());
}

TEST(SensitiveSpans, FindCardNumbersByTheirLuhnSum) {
    EXPECT_EQ(found(Kind::Card, "card 4111 1111 1111 1111 ok"), Texts{"4111 1111 1111 1111"});
    EXPECT_EQ(found(Kind::Card, "378282246310005"), Texts{"378282246310005"});
    EXPECT_EQ(found(Kind::Card, "5555-5555-5555-4444."), Texts{"5555-5555-5555-4444"});
    EXPECT_EQ(found(Kind::Card, "2026 4111111111111111"), Texts{"4111111111111111"});
    EXPECT_TRUE(found(Kind::Card, "4111 1111 1111 1112").empty()) << "wrong sum";
    EXPECT_TRUE(found(Kind::Card, "94111111111111111").empty()) << "part of a longer number";
    EXPECT_TRUE(found(Kind::Card, "123456789012").empty()) << "too short";
}

TEST(SensitiveSpans, FindResidentNumbersByDateAndCheckDigit) {
    EXPECT_EQ(
        found(Kind::ResidentNumber, "주민번호 900101-1234568 입니다"), Texts{"900101-1234568"}
    );
    EXPECT_EQ(found(Kind::ResidentNumber, "9001011234568"), Texts{"9001011234568"});
    EXPECT_TRUE(found(Kind::ResidentNumber, "900101-1234567").empty()) << "wrong check digit";
    EXPECT_TRUE(found(Kind::ResidentNumber, "901301-1234568").empty()) << "no month 13";
    EXPECT_EQ(found(Kind::ResidentNumber, "201005-3000001"), Texts{"201005-3000001"})
        << "without a check digit since October 2020";
    EXPECT_TRUE(found(Kind::ResidentNumber, "200905-3000001").empty());
    int foreign = 0;
    for (char last = '0'; last <= '9'; ++last) {
        foreign += found(Kind::ResidentNumber, std::string("850315-512345") + last).size() == 1;
    }
    EXPECT_EQ(foreign, 1) << "one check digit is right";
    EXPECT_TRUE(found(Kind::ResidentNumber, "9001-011234568").empty());
}

TEST(SensitiveSpans, FindPhoneNumbers) {
    for (const char* phone :
         {"010-1234-5678",
          "01012345678",
          "02-123-4567",
          "+82 10-1234-5678",
          "+14155550123",
          "(02) 1234-5678",
          "415-555-0123",
          "(415) 555-0123",
          "020 7946 0958"}) {
        EXPECT_EQ(found(Kind::Phone, std::string("call ") + phone + ", now"), Texts{phone})
            << phone;
    }
    for (const char* other :
         {"2017-03-01", "01.02.2017 12:30", "20170301", "1,234,567", "v1.2.3", "1000000000", "+1"
         }) {
        EXPECT_TRUE(found(Kind::Phone, other).empty()) << other;
    }
}

TEST(SensitiveSpans, FindAddressesOfMachines) {
    EXPECT_EQ(found(Kind::Ip, "from 192.168.0.1."), Texts{"192.168.0.1"});
    EXPECT_EQ(found(Kind::Ip, "[2001:db8::1]"), Texts{"2001:db8::1"});
    EXPECT_EQ(found(Kind::Ip, "fe80::1: unreachable"), Texts{"fe80::1"});
    for (const char* other :
         {"256.1.1.1", "1.2.3", "1.2.3.4.5", "12:30:45", "std::string", "a::b"}) {
        if (std::string(other) != "a::b") {  // that is an address as well as a name
            EXPECT_TRUE(found(Kind::Ip, other).empty()) << other;
        }
    }
}

Redaction rules(const std::vector<RedactionRule>& list, std::string_view key = "key") {
    return Redaction::make(list, SecretKey(key)).value();
}

Prediction row_of(const std::string& payload) {
    Prediction row;
    row.payload = payload;
    row.payload_digest = sha256(payload);
    return row;
}

TEST(Redaction, MasksDropsAndHashesBeforeTheAddressIsTaken) {
    struct Row {
        Action action;
        std::string expected;
    };

    const std::string hash = SecretKey("key").hmac("hong@naver.com").hex().substr(0, 32);
    for (const auto& [action, expected] :
         {Row{Action::Mask, "보내기: ************** 끝"},
          Row{Action::Drop, "보내기:  끝"},
          Row{Action::Hash, "보내기: [email:" + hash + "] 끝"}}) {
        Prediction row = row_of("보내기: hong@naver.com 끝");
        EXPECT_EQ(
            rules({{.kind = Kind::Email, .action = action}}).apply(row),
            Redaction::Outcome::Redacted
        );
        EXPECT_EQ(row.payload, expected);
        EXPECT_EQ(row.payload_digest, sha256(expected));
        EXPECT_TRUE(row.redacted);
    }
}

TEST(Redaction, MasksByCodePoints) {
    Prediction row = row_of("홍길동@naver.com!");
    rules({{.kind = Kind::Email}}).apply(row);
    EXPECT_EQ(row.payload, "*************!");
    EXPECT_EQ(code_points(row.payload), code_points("홍길동@naver.com!"));
}

TEST(Redaction, LeavesARowAloneThatHoldsNothing) {
    Prediction row = row_of("nothing to see");
    const Digest digest = row.payload_digest;
    EXPECT_EQ(rules({{.kind = Kind::Email}}).apply(row), Redaction::Outcome::Unchanged);
    EXPECT_EQ(row.payload_digest, digest);
    EXPECT_FALSE(row.redacted);
}

TEST(Redaction, TakesOwnPatternsInLinearTime) {
    Prediction row = row_of("order AB-123456 of 홍길동");
    rules({{.kind = Kind::Pattern, .action = Action::Drop, .pattern = "[A-Z]{2}-\\d{6}"},
           {.kind = Kind::Pattern, .pattern = "홍.동"}})
        .apply(row);
    EXPECT_EQ(row.payload, "order  of ***");
    Prediction evil = row_of(std::string(100'000, 'a'));
    EXPECT_EQ(
        rules({{.kind = Kind::Pattern, .pattern = "(a*)*b"}}).apply(evil),
        Redaction::Outcome::Unchanged
    ) << "a backtracking engine would never come back";
}

TEST(Redaction, DoesNotLetOneRuleSeeWhatAnotherWrote) {
    Prediction row = row_of("a@b.kr 010-1234-5678");
    rules({{.kind = Kind::Email, .action = Action::Hash},
           {.kind = Kind::Pattern, .pattern = "[0-9a-f]{32}"},
           {.kind = Kind::Phone, .action = Action::Drop}}
    ).apply(row);
    EXPECT_EQ(row.payload, "[email:" + SecretKey("key").hmac("a@b.kr").hex().substr(0, 32) + "] ");
}

TEST(Redaction, FollowsJsonPointersAndKeepsTheRest) {
    const auto redaction = rules(
        {{.field = "/user/mail", .kind = Kind::Email}, {.field = "/lines/1", .kind = Kind::Phone}}
    );
    Prediction row =
        row_of(R"({"user":{"mail":"a@b.kr"},"text":"c@d.kr","lines":["02-123-4567","02-123-4567"]})"
        );
    EXPECT_EQ(redaction.apply(row), Redaction::Outcome::Redacted);
    EXPECT_EQ(
        row.payload,
        R"({"lines":["02-123-4567","***********"],"text":"c@d.kr","user":{"mail":"******"}})"
    );
    Prediction absent = row_of(R"({"text":"c@d.kr"})");
    EXPECT_EQ(redaction.apply(absent), Redaction::Outcome::Unchanged);
}

TEST(Redaction, DropsThePayloadAndKeepsTheRowWhenARuleFails) {
    Prediction row = row_of("no JSON: a@b.kr");
    row.label = 3;
    EXPECT_EQ(
        rules({{.field = "/mail", .kind = Kind::Email}}).apply(row), Redaction::Outcome::Failed
    );
    EXPECT_TRUE(row.payload.empty());
    EXPECT_TRUE(row.payload_digest.is_zero());
    EXPECT_TRUE(row.redacted);
    EXPECT_EQ(row.label, 3);
    Prediction broken = row_of("a@b.kr \xFF");
    EXPECT_EQ(rules({{.kind = Kind::Email}}).apply(broken), Redaction::Outcome::Failed);
    EXPECT_TRUE(broken.payload.empty());
}

TEST(Redaction, ForgetsTheAddressOfAPayloadItNeverSaw) {
    Prediction row = row_of("a@b.kr");
    row.payload.clear();
    rules({{.kind = Kind::Email}}).apply(row);
    EXPECT_TRUE(row.payload_digest.is_zero());
}

TEST(Redaction, CoversWhatElsePeopleWrite) {
    Prediction row = row_of("x");
    row.params = R"({"contact":"a@b.kr"})";
    row.error = "bad text of a@b.kr";
    const auto redaction = rules({{.kind = Kind::Email, .action = Action::Drop}});
    redaction.apply(row);
    EXPECT_EQ(row.params, R"({"contact":""})");
    EXPECT_EQ(row.error, "bad text of ");
    Feedback said;
    said.by = "a@b.kr";
    said.comment = "mail c@d.kr";
    redaction.apply(said);
    EXPECT_EQ(said.by, "");
    EXPECT_EQ(said.comment, "mail ");
}

TEST(Redaction, RefusesRulesThatAreWrong) {
    for (const RedactionRule& rule :
         {RedactionRule{.kind = Kind::Pattern, .pattern = "("},
          RedactionRule{.kind = Kind::Pattern, .pattern = ""},
          RedactionRule{.kind = Kind::Pattern, .pattern = "x*"},
          RedactionRule{.kind = Kind::Pattern, .pattern = "(a)\\1"},
          RedactionRule{.kind = Kind::Email, .pattern = "x"},
          RedactionRule{.field = "mail"},
          RedactionRule{.field = ""},
          RedactionRule{.field = "/a~2"}}) {
        const auto refused = Redaction::make({rule}, SecretKey());
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().message.find("redaction rule 1"), 0U) << refused.error().message;
    }
}

RC_GTEST_PROP(Redaction, MaskingKeepsTheLengthAndLeavesNothing, (const std::string& noise)) {
    std::string text;
    for (const char c : noise) {
        text += static_cast<char>(c & 0x7F);
    }
    text += " a@b.kr 4111111111111111 " + text;
    Prediction row = row_of(text);
    const auto redaction = rules({{.kind = Kind::Email}, {.kind = Kind::Card}});
    RC_ASSERT(redaction.apply(row) == Redaction::Outcome::Redacted);
    RC_ASSERT(code_points(row.payload) == code_points(text));
    RC_ASSERT(row.payload.find("a@b.kr") == std::string::npos);
    RC_ASSERT(row.payload.find("4111111111111111") == std::string::npos);
}

TEST(SecretKey, MakesTheDigestsOfTheRfc) {
    EXPECT_EQ(
        SecretKey(std::string(20, '\x0b')).hmac("Hi There").hex(),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    );
    EXPECT_EQ(
        SecretKey("Jefe").hmac("what do ya want for nothing?").hex(),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    EXPECT_EQ(
        SecretKey(std::string(131, '\xaa'))
            .hmac("Test Using Larger Than Block-Size Key - Hash Key First")
            .hex(),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
}

TEST(Redaction, LeavesTensorsOfNumbersAndDropsThoseThatHoldText) {
    const auto redaction =
        Redaction::make({RedactionRule{.kind = SensitiveKind::Email}}, SecretKey()).value();
    Prediction row;
    row.media_type = "application/vnd.flywheel.tensors; header=27";
    row.payload = std::string("{\"inputs\":[{\"datatype\":\"FP32\"}]}\xFF\xFF\0\1", 36);
    const std::string numbers = row.payload;
    EXPECT_EQ(redaction.apply(row), Redaction::Outcome::Unchanged);
    EXPECT_EQ(row.payload, numbers);
    row.payload = "{\"inputs\":[{\"datatype\":\"BYTES\"}]}....ann@example.com";
    EXPECT_EQ(redaction.apply(row), Redaction::Outcome::Failed);
    EXPECT_EQ(row.payload, "");
    EXPECT_TRUE(row.redacted);
}

}  // namespace
}  // namespace flywheel
