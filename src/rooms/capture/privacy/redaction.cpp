// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/redaction.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"
#include "records/payload.h"

namespace flywheel {

namespace {

constexpr std::string_view kWholeText = "text";
constexpr std::size_t kHashDigits = 32;
/// A text that grows beyond this (by hashes) is not kept.
constexpr std::size_t kTextBytesMax = 256U << 10U;

using Outcome = Redaction::Outcome;

Outcome worse(Outcome a, Outcome b) {
    return std::max(a, b);
}

/// The steps of a JSON pointer: "/user/a~1b" -> user, a/b.
Result<std::vector<std::string>> steps_of(std::string_view pointer) {
    std::vector<std::string> steps;
    for (std::size_t at = 0; at < pointer.size(); ++at) {
        const char c = pointer[at];
        if (c == '/') {
            steps.emplace_back();
        } else if (steps.empty()) {
            return invalid_argument("A JSON pointer begins with '/'");
        } else if (c != '~') {
            steps.back() += c;
        } else if (const char next = pointer.substr(at).size() > 1 ? pointer[++at] : '\0';
                   next == '0' || next == '1') {
            steps.back() += next == '0' ? '~' : '/';
        } else {
            return invalid_argument("In a JSON pointer, '~' is written '~0' and '/' '~1'");
        }
    }
    return steps;
}

/// The string that a pointer leads to; null when there is none.
std::string* string_at(Json& json, const std::vector<std::string>& steps) {
    Json* place = &json;
    for (const std::string& step : steps) {
        if (place->is_object() && place->contains(step)) {
            place = &(*place)[step];
        } else if (place->is_array() && !step.empty() && step.size() < 6 &&
                   step.find_first_not_of("0123456789") == std::string::npos) {
            std::size_t index = 0;
            for (const char digit : step) {
                index = index * 10 + static_cast<std::size_t>(digit - '0');
            }
            if (index >= place->size()) {
                return nullptr;
            }
            place = &(*place)[index];
        } else {
            return nullptr;
        }
    }
    return place->is_string() ? place->get_ptr<std::string*>() : nullptr;
}

}  // namespace

Result<Redaction::Rule> Redaction::make_rule(const RedactionRule& rule) {
    Rule made;
    made.kind = rule.kind;
    made.action = rule.action;
    if (rule.field != kWholeText) {
        made.path = TRY(steps_of(rule.field));
        if (made.path.empty()) {
            return invalid_argument("A field is \"text\" or a JSON pointer such as \"/user/mail\"");
        }
    }
    if (rule.kind == SensitiveKind::Pattern) {
        made.pattern = TRY(OwnPattern::compile(rule.pattern));
    } else if (!rule.pattern.empty()) {
        return invalid_argument("A pattern of your own needs kind = \"pattern\"");
    }
    return made;
}

Result<Redaction> Redaction::make(const std::vector<RedactionRule>& rules, SecretKey key) {
    Redaction redaction;
    redaction.key_ = std::move(key);
    for (std::size_t i = 0; i < rules.size(); ++i) {
        auto made = make_rule(rules[i]);
        if (!made) {
            return std::move(made).error().within(fmt::format("redaction rule {}", i + 1));
        }
        redaction.rules_.push_back(*std::move(made));
    }
    return redaction;
}

std::string Redaction::replacement(const Rule& rule, std::string_view found) const {
    if (rule.action == RedactionAction::Drop) {
        return {};
    }
    if (rule.action == RedactionAction::Mask) {
        return std::string(code_points(found), '*');
    }
    return fmt::format(
        "[{}:{}]", enum_name(rule.kind), key_.hmac(found).hex().substr(0, kHashDigits)
    );
}

/// Finds first and replaces then, so that no rule sees what another has written.
Outcome Redaction::redact(std::string& text, const std::vector<const Rule*>& rules) const {
    struct Found {
        TextSpan span;
        const Rule* rule;
    };

    if (!check_utf8(text)) {
        return Outcome::Failed;
    }
    std::vector<Found> found;
    for (const Rule* rule : rules) {
        const auto spans =
            rule->pattern ? rule->pattern->find(text) : sensitive_spans(rule->kind, text);
        if (!spans) {
            return Outcome::Failed;
        }
        for (const TextSpan span : *spans) {
            found.push_back({span, rule});
        }
    }
    if (found.empty()) {
        return Outcome::Unchanged;
    }
    // Of what overlaps, the rule that begins first decides, and the whole stretch goes.
    std::ranges::stable_sort(found, {}, [](const Found& one) { return one.span.begin; });
    std::string redacted;
    std::size_t copied = 0;
    for (std::size_t i = 0; i < found.size();) {
        const Found& first = found[i];
        std::size_t end = first.span.end;
        while (++i < found.size() && found[i].span.begin < end) {
            end = std::max(end, found[i].span.end);
        }
        redacted.append(text, copied, first.span.begin - copied);
        const std::string_view stretch(text.data() + first.span.begin, end - first.span.begin);
        redacted += replacement(*first.rule, stretch);
        copied = end;
    }
    redacted.append(text, copied);
    text = std::move(redacted);
    return text.size() > kTextBytesMax ? Outcome::Failed : Outcome::Redacted;
}

Outcome Redaction::redact_text(std::string& text) const {
    std::vector<const Rule*> rules;
    for (const Rule& rule : rules_) {
        if (rule.path.empty()) {
            rules.push_back(&rule);
        }
    }
    return text.empty() || rules.empty() ? Outcome::Unchanged : redact(text, rules);
}

Outcome Redaction::redact_json(std::string& payload) const {
    const bool wanted =
        std::ranges::any_of(rules_, [](const Rule& rule) { return !rule.path.empty(); });
    if (!wanted || payload.empty()) {
        return Outcome::Unchanged;
    }
    auto json = parse_json(payload);
    if (!json) {
        return Outcome::Failed;
    }
    Outcome outcome = Outcome::Unchanged;
    for (const Rule& rule : rules_) {
        if (std::string* text = rule.path.empty() ? nullptr : string_at(*json, rule.path)) {
            outcome = worse(outcome, redact(*text, {&rule}));
        }
    }
    if (outcome == Outcome::Redacted) {
        payload = canonical(*json);
    }
    return outcome;
}

/// Numbers hold nothing that rules look for. Text among tensors stands behind its length, which a
/// mask would make wrong, so such a payload is not kept.
Outcome Redaction::redact_payload(Prediction& row) const {
    if (row.media_type.empty() || row.media_type == kTextPayload) {
        return worse(redact_json(row.payload), redact_text(row.payload));
    }
    const bool holds_text = row.payload.find(R"("datatype":"BYTES")") != std::string::npos;
    return holds_text ? Outcome::Failed : Outcome::Unchanged;
}

Outcome Redaction::apply(Prediction& row) const {
    if (empty()) {
        return Outcome::Unchanged;
    }
    const bool had_payload = !row.payload.empty();
    const Outcome payload = redact_payload(row);
    const Outcome rest = worse(redact_text(row.params), redact_text(row.error));
    const Outcome outcome = worse(payload, rest);
    if (outcome == Outcome::Failed) {
        row.payload.clear();
        row.params.clear();
        row.error.clear();
    }
    if (row.payload.empty()) {
        row.payload_digest = {};  // an address of what nobody shall know
    } else if (payload == Outcome::Redacted) {
        row.payload_digest = sha256(row.payload);
    }
    row.redacted = outcome != Outcome::Unchanged || !had_payload;
    return outcome;
}

Outcome Redaction::apply(Feedback& said) const {
    const Outcome outcome = worse(redact_text(said.by), redact_text(said.comment));
    if (outcome == Outcome::Failed) {
        said.by.clear();
        said.comment.clear();
    }
    return outcome;
}

}  // namespace flywheel
