// SPDX-License-Identifier: Apache-2.0
#include "gateway/keys.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/secret.h"

namespace flywheel::gateway {

namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMostNameBytes = 64;
constexpr double kMostRate = 1e6;

bool is_key_name(std::string_view name) {
    return !name.empty() && name.size() <= kMostNameBytes &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '@';
           });
}

Result<void> check(const KeyPlan& plan, Time now) {
    if (!is_key_name(plan.name)) {
        return invalid_argument(fmt::format(
            "A key's name has 1 to {} letters, digits, '-', '_', '.' or '@': '{}'",
            kMostNameBytes,
            plan.name
        ));
    }
    if (plan.roles.empty()) {
        return invalid_argument("A key needs at least one role: infer, feedback, label, read, admin"
        );
    }
    for (const auto& role : plan.roles) {
        TRY(parse_role(role));
    }
    if (!(plan.rate >= 0 && plan.rate <= kMostRate) ||
        !(plan.burst >= 0 && plan.burst <= kMostRate)) {
        return invalid_argument(fmt::format(
            "Rate and burst lie between 0 and {:.0f}: {} a second, {} at once",
            kMostRate,
            plan.rate,
            plan.burst
        ));
    }
    if (plan.expires && *plan.expires <= now) {
        return invalid_argument(
            fmt::format("The key would have expired already: {}", to_rfc3339(*plan.expires))
        );
    }
    return {};
}

}  // namespace

Result<http::Role> parse_role(std::string_view name) {
    for (const auto role :
         {http::Role::Infer,
          http::Role::Feedback,
          http::Role::Label,
          http::Role::Read,
          http::Role::Admin}) {
        if (http::name_of(role) == name) {
            return role;
        }
    }
    return invalid_argument(
        fmt::format("No such role; there are infer, feedback, label, read and admin: '{}'", name)
    );
}

Result<NewKey> Keys::add(const KeyPlan& plan) {
    const Time now = clock_.now();
    TRY(check(plan, now));
    NewKey made;
    made.secret = "fwk_" + random_secret(kSecretBytes);
    ApiKey& key = made.record;
    key.digest = sha256(made.secret);
    key.id = Id<ApiKey>::derived(now, "api key " + key.digest.hex());
    key.name = plan.name;
    key.roles = plan.roles;
    std::sort(key.roles.begin(), key.roles.end());
    key.roles.erase(std::unique(key.roles.begin(), key.roles.end()), key.roles.end());
    key.rate = plan.rate;
    key.burst = plan.rate == 0 ? 0 : std::max(1.0, plan.burst == 0 ? plan.rate : plan.burst);
    key.created = now;
    key.expires = plan.expires;
    auto added = keys_.insert(key);
    if (!added && added.error().code == Code::Conflict) {
        return make_error(
            Code::Conflict,
            fmt::format("A key of this name is in use; revoke it first: '{}'", plan.name)
        );
    }
    TRY(std::move(added));
    return made;
}

Result<std::vector<ApiKey>> Keys::list() const {
    return keys_.reader().select(Where<ApiKey>().order(&ApiKey::created));
}

Result<void> Keys::note_uses(const std::vector<KeyUse>& uses) {
    for (const KeyUse& use : uses) {
        const auto transaction = TRY(keys_.begin());  // so that no revocation comes between
        ApiKey key = TRY(keys_.reader().get(use.id));
        if (key.last_used && *key.last_used >= use.time) {
            continue;
        }
        key.last_used = use.time;
        TRY(keys_.update(key));
        TRY(transaction->commit());
    }
    return {};
}

Result<ApiKey> Keys::revoke(const std::string& name) {
    const auto transaction = TRY(keys_.begin());
    for (ApiKey& key : TRY(keys_.reader().select(Where<ApiKey>().eq(&ApiKey::name, name)))) {
        if (!key.revoked) {
            key.revoked = clock_.now();
            TRY(keys_.update(key));
            TRY(transaction->commit());
            return std::move(key);
        }
    }
    return not_found(fmt::format("No key of this name is in use: '{}'", name));
}

}  // namespace flywheel::gateway
