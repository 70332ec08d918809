#pragma once
// SPDX-License-Identifier: Apache-2.0
// ApiKey: who may call which routes, and how often. The key itself is shown once and never stored,
// only its SHA-256. Written by gateway/ only.

#include <optional>
#include <string>
#include <vector>

#include "records/field.h"

namespace flywheel {

struct ApiKey {
    static constexpr std::string_view kTable = "api_key";

    Id<ApiKey> id;
    std::string name;                ///< Unique among keys that are not revoked; 1 to 64 bytes.
    Digest digest;                   ///< SHA-256 of the key.
    std::vector<std::string> roles;  ///< Of "infer", "feedback", "label", "read", "admin".
    double rate = 0;                 ///< Requests a second; 0 = no limit.
    double burst = 0;                ///< Requests at once; at least 1 when there is a rate.
    Time created;
    std::optional<Time> expires;
    std::optional<Time> revoked;
    std::optional<Time> last_used;  ///< To the minute; nothing = never.

    static void fields(auto&& visit) {
        visit("id", &ApiKey::id);
        visit("name", &ApiKey::name);
        visit("digest", &ApiKey::digest);
        visit("roles", &ApiKey::roles);
        visit("rate", &ApiKey::rate);
        visit("burst", &ApiKey::burst);
        visit("created", &ApiKey::created);
        visit("expires", &ApiKey::expires);
        visit("revoked", &ApiKey::revoked);
        visit("last_used", &ApiKey::last_used);
    }
};

extern template struct RecordCodec<ApiKey>;

}  // namespace flywheel
