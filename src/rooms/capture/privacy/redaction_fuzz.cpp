// SPDX-License-Identifier: Apache-2.0
// Redaction of any bytes by all kinds of rules: what is found is gone for good, what is no UTF-8 is
// not stored, and the rest is as it was. The first line is a pattern of RE2. libFuzzer.

#include "base/text.h"
#include "fuzz_input.h"
#include "rooms/capture/privacy/redaction.h"

namespace flywheel {
namespace {

std::vector<RedactionRule> rules_for(RedactionAction action) {
    std::vector<RedactionRule> rules;
    for (const SensitiveKind kind :
         {SensitiveKind::Email,
          SensitiveKind::Phone,
          SensitiveKind::Card,
          SensitiveKind::Ip,
          SensitiveKind::ResidentNumber}) {
        rules.push_back({.kind = kind, .action = action});
    }
    rules.push_back({.field = "/user/mail", .kind = SensitiveKind::Email, .action = action});
    rules.push_back({.field = "/0", .kind = SensitiveKind::Phone, .action = action});
    return rules;
}

void check_spans(std::string_view text) {
    for (std::size_t kind = 0; kind + 1 < names_of(SensitiveKind()).size(); ++kind) {
        std::size_t end = 0;
        for (const TextSpan span : sensitive_spans(static_cast<SensitiveKind>(kind), text)) {
            CHECK(span.begin >= end && span.begin < span.end && span.end <= text.size());
            CHECK(check_utf8(text.substr(span.begin, span.end - span.begin)).has_value());
            end = span.end;
        }
    }
}

/// Redacts a row and says whether it was stored as it came.
void check_row(const Redaction& redaction, const std::string& text) {
    Prediction row;
    row.payload = text;
    row.payload_digest = sha256(text);
    row.params = text;
    Feedback said;
    said.comment = text;
    const auto outcome = redaction.apply(row);
    static_cast<void>(redaction.apply(said));
    const bool good = check_utf8(text).has_value();
    CHECK(good || text.empty() || (outcome == Redaction::Outcome::Failed && row.payload.empty()));
    CHECK(good || said.comment.empty());
    CHECK(check_utf8(row.payload).has_value() && check_utf8(row.params).has_value());
    CHECK(row.payload.empty() || row.payload_digest == sha256(row.payload));
    if (outcome == Redaction::Outcome::Unchanged) {
        CHECK(row.payload == text && row.params == text);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    testing::FuzzInput input(data, size);
    auto rules = rules_for(static_cast<RedactionAction>(input.choose(3)));
    const std::string pattern(input.line());
    const std::string text(input.rest());
    if (check_utf8(text)) {
        check_spans(text);
    }
    const SecretKey key;
    check_row(Redaction::make(rules, key).value(), text);
    rules.push_back({.kind = SensitiveKind::Pattern, .pattern = pattern});
    if (const auto own = Redaction::make(rules, key)) {
        check_row(*own, text);
    }
    return 0;
}

}  // namespace flywheel
