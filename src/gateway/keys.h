#pragma once
// SPDX-License-Identifier: Apache-2.0
// Keys: made, listed and revoked by commands and by /v1/keys. The text of a key leaves add() once
// and is kept nowhere. One thread at a time; the ledger serialises several.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "gateway/http/guard.h"
#include "ports/ledger/ledger.h"
#include "records/api_key.h"

namespace flywheel::gateway {

struct KeyPlan {
    std::string name;
    std::vector<std::string> roles;
    double rate = 0;   ///< Requests a second, feedback by hundred lines; 0 = no limit.
    double burst = 0;  ///< Requests at once; 0 = max(1, rate).
    std::optional<Time> expires = {};
};

/// When a key was used last.
struct KeyUse {
    Id<ApiKey> id;
    Time time;
};

struct NewKey {
    ApiKey record;
    std::string secret;  ///< "fwk_" and 43 characters of base64url: 256 random bits.
};

/// The role of that name; InvalidArgument names the ones there are.
Result<http::Role> parse_role(std::string_view name);

class Keys {
  public:
    Keys(Writer<ApiKey> keys, const Clock& clock) : keys_(keys), clock_(clock) {}

    /// InvalidArgument for a bad name, role, rate or a time that has passed; Conflict for a name in
    /// use.
    Result<NewKey> add(const KeyPlan& plan);
    /// All ever made, oldest first.
    Result<std::vector<ApiKey>> list() const;
    /// Writes when keys were used last; one that was revoked meanwhile stays revoked.
    Result<void> note_uses(const std::vector<KeyUse>& uses);
    /// NotFound when no key of that name is in use.
    Result<ApiKey> revoke(const std::string& name);

  private:
    Writer<ApiKey> keys_;
    const Clock& clock_;
};

}  // namespace flywheel::gateway
