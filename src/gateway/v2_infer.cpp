// SPDX-License-Identifier: Apache-2.0
// POST .../infer.
#include "gateway/inference/infer_exchange.h"
#include "gateway/v2_groups.h"

namespace flywheel::gateway {

namespace {

/// A thread's exchange keeps its memory for the next request, unless a request takes it along.
Result<void> infer(
    serving::Serving& serving,
    const InferLimits& limits,
    const http::HttpRequest& request,
    http::HttpResponse& response
) {
    thread_local std::shared_ptr<InferExchange> exchange;
    if (!exchange) {
        exchange = std::make_shared<InferExchange>();
    }
    exchange->limit(limits);
    auto outcome = exchange->run(serving, request, response);
    if (exchange->is_put_off()) {
        exchange.reset();
    }
    return outcome;
}

}  // namespace

void add_infer_routes(Gateway& gateway, serving::Serving& serving) {
    http::Route route;
    route.method = http::Method::Post;
    route.name = "infer";
    const InferLimits limits = gateway.limits().infer;
    route.run = [&serving, limits](const http::HttpRequest& request, http::HttpResponse& response) {
        return infer(serving, limits, request, response);
    };
    route.body_limit = limits.body;
    route.doc = {"Answers rows with a model.", "InferRequest", "InferAnswer"};
    add_model_route(gateway, "infer", route);
}

}  // namespace flywheel::gateway
