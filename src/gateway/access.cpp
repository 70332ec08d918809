// SPDX-License-Identifier: Apache-2.0
#include "gateway/access.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "base/secret.h"
#include "gateway/keys.h"

namespace flywheel::gateway {

namespace {

using http::Method;
using http::Role;

constexpr double kNanos = 1e9;

struct RoleRule {
    Method method;
    std::string_view begins;  ///< With these bytes.
    std::string_view ends;    ///< And these.
    Role role;
};

/// First match wins. The table names what needs less than admin; nothing else does.
constexpr RoleRule kRules[] = {
    {Method::Get, "/v2/health/", "", Role::Open},
    {Method::Get, "/v2/models/", "/requests/{id}", Role::Read},
    {Method::Get, "/v2", "", Role::Metadata},
    {Method::Get, "/metrics", "", Role::Metadata},
    {Method::Post, "/v2/models/", "/infer", Role::Infer},
    {Method::Post, "/v2/models/", "/feedback", Role::Feedback},
    {Method::Post, "/v2/repository/index", "", Role::Read},
    {Method::Get, "/v1/models/", "/tasks", Role::Label},
    {Method::Post, "/v1/labels", "", Role::Label},
    {Method::Get, "/v1/keys", "", Role::Admin},
    {Method::Get, "/v1/", "", Role::Read},
    {Method::Get, "/page.", "", Role::Open},
};

/// The key a request shows: `Authorization: Bearer KEY`, else `X-API-Key: KEY`; "" = none.
std::string_view shown_key(std::span<const http::HeaderField> headers) {
    constexpr std::string_view kScheme = "Bearer ";
    std::string_view key;
    for (const http::HeaderField& field : headers) {
        if (http::same_token(field.name, "Authorization") && field.value.size() > kScheme.size() &&
            http::same_token(field.value.substr(0, kScheme.size()), kScheme)) {
            return field.value.substr(kScheme.size());
        }
        if (http::same_token(field.name, "X-API-Key")) {
            key = field.value;
        }
    }
    return key;
}

constexpr unsigned kAllRoles = ~0U;

unsigned bit_of(Role role) {
    return 1U << static_cast<unsigned>(role);
}

unsigned role_bits(const std::vector<std::string>& names) {
    unsigned bits = bit_of(Role::Open) | bit_of(Role::Metadata);
    for (const auto& name : names) {
        if (const auto role = parse_role(name)) {
            // An admin may do everything.
            bits |= *role == Role::Admin ? kAllRoles : bit_of(*role);
        }
    }
    return bits;
}

std::int64_t monotonic_nanos() {
    return std::chrono::nanoseconds(monotonic_now().time_since_epoch()).count();
}

}  // namespace

Role role_for(Method method, std::string_view pattern) {
    for (const RoleRule& rule : kRules) {
        if (method == rule.method && pattern.starts_with(rule.begins) &&
            pattern.ends_with(rule.ends)) {
            return rule.role;
        }
    }
    return method == Method::Get && pattern == "/" ? Role::Open : Role::Admin;
}

RateLimit::RateLimit(double rate, double burst)
    : token_nanos_(rate > 0 ? static_cast<std::int64_t>(kNanos / rate) : 0),
      depth_nanos_(
          rate > 0 ? static_cast<std::int64_t>((std::max(1.0, burst) - 1) * kNanos / rate) : 0
      ) {}

std::int64_t RateLimit::take(std::int64_t now) {
    if (token_nanos_ == 0) {
        return 0;
    }
    std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
    for (;;) {
        const std::int64_t from = std::max(full_at, now);
        if (from - now > depth_nanos_) {
            return from - now - depth_nanos_;
        }
        if (full_at_.compare_exchange_weak(
                full_at, from + token_nanos_, std::memory_order_relaxed
            )) {
            return 0;
        }
    }
}

/// One key in use.
struct Access::Holder {
    std::string name;
    Id<ApiKey> id;
    unsigned roles = 0;
    Time expires = Time::max();
    std::shared_ptr<RateLimit> limit;
};

struct Access::Table {
    std::unordered_map<Digest, Holder, DigestHash> holders;
};

Access::Access(Plan plan, const Clock& clock, std::string local_key)
    : plan_(plan),
      clock_(clock),
      local_key_(std::move(local_key)),
      local_(std::make_unique<Holder>()) {
    local_->name = "local";
    local_->roles = kAllRoles;
    local_->limit = std::make_shared<RateLimit>(0, 0);
    tables_.push_back(std::make_unique<const Table>());
    table_ = tables_.back().get();
}

Access::~Access() = default;

void Access::refresh(const std::vector<ApiKey>& keys) {
    const std::scoped_lock lock(changing_);
    const Table& before = *table_.load();
    auto table = std::make_unique<Table>();
    for (const ApiKey& key : keys) {
        if (key.revoked) {
            continue;
        }
        Holder holder;
        holder.name = key.name;
        holder.id = key.id;
        holder.roles = role_bits(key.roles);
        holder.expires = key.expires.value_or(Time::max());
        const auto known = before.holders.find(key.digest);
        holder.limit = known != before.holders.end()
                           ? known->second.limit
                           : std::make_shared<RateLimit>(key.rate, key.burst);
        table->holders.emplace(key.digest, std::move(holder));
    }
    tables_.push_back(std::move(table));
    table_.store(tables_.back().get());
}

bool Access::guarded() const {
    return !table_.load(std::memory_order_acquire)->holders.empty();
}

const Access::Holder* Access::find(std::string_view key, const Table& table) const {
    if (!local_key_.empty() && same_secret(key, local_key_)) {
        return local_.get();
    }
    const auto found = table.holders.find(sha256(key));
    return found != table.holders.end() && clock_.now() < found->second.expires ? &found->second
                                                                                : nullptr;
}

bool Access::refuse_unknown(std::string_view key, http::HttpResponse& refusal) {
    rejected_[kAuth].fetch_add(1, std::memory_order_relaxed);
    refusal.become_error(
        401,
        key.empty() ? "A key is needed; send it as 'Authorization: Bearer KEY'"
                    : "The key is not known, or it has expired or was revoked"
    );
    refusal.add_header("WWW-Authenticate", "Bearer");
    return false;
}

bool Access::admits(
    Role role,
    std::span<const http::HeaderField> headers,
    http::HttpResponse& refusal,
    std::string& caller
) {
    caller.clear();
    const Table& table = *table_.load(std::memory_order_acquire);
    if (table.holders.empty() || role == Role::Open ||
        (role == Role::Metadata && plan_.open_read)) {
        return true;
    }
    const std::string_view key = shown_key(headers);
    const Holder* holder = key.empty() ? nullptr : find(key, table);
    if (holder == nullptr) {
        return refuse_unknown(key, refusal);
    }
    if ((holder->roles & bit_of(role)) == 0) {
        rejected_[kRole].fetch_add(1, std::memory_order_relaxed);
        refusal.become_error(
            403,
            fmt::format(
                "The key has not the role this needs: key '{}', role '{}'",
                holder->name,
                http::name_of(role)
            )
        );
        return false;
    }
    if (const std::int64_t wait = holder->limit->take(monotonic_nanos()); wait > 0) {
        rejected_[kRate].fetch_add(1, std::memory_order_relaxed);
        const auto seconds =
            (wait + static_cast<std::int64_t>(kNanos) - 1) / static_cast<std::int64_t>(kNanos);
        refusal.become_error(
            429, fmt::format("The key's rate limit is reached; try again in {} s", seconds)
        );
        refusal.add_header("Retry-After", fmt::to_string(seconds));
        return false;
    }
    caller = holder->name;
    return true;
}

void Access::append_metrics(MetricsPage& page) const {
    constexpr std::array<std::string_view, kReasons> kNames = {"auth", "role", "rate"};
    page.family("fw_rejected_total", "counter", "Requests refused at the door.");
    for (std::size_t i = 0; i < kReasons; ++i) {
        page.sample(
            "fw_rejected_total",
            {{"reason", kNames[i]}},
            static_cast<double>(rejected_[i].load(std::memory_order_relaxed))
        );
    }
}

}  // namespace flywheel::gateway
