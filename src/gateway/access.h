#pragma once
// SPDX-License-Identifier: Apache-2.0
// Access: decides who may call which route, and how often. It reads no ledger while requests come:
// refresh() publishes a table of keys that connection threads look into without a lock. While there
// is no key everybody may do everything, which is why the server then listens on loopback only.
// A page of another site may change nothing, key or not
// (origin.h). What it refuses it counts and tells the Refusals; when a key was used last it only
// notes.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "gateway/http/guard.h"
#include "gateway/keys.h"
#include "gateway/metrics.h"
#include "gateway/trail/refusals.h"
#include "records/api_key.h"

namespace flywheel::gateway {

/// A token bucket of `rate` tokens a second that holds `burst`, in one atomic word: the time at
/// which it will be full again (the virtual-scheduling form of ITU-T I.371, annex A, which admits
/// exactly what the bucket does). Any thread.
class RateLimit {
  public:
    RateLimit(double rate, double burst);

    /// 0 when a request at `now` (nanoseconds of a monotonic clock) may pass, which takes a token;
    /// else nanoseconds until the next one may.
    std::int64_t take(std::int64_t now);
    /// The rest of what a request costs that took one token on arrival: 0, and `tokens` are taken,
    /// when they are there, or when the bucket holds fewer and is full but for that one: then it
    /// owes the others. Else nanoseconds until the request may come again and pass as a whole.
    std::int64_t take_more(std::int64_t now, std::int64_t tokens);

  private:
    std::int64_t take_if_within(std::int64_t now, std::int64_t ahead, std::int64_t taken);

    std::int64_t token_nanos_;  ///< Between two tokens; 0 = no limit.
    std::int64_t depth_nanos_;  ///< How far ahead of `now` the bucket may be: (burst - 1) tokens.
    std::atomic<std::int64_t> full_at_ = 0;
};

/// True when no model could be called so and the name tries to leave its folder or to break a line:
/// slashes, backslashes, control bytes, or only dots.
[[nodiscard]] bool is_path_trick(std::string_view model);

class Access final : public http::Guard {
  public:
    struct Plan {
        bool open_read = true;  ///< Metadata, statistics, /metrics and docs need no key.
        /// Names by which this server may be asked while it has no key, beside addresses.
        std::vector<std::string> hosts = {};
        trail::Refusals* refusals = nullptr;  ///< Is told of each refusal; null = nobody is.
    };

    /// `local_key` has every role and no limit; it is for commands on this machine ("" = none).
    Access(Plan plan, const Clock& clock, std::string local_key);
    ~Access() override;

    /// Publishes these keys; revoked ones are left out. Buckets of keys that stay keep their level.
    void refresh(const std::vector<ApiKey>& keys);

    bool admits(const http::Visit& visit, http::HttpResponse& refusal, std::string& caller)
        override;

    /// A request of this caller, admitted before, costs `tokens` more. False: `refusal` is the
    /// answer. Any thread; never waits.
    bool charge(std::string_view caller, std::int64_t tokens, http::HttpResponse& refusal);

    /// Keys used since this was asked last, each with the time of its last use. One thread.
    std::vector<KeyUse> take_uses();

    /// What the key of this name may do, as keys name it; an admin's list is whole. Empty: no such
    /// key.
    [[nodiscard]] std::vector<std::string> roles_of(std::string_view caller) const;

    /// True when there is any key, so that callers must show one.
    [[nodiscard]] bool guarded() const;

    /// fw_rejected_total{reason=auth|role|rate|path|origin}.
    void append_metrics(MetricsPage& page) const;

  private:
    struct Holder;
    struct Table;

    enum Reason : std::uint8_t { kAuth, kRole, kRate, kPath, kOrigin, kReasons };

    const Holder* find(std::string_view key, const Table& table, Time now) const;

    void count(Reason reason) { rejected_[reason].fetch_add(1, std::memory_order_relaxed); }

    void tell(trail::Offence offence, const http::Visit& visit, std::string_view who) const;
    bool refuse_path(std::string_view model, const http::Visit& visit, http::HttpResponse& refusal);
    bool refuse_site(const char* why, const http::Visit& visit, http::HttpResponse& refusal);
    bool refuse_unknown(
        std::string_view key, const http::Visit& visit, http::HttpResponse& refusal
    );
    bool refuse_role(const Holder& holder, const http::Visit& visit, http::HttpResponse& refusal);
    bool refuse_rate(std::int64_t wait, http::HttpResponse& refusal);

    Plan plan_;
    const Clock& clock_;
    std::string local_key_;
    std::unique_ptr<Holder> local_;
    std::mutex changing_;
    std::vector<std::unique_ptr<const Table>> tables_;  // readers may still be in an old one
    std::atomic<const Table*> table_;
    std::array<std::atomic<std::uint64_t>, kReasons> rejected_{};
};

}  // namespace flywheel::gateway
