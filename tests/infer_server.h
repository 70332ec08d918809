#pragma once
// SPDX-License-Identifier: Apache-2.0
// A real server with the infer route alone, over a served model "t" that the test holds in its
// hand.

#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "gateway/http/http_server.h"
#include "gateway/inference/infer_exchange.h"
#include "held_model.h"
#include "serving_world.h"

namespace flywheel::testing {

struct InferServer {
    InferServer(std::shared_ptr<HeldModel> served, const serving::Plan& plan, int threads)
        : model(std::move(served)), world(plan) {
        world.engine.own = model;
        world.add_version("t", 1, "own model");
        world.roll_out("t", 1);
        EXPECT_TRUE(world.serving.refresh_all());
        http::Route route;
        route.method = http::Method::Post;
        route.pattern = "/v2/models/{model}/infer";
        route.name = "infer";
        route.run = [this](const http::HttpRequest& request, http::HttpResponse& response) {
            return std::make_shared<gateway::InferExchange>()->run(
                world.serving, request, response
            );
        };
        router.add(std::move(route));
        http::HttpServerPlan how;
        how.port = 0;
        how.threads = threads;
        http = *http::HttpServer::start(router, std::move(how));
    }

    InferServer(const InferServer&) = delete;
    InferServer& operator=(const InferServer&) = delete;

    ~InferServer() {
        model->release();
        http.reset();
    }

    [[nodiscard]] serving::ServedVersion version() const {
        return *world.serving.find("t", "").value();
    }

    [[nodiscard]] std::int64_t rejected(serving::Rejection reason) const {
        return version().counts->rejected[static_cast<std::size_t>(reason)];
    }

    std::shared_ptr<HeldModel> model;
    ServingWorld world;
    http::Router router;
    std::unique_ptr<http::HttpServer> http;
};

}  // namespace flywheel::testing
