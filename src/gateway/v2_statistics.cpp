// SPDX-License-Identifier: Apache-2.0
// GET .../stats: what load generators read before and after a measurement. Every number only grows.
#include <fmt/format.h>

#include "gateway/v2_groups.h"

namespace flywheel::gateway {

namespace {

using http::append_json_string;
using http::HttpRequest;
using http::HttpResponse;
using serving::ModelStatus;
using serving::ServedCounts;
using serving::Serving;
using serving::Stage;

void append_duration(std::string& out, std::string_view name, std::int64_t count, std::int64_t ns) {
    fmt::format_to(std::back_inserter(out), R"("{}":{{"count":{},"ns":{}}})", name, count, ns);
}

void append_request_times(std::string& out, const ServedCounts& counts) {
    const std::int64_t count = counts.answered_requests();
    append_duration(out, "success", count, counts.stage_nanos(Stage::Request));
    out += ',';
    append_duration(out, "fail", counts.failures.load(), counts.failure_nanos.load());
    out += ',';
    append_duration(out, "queue", count, counts.stage_nanos(Stage::Queue));
    out += ',';
    append_duration(out, "compute_input", count, counts.stage_nanos(Stage::Preprocess));
    out += ',';
    append_duration(out, "compute_infer", count, counts.stage_nanos(Stage::Infer));
    out += ',';
    append_duration(out, "compute_output", count, counts.stage_nanos(Stage::Postprocess));
    out += ',';
    append_duration(out, "cache_hit", 0, 0);
    out += ',';
    append_duration(out, "cache_miss", 0, 0);
}

void append_batches(std::string& out, const ServedCounts& counts) {
    for (const ServedCounts::BatchCounts& batch : counts.batches) {
        const std::int64_t count = batch.count.load();
        if (count == 0) {
            continue;
        }
        fmt::format_to(
            std::back_inserter(out),
            R"({}{{"batch_size":{},)",
            out.back() == '[' ? "" : ",",
            batch.size.load()
        );
        append_duration(out, "compute_input", count, batch.input.load());
        out += ',';
        append_duration(out, "compute_infer", count, batch.infer.load());
        out += ',';
        append_duration(out, "compute_output", count, batch.output.load());
        out += '}';
    }
}

std::size_t memory_of(const ModelStatus& status, std::int64_t number) {
    for (const auto& version : status.loaded) {
        if (version && version->number == number) {
            return version->weights->memory_bytes();
        }
    }
    return 0;
}

void append_version(
    std::string& out, const ModelStatus& status, std::int64_t number, const ServedCounts& counts
) {
    out += out.back() == '[' ? "{\"name\":" : ",{\"name\":";
    append_json_string(out, status.model);
    fmt::format_to(
        std::back_inserter(out),
        R"(,"version":"{}","last_inference":{},"inference_count":{},"execution_count":{},"inference_stats":{{)",
        number,
        counts.last_inference_ms.load(),
        counts.answered_rows(),
        counts.executions.load()
    );
    append_request_times(out, counts);
    out += "},\"batch_stats\":[";
    append_batches(out, counts);
    out += "],\"memory_usage\":[";
    if (const std::size_t bytes = memory_of(status, number); bytes > 0) {
        fmt::format_to(std::back_inserter(out), R"({{"type":"CPU","id":0,"byte_size":{}}})", bytes);
    }
    out += "]}";
}

Result<void> show_all(const Serving& serving, HttpResponse& response) {
    response.body = "{\"model_stats\":[";
    for (const ModelStatus& status : serving.status()) {
        for (const auto& [number, counts] : status.counts) {
            append_version(response.body, status, number, *counts);
        }
    }
    response.body += "]}";
    return {};
}

/// Of a version that is loaded, or that once was.
Result<void> show_one(const Serving& serving, const HttpRequest& request, HttpResponse& response) {
    const std::string_view model = request.parameter("model");
    const std::string_view version = request.parameter("version");
    const ModelStatus status = TRY(serving.status(model));
    std::string wanted(version);
    const auto found = serving.find(model, version);
    if (found && !version.empty()) {
        wanted = (*found)->number_text;  // a label may have been named
    }
    response.body = "{\"model_stats\":[";
    for (const auto& [number, counts] : status.counts) {
        if (wanted.empty() || std::to_string(number) == wanted) {
            append_version(response.body, status, number, *counts);
        }
    }
    const bool some = response.body.back() != '[';
    response.body += "]}";
    if (!some && !found && !version.empty()) {
        response.body.clear();
        return found.error();
    }
    return {};
}

}  // namespace

void add_statistics_routes(Gateway& gateway, const Serving& serving) {
    gateway.add({
        .method = http::Method::Get,
        .pattern = "/v2/models/stats",
        .name = "stats",
        .run = [&serving](
                   const HttpRequest&, HttpResponse& response
               ) { return show_all(serving, response); },
        .doc = {"Counts and cumulated times of all models.", "", "ModelStatistics"},
    });
    http::Route route;
    route.name = "stats";
    route.run = [&serving](const HttpRequest& request, HttpResponse& response) {
        return show_one(serving, request, response);
    };
    route.doc = {"Counts and cumulated times of a model.", "", "ModelStatistics"};
    add_model_route(gateway, "stats", route);
}

}  // namespace flywheel::gateway
