#pragma once
// SPDX-License-Identifier: Apache-2.0
// The parts of the route group V2: models, inference, statistics, repository, metrics of serving.
// Private to the gateway's v2_*.cpp, which add_v2_routes() puts together.

#include <string>
#include <string_view>

#include "gateway/gateway.h"
#include "gateway/metrics.h"
#include "gateway/v2_routes.h"
#include "rooms/serving/serving.h"

namespace flywheel::gateway {

/// One route for the model's stable version and one for a version by number or label. `verb` is
/// what follows in the path, "" for nothing.
void add_model_route(Gateway& gateway, std::string_view verb, const http::Route& route);

void add_infer_routes(Gateway& gateway, serving::Serving& serving);
void add_model_metadata_routes(Gateway& gateway, const serving::Serving& serving);
void add_statistics_routes(Gateway& gateway, const serving::Serving& serving);
void add_repository_routes(Gateway& gateway, const V2Doors& doors);
void append_serving_metrics(const serving::Serving& serving, MetricsPage& page);
/// The same counts under the names that dashboards for Triton ask for.
void append_triton_metrics(const serving::Serving& serving, MetricsPage& page);

/// "flywheel_linear".
[[nodiscard]] std::string platform_of(const serving::ServedVersion& served);

}  // namespace flywheel::gateway
