// SPDX-License-Identifier: Apache-2.0
#include "gateway/access.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "base/secret.h"
#include "gateway/origin.h"

namespace flywheel::gateway {

namespace {

using http::Method;
using http::Role;

constexpr double kNanos = 1e9;

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
    unsigned bits = bit_of(Role::Open) | bit_of(Role::Metadata) | bit_of(Role::AnyKey);
    for (const auto& name : names) {
        if (const auto role = parse_role(name)) {
            if (*role == Role::Label || *role == Role::Read) {
                bits |= bit_of(Role::LabelOrRead);
            }
            // An admin may do everything.
            bits |= *role == Role::Admin ? kAllRoles : bit_of(*role);
        }
    }
    return bits;
}

std::int64_t monotonic_nanos() {
    return std::chrono::nanoseconds(monotonic_now().time_since_epoch()).count();
}

std::string_view host_of(std::span<const http::HeaderField> headers) {
    const auto found = std::ranges::find_if(headers, [](const http::HeaderField& field) {
        return http::same_token(field.name, "Host");
    });
    return found != headers.end() ? found->value : std::string_view();
}

bool changes_something(Method method) {
    return method != Method::Get && method != Method::Head && method != Method::Options;
}

/// The model that the path names; "" when it names none.
std::string_view model_of(std::span<const http::PathParameter> parameters) {
    const auto found = std::ranges::find(parameters, "model", &http::PathParameter::name);
    return found != parameters.end() ? found->value : std::string_view();
}

/// A use is noted once in so many microseconds, so that threads do not fight over the place.
constexpr std::int64_t kUseGrain = 1'000'000;

}  // namespace

bool is_path_trick(std::string_view model) {
    if (model.find_first_not_of('.') == std::string_view::npos) {
        return !model.empty();
    }
    return std::any_of(model.begin(), model.end(), [](unsigned char c) {
        return c < 0x20 || c == 0x7F || c == '/' || c == '\\';
    });
}

namespace {

/// Of so many nanoseconds at the most, that a hundred times as many can be added up.
std::int64_t nanos_of(double tokens, double rate) {
    constexpr double kMost = 1e16;
    return rate > 0 ? static_cast<std::int64_t>(std::min(kMost, tokens * kNanos / rate)) : 0;
}

}  // namespace

RateLimit::RateLimit(double rate, double burst)
    : token_nanos_(nanos_of(1, rate)), depth_nanos_(nanos_of(std::max(1.0, burst) - 1, rate)) {}

std::int64_t RateLimit::take(std::int64_t now) {
    return take_if_within(now, depth_nanos_, token_nanos_);
}

std::int64_t RateLimit::take_more(std::int64_t now, std::int64_t tokens) {
    const std::int64_t taken = tokens * token_nanos_;
    const std::int64_t needed = std::min(taken, depth_nanos_);
    const std::int64_t wait = take_if_within(now, depth_nanos_ + token_nanos_ - needed, taken);
    return wait == 0 ? 0 : wait + token_nanos_;
}

/// Takes so many nanoseconds' tokens when the bucket is full no later than `ahead` of `now`; else
/// says in how many nanoseconds that will be so.
std::int64_t RateLimit::take_if_within(std::int64_t now, std::int64_t ahead, std::int64_t taken) {
    if (token_nanos_ == 0) {
        return 0;
    }
    std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
    for (;;) {
        const std::int64_t from = std::max(full_at, now);
        if (from - now > ahead) {
            return from - now - ahead;
        }
        if (full_at_.compare_exchange_weak(full_at, from + taken, std::memory_order_relaxed)) {
            return 0;
        }
    }
}

/// One key in use.
struct Access::Holder {
    /// What outlives a refresh().
    struct Kept {
        Kept(double rate, double burst) : limit(rate, burst) {}

        RateLimit limit;
        std::atomic<std::int64_t> used = 0;   ///< Microseconds; 0 = never.
        std::atomic<std::int64_t> taken = 0;  ///< `used`, as take_uses() saw it last.
    };

    void note_use(Time now) const {
        if (micros(now) - kept->used.load(std::memory_order_relaxed) >= kUseGrain) {
            kept->used.store(micros(now), std::memory_order_relaxed);
        }
    }

    std::string name;
    Id<ApiKey> id;
    unsigned roles = 0;
    Time expires = Time::max();
    std::shared_ptr<Kept> kept;
};

struct Access::Table {
    std::unordered_map<Digest, Holder, DigestHash> holders;
};

Access::Access(Plan plan, const Clock& clock, std::string local_key)
    : plan_(std::move(plan)),
      clock_(clock),
      local_key_(std::move(local_key)),
      local_(std::make_unique<Holder>()) {
    local_->name = "local";
    local_->roles = kAllRoles;
    local_->kept = std::make_shared<Holder::Kept>(0, 0);
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
        holder.kept = known != before.holders.end()
                          ? known->second.kept
                          : std::make_shared<Holder::Kept>(key.rate, key.burst);
        table->holders.emplace(key.digest, std::move(holder));
    }
    tables_.push_back(std::move(table));
    table_.store(tables_.back().get());
}

std::vector<std::string> Access::roles_of(std::string_view caller) const {
    constexpr std::array kNamed = {
        Role::Infer, Role::Feedback, Role::Label, Role::Read, Role::Admin
    };
    const Table& table = *table_.load(std::memory_order_acquire);
    const auto found = std::ranges::find_if(table.holders, [&](const auto& entry) {
        return entry.second.name == caller;
    });
    unsigned bits = found != table.holders.end() ? found->second.roles : 0;
    bits |= caller == local_->name ? kAllRoles : 0;
    std::vector<std::string> names;
    for (const Role role : kNamed) {
        if ((bits & bit_of(role)) != 0) {
            names.emplace_back(http::name_of(role));
        }
    }
    return names;
}

