#pragma once
// SPDX-License-Identifier: Apache-2.0
// The HTTP face of the program: route table, metrics and server together. app/ makes one, lets each
// route group add its routes, then starts it. A route group is a file with one function
// add_..._routes(Gateway&, doors): it translates between HTTP and a room and decides nothing.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/http/http_server.h"
#include "gateway/http/router.h"
#include "gateway/limits.h"
#include "gateway/metrics.h"
#include "gateway/trail/audit_log.h"

namespace flywheel::gateway {

/// Says why the program is not ready; no error = ready. Called on a server thread: be quick.
using ReadyCheck = std::function<Result<void>()>;

class Gateway {
  public:
    explicit Gateway(const GatewayLimits& limits = {});
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;
    ~Gateway();  ///< stop() without waiting.

    /// Before the routes are added: what only an admin may do, and changes something, is recorded.
    void keep_audit(const trail::AuditLog& audit);

    /// Before start():
    void add(http::Route route);
    void add_ready_check(ReadyCheck check);
    void add_metrics(MetricsSource source);
    /// Is told of each answer too; outlives the gateway.
    void add_observer(http::HttpObserver& observer);

    Result<void> start(http::HttpServerPlan plan);
    /// Not ready from now on, answers carry `Connection: close`; all else goes on.
    void announce_stop();
    /// Finishes what is in flight for at most `finish_within`, then ends the server.
    void stop(std::chrono::milliseconds finish_within);

    /// A stop() that runs or comes waits no longer for what is in flight. Any thread.
    void hurry();

    /// The first reason for not being ready.
    [[nodiscard]] Result<void> ready() const;

    [[nodiscard]] std::string metrics_page() const { return metrics_.page(); }

    [[nodiscard]] const GatewayLimits& limits() const { return limits_; }

    [[nodiscard]] const http::Router& router() const { return router_; }

    /// The port it listens on; 0 before start().
    [[nodiscard]] std::uint16_t port() const;

  private:
    /// Passes each answer on to all that want to know.
    struct Observers final : http::HttpObserver {
        void answered(const http::HttpTrace& trace) override;

        std::vector<http::HttpObserver*> all;
    };

    GatewayLimits limits_;
    http::Router router_;
    Metrics metrics_;
    Observers observers_;
    const trail::AuditLog* audit_ = nullptr;
    std::vector<ReadyCheck> ready_checks_;
    std::atomic<bool> stopping_ = false;
    std::unique_ptr<http::HttpServer> server_;
    std::atomic<const http::HttpServer*> live_ = nullptr;  // server_, for its own threads
};

}  // namespace flywheel::gateway
