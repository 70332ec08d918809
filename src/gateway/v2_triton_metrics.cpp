// SPDX-License-Identifier: Apache-2.0
// What serving counts, as lines of /metrics under the names of Triton, for dashboards that exist.
#include <algorithm>

#include "gateway/v2_groups.h"

namespace flywheel::gateway {

namespace {

using serving::ModelStatus;
using serving::Rejection;
using serving::ServedCounts;
using serving::Stage;

/// One family with a line for each version; `value` as double.
template <class Value>
void each_version(
    MetricsPage& page,
    const std::vector<ModelStatus>& models,
    std::string_view name,
    std::string_view help,
    const Value& value
) {
    page.family(name, "counter", help);
    for (const ModelStatus& status : models) {
        for (const auto& [number, counts] : status.counts) {
            const std::string version = std::to_string(number);
            page.sample(
                name,
                {{"model", status.model}, {"version", version}},
                static_cast<double>(value(*counts))
            );
        }
    }
}

std::int64_t rejected(const ServedCounts& counts, Rejection reason) {
    return counts.rejected[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
}

/// Requests not answered, by reason.
void append_failures(MetricsPage& page, const std::vector<ModelStatus>& models) {
    page.family(
        "nv_inference_request_failure",
        "counter",
        "Requests not answered: REJECTED by the queue, its time-out or the end of the server; "
        "CANCELED by their client; BACKEND when the engine failed; OTHER when they were invalid."
    );
    for (const ModelStatus& status : models) {
        for (const auto& [number, counts] : status.counts) {
            const std::string version = std::to_string(number);
            const std::int64_t refused = rejected(*counts, Rejection::Queue) +
                                         rejected(*counts, Rejection::TimeOut) +
                                         rejected(*counts, Rejection::Drain);
            for (const auto& [reason, value] :
                 {std::pair("REJECTED", refused),
                  std::pair("CANCELED", rejected(*counts, Rejection::Cancel)),
                  std::pair("BACKEND", counts->engine_failures.load()),
                  std::pair("OTHER", counts->invalid_requests.load())}) {
                page.sample(
                    "nv_inference_request_failure",
                    {{"model", status.model}, {"version", version}, {"reason", reason}},
                    static_cast<double>(value)
                );
            }
        }
    }
}

void append_pending(MetricsPage& page, const std::vector<ModelStatus>& models) {
    constexpr std::string_view kName = "nv_inference_pending_request_count";
    page.family(kName, "gauge", "Requests that wait for their model.");
    for (const ModelStatus& status : models) {
        for (const auto& version : status.loaded) {
            page.sample(
                kName,
                {{"model", status.model}, {"version", version->number_text}},
                static_cast<double>(version->waiting_requests())
            );
        }
    }
}

void append_durations(MetricsPage& page, const std::vector<ModelStatus>& models) {
    struct Family {
        std::string_view name;
        std::string_view help;
        Stage stage;
    };

    constexpr std::array<Family, 5> kFamilies = {{
        {"nv_inference_request_duration_us", "End to end.", Stage::Request},
        {"nv_inference_queue_duration_us", "Waiting for an instance.", Stage::Queue},
        {"nv_inference_compute_input_duration_us", "Decoding.", Stage::Preprocess},
        {"nv_inference_compute_infer_duration_us", "In the engine.", Stage::Infer},
        {"nv_inference_compute_output_duration_us", "Encoding.", Stage::Postprocess},
    }};
    for (const Family& family : kFamilies) {
        each_version(page, models, family.name, family.help, [&](const ServedCounts& counts) {
            return counts.stage_nanos(family.stage) / 1000;
        });
    }
}

}  // namespace

void append_triton_metrics(const serving::Serving& serving, MetricsPage& page) {
    const auto models = serving.status();
    each_version(
        page,
        models,
        "nv_inference_request_success",
        "Answered requests.",
        [](const ServedCounts& counts) { return counts.answered_requests(); }
    );
    append_failures(page, models);
    each_version(
        page,
        models,
        "nv_inference_count",
        "Rows answered.",
        [](const ServedCounts& counts) { return counts.answered_rows(); }
    );
    each_version(
        page,
        models,
        "nv_inference_exec_count",
        "Engine calls; a batch is one.",
        [](const ServedCounts& counts) { return counts.executions.load(); }
    );
    append_pending(page, models);
    append_durations(page, models);
}

}  // namespace flywheel::gateway
