// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include "gateway/access.h"

namespace flywheel::gateway {

namespace {

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace

Gateway::Gateway() {
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
        page.family("fw_ready", "gauge", "1 when ready to serve.");
        page.sample("fw_ready", {}, ready() ? 1 : 0);
    });
}

Gateway::~Gateway() = default;

void Gateway::add(http::Route route) {
    CHECK(server_ == nullptr);
    route.role = role_for(route.method, route.pattern);
    router_.add(std::move(route));
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
    plan.observer = &metrics_;
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