bool Access::guarded() const {
    return !table_.load(std::memory_order_acquire)->holders.empty();
}

const Access::Holder* Access::find(std::string_view key, const Table& table, Time now) const {
    if (!local_key_.empty() && same_secret(key, local_key_)) {
        return local_.get();
    }
    const auto found = table.holders.find(sha256(key));
    return found != table.holders.end() && now < found->second.expires ? &found->second : nullptr;
}

void Access::tell(trail::Offence offence, const http::Visit& visit, std::string_view who) const {
    if (plan_.refusals != nullptr) {
        plan_.refusals->add(offence, who, visit.remote, visit.route);
    }
}

bool Access::refuse_path(
    std::string_view model, const http::Visit& visit, http::HttpResponse& refusal
) {
    count(kPath);
    tell(trail::Offence::PathTrick, visit, {});
    refusal.become_error(404, fmt::format("Request for unknown model: '{}' is not found", model));
    return false;
}

bool Access::refuse_site(const char* why, const http::Visit& visit, http::HttpResponse& refusal) {
    count(kOrigin);
    tell(trail::Offence::OtherSite, visit, {});
    refusal.become_error(403, why);
    return false;
}

bool Access::refuse_unknown(
    std::string_view key, const http::Visit& visit, http::HttpResponse& refusal
) {
    count(kAuth);
    tell(trail::Offence::WrongKey, visit, {});
    refusal.become_error(
        401,
        key.empty() ? "A key is needed; send it as 'Authorization: Bearer KEY'"
                    : "The key is not known, or it has expired or was revoked"
    );
    refusal.add_header("WWW-Authenticate", "Bearer");
    return false;
}

bool Access::refuse_role(
    const Holder& holder, const http::Visit& visit, http::HttpResponse& refusal
) {
    count(kRole);
    tell(trail::Offence::WrongRole, visit, holder.name);
    refusal.become_error(
        403,
        fmt::format(
            "The key has not the role this needs: key '{}', role '{}'",
            holder.name,
            http::name_of(visit.role)
        )
    );
    return false;
}

bool Access::refuse_rate(std::int64_t wait, http::HttpResponse& refusal) {
    count(kRate);
    const auto seconds =
        (wait + static_cast<std::int64_t>(kNanos) - 1) / static_cast<std::int64_t>(kNanos);
    refusal.become_error(
        429, fmt::format("The key's rate limit is reached; try again in {} s", seconds)
    );
    refusal.add_header("Retry-After", fmt::to_string(seconds));
    return false;
}

bool Access::admits(const http::Visit& visit, http::HttpResponse& refusal, std::string& caller) {
    caller.clear();
    if (const std::string_view model = model_of(visit.parameters); is_path_trick(model)) {
        return refuse_path(model, visit, refusal);
    }
    const Table& table = *table_.load(std::memory_order_acquire);
    if (changes_something(visit.method) && is_of_another_site(visit.headers)) {
        return refuse_site("A page of another site may change nothing here", visit, refusal);
    }
    if (table.holders.empty() && !is_own_host(host_of(visit.headers), plan_.hosts)) {
        return refuse_site(
            "A server without keys answers only to addresses and localhost; make a key, or add the "
            "name to serve.hosts",
            visit,
            refusal
        );
    }
    if (table.holders.empty() || visit.role == Role::Open ||
        (visit.role == Role::Metadata && plan_.open_read)) {
        return true;
    }
    const std::string_view key = shown_key(visit.headers);
    const Time now = clock_.now();
    const Holder* holder = key.empty() ? nullptr : find(key, table, now);
    if (holder == nullptr) {
        return refuse_unknown(key, visit, refusal);
    }
    if ((holder->roles & bit_of(visit.role)) == 0) {
        return refuse_role(*holder, visit, refusal);
    }
    if (const std::int64_t wait = holder->kept->limit.take(monotonic_nanos()); wait > 0) {
        return refuse_rate(wait, refusal);
    }
    holder->note_use(now);
    caller = holder->name;
    return true;
}

bool Access::charge(std::string_view caller, std::int64_t tokens, http::HttpResponse& refusal) {
    const Table& table = *table_.load(std::memory_order_acquire);
    const auto holder = std::ranges::find_if(table.holders, [&](const auto& entry) {
        return entry.second.name == caller;
    });
    if (tokens <= 0 || caller == local_->name || holder == table.holders.end()) {
        return true;
    }
    const std::int64_t wait = holder->second.kept->limit.take_more(monotonic_nanos(), tokens);
    return wait == 0 || refuse_rate(wait, refusal);
}

std::vector<KeyUse> Access::take_uses() {
    std::vector<KeyUse> uses;
    for (const auto& [digest, holder] : table_.load(std::memory_order_acquire)->holders) {
        const std::int64_t used = holder.kept->used.load(std::memory_order_relaxed);
        if (holder.kept->taken.exchange(used, std::memory_order_relaxed) != used) {
            uses.push_back({holder.id, Time(Duration(used))});
        }
    }
    return uses;
}

void Access::append_metrics(MetricsPage& page) const {
    constexpr std::array<std::string_view, kReasons> kNames = {
        "auth", "role", "rate", "path", "origin"
    };
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
