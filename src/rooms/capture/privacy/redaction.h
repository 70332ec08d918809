#pragma once
// SPDX-License-Identifier: Apache-2.0
// Redaction: what is masked, taken out or hashed in a row before it is written for the first time.
// Made from the settings by app/, applied by the thread that commits; immutable, any thread.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "records/feedback.h"
#include "records/prediction.h"
#include "rooms/capture/privacy/own_pattern.h"
#include "rooms/capture/privacy/secret_key.h"
#include "rooms/capture/privacy/sensitive_spans.h"

namespace flywheel {

enum class RedactionAction {
    Mask,  ///< Each code point becomes a '*'.
    Drop,  ///< Taken out.
    Hash   ///< "[kind:" + the first 32 hex digits of the HMAC + "]": equal things stay equal.
};

inline std::span<const std::string_view> names_of(RedactionAction) {
    static constexpr std::array<std::string_view, 3> kNames = {"mask", "drop", "hash"};
    return kNames;
}

/// As it stands in the settings.
struct RedactionRule {
    std::string field = "text";  ///< "text", or a JSON pointer (RFC 6901) into the payload.
    SensitiveKind kind = SensitiveKind::Email;
    RedactionAction action = RedactionAction::Mask;
    std::string pattern = {};  ///< For kind "pattern" only: an expression of RE2.
};

class Redaction {
  public:
    enum class Outcome { Unchanged, Redacted, Failed };

    /// Does nothing.
    Redaction() = default;
    /// InvalidArgument names the rule that is wrong, counted from 1.
    static Result<Redaction> make(const std::vector<RedactionRule>& rules, SecretKey key);

    [[nodiscard]] bool empty() const { return rules_.empty(); }

    /// Rules for "text" are applied to payload, params and error, others to the payload, which must
    /// be JSON then. Sets `redacted` and the digest of what is stored. Failed: a rule could not be
    /// applied; payload and params are gone, the row stays. A row that came without its payload
    /// loses the payload's digest, which was made before redaction. Tensors of numbers stay as they
    /// are; with text among them, Failed.
    Outcome apply(Prediction& row) const;
    /// To `by` and `comment`; Failed: they are gone.
    Outcome apply(Feedback& said) const;

  private:
    struct Rule {
        std::vector<std::string> path;  ///< Of the JSON pointer; empty = the whole text.
        SensitiveKind kind = SensitiveKind::Email;
        RedactionAction action = RedactionAction::Mask;
        std::optional<OwnPattern> pattern;
    };

    static Result<Rule> make_rule(const RedactionRule& rule);
    Outcome redact_text(std::string& text) const;
    Outcome redact_json(std::string& payload) const;
    Outcome redact_payload(Prediction& row) const;
    Outcome redact(std::string& text, const std::vector<const Rule*>& rules) const;
    [[nodiscard]] std::string replacement(const Rule& rule, std::string_view found) const;

    std::vector<Rule> rules_;
    SecretKey key_;
};

}  // namespace flywheel
