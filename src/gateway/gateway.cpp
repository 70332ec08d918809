// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include "base/json_value.h"
#include "base/log.h"
#include "gateway/roles.h"

namespace flywheel::gateway {

namespace {

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

/// What was asked, as it goes into the trail: a JSON object in canonical form. Bodies of such
/// routes hold no secret; a key leaves in an answer only.
std::string detail_of(std::string_view body) {
    constexpr std::size_t kMostParsed = 64 * 1024;
    if (body.empty()) {
        return {};
    }
    if (body.size() <= kMostParsed) {
        if (const auto json = parse_json(body); json && json->is_object()) {
            return canonical(*json);
        }
    }
    return canonical(Json{{"bytes", body.size()}});
}

/// What the route does, and a line in the trail of what came of it.
http::RouteFunction audited(const http::Route& route, const trail::AuditLog& audit) {
    return [run = route.run, name = route.name, private_body = route.private_body, &audit](
               const http::HttpRequest& request, http::HttpResponse& response
           ) -> Result<void> {
        auto outcome = run(request, response);
        trail::Act act;
        act.who = request.caller;
        act.source = request.remote;
        act.name = name;
        act.about = request.path;
        act.detail = private_body ? std::string() : detail_of(request.body);
        act.outcome = outcome ? response.status : http_status(outcome.error().code);
        act.reason = outcome ? std::string() : outcome.error().message;
        if (const auto recorded = audit.record(std::move(act)); !recorded) {
            log_error(
                "an administrative act is missing in the audit trail",
                {{"act", name}, {"error", recorded.error().message}}
            );
        }
        return outcome;
    };
}

}  // namespace

void Gateway::Observers::answered(const http::HttpTrace& trace) {
    for (http::HttpObserver* observer : all) {
        observer->answered(trace);
    }
}

Gateway::Gateway(const GatewayLimits& limits) : limits_(limits), router_(limits.other_body) {
    observers_.all.push_back(&metrics_);
    add({
        .method = http::Method::Get,
        .pattern = "/metrics",
        .name = "metrics",
        .run = [this](const http::HttpRequest&, http::HttpResponse& response) -> Result<void> {
            response.content_type = kMetricsType;
            response.body = metrics_page();
            return {};
        },
        .doc = {"Counts and times as Prometheus text."},
    });
    add_metrics([this](MetricsPage& page) {
        const http::HttpServer* server = live_;
        if (server != nullptr) {
            page.family("fw_connections", "gauge", "Open connections.");
            page.sample("fw_connections", {}, static_cast<double>(server->connections()));
            page.family("fw_in_flight", "gauge", "Requests being answered.");
            page.sample("fw_in_flight", {}, static_cast<double>(server->in_flight()));
        }
        if (server != nullptr) {
            page.family(
                "fw_tls_failures_total", "counter", "Connections that ended before TLS stood."
            );
            page.sample("fw_tls_failures_total", {}, static_cast<double>(server->tls_failures()));
        }
        page.family("fw_ready", "gauge", "1 when ready to serve.");
        page.sample("fw_ready", {}, ready() ? 1 : 0);
    });
}

Gateway::~Gateway() = default;

void Gateway::add(http::Route route) {
    CHECK(server_ == nullptr);
    route.role = role_for(route.method, route.pattern);
    if (audit_ != nullptr && route.role == http::Role::Admin && route.method != http::Method::Get) {
        CHECK(route.speed == http::RouteSpeed::Slow);  // the trail is in the ledger
        route.run = audited(route, *audit_);
    }
    router_.add(std::move(route));
}

void Gateway::keep_audit(const trail::AuditLog& audit) {
    audit_ = &audit;
}

void Gateway::add_observer(http::HttpObserver& observer) {
    CHECK(server_ == nullptr);
    observers_.all.push_back(&observer);
}

void Gateway::add_ready_check(ReadyCheck check) {
    CHECK(server_ == nullptr);
    ready_checks_.push_back(std::move(check));
}

void Gateway::add_metrics(MetricsSource source) {
    CHECK(server_ == nullptr);
    metrics_.add_source(std::move(source));
}

Result<void> Gateway::start(http::HttpServerPlan plan) {
    CHECK(server_ == nullptr);
    metrics_.prepare(router_);
    plan.observer = &observers_;
    server_ = TRY(http::HttpServer::start(router_, std::move(plan)));
    live_ = server_.get();
    return {};
}

void Gateway::announce_stop() {
    stopping_ = true;
    if (server_) {
        server_->announce_close();
    }
}

void Gateway::stop(std::chrono::milliseconds finish_within) {
    announce_stop();
    if (server_) {
        server_->stop(finish_within);
    }
}

void Gateway::hurry() {
    if (server_) {
        server_->hurry();
    }
}

Result<void> Gateway::ready() const {
    if (stopping_) {
        return make_error(Code::Unavailable, "Not ready: the server is stopping");
    }
    for (const ReadyCheck& check : ready_checks_) {
        TRY(check());
    }
    return {};
}

std::uint16_t Gateway::port() const {
    return server_ ? server_->port() : std::uint16_t{0};
}

}  // namespace flywheel::gateway
