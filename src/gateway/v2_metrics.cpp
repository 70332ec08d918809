// SPDX-License-Identifier: Apache-2.0
// What serving counts, as lines of /metrics.
#include "gateway/v2_groups.h"

namespace flywheel::gateway {

namespace {

using serving::kStages;
using serving::ModelStatus;
using serving::ServedCounts;

constexpr std::array<double, 9> kRowBounds = {1, 2, 4, 8, 16, 32, 64, 128, 256};

/// One version of a model and what was counted of it.
struct CountedVersion {
    std::string_view model;
    std::string version;
    const ServedCounts* counts = nullptr;
};

std::vector<CountedVersion> counted_versions(const std::vector<ModelStatus>& models) {
    std::vector<CountedVersion> all;
    for (const ModelStatus& status : models) {
        for (const auto& [number, counts] : status.counts) {
            all.push_back({status.model, std::to_string(number), counts.get()});
        }
    }
    return all;
}

template <std::size_t N>
std::array<std::int64_t, N> loaded(const std::array<std::atomic<std::int64_t>, N>& counts) {
    std::array<std::int64_t, N> copy{};
    for (std::size_t i = 0; i < N; ++i) {
        copy[i] = counts[i].load(std::memory_order_relaxed);
    }
    return copy;
}

void append_rows(std::span<const CountedVersion> versions, MetricsPage& page) {
    page.family("fw_rows_total", "counter", "Rows answered.");
    for (const CountedVersion& one : versions) {
        for (std::size_t route = 0; route < ServedCounts::kRoutes; ++route) {
            const auto value = one.counts->rows[route].load();
            const std::string_view name = enum_name(static_cast<Route>(route));
            if (value > 0 || route == 0) {
                page.sample(
                    "fw_rows_total",
                    {{"model", one.model}, {"version", one.version}, {"route", name}},
                    static_cast<double>(value)
                );
            }
        }
    }
    page.family("fw_refused_rows_total", "counter", "Rows refused after the model was found.");
    for (const CountedVersion& one : versions) {
        page.sample(
            "fw_refused_rows_total",
            {{"model", one.model}, {"version", one.version}},
            static_cast<double>(one.counts->refused_rows.load())
        );
    }
    page.family(
        "fw_rejected_total",
        "counter",
        "Requests not answered by a model that was found, by reason."
    );
    for (const CountedVersion& one : versions) {
        for (std::size_t reason = 0; reason < serving::kRejections.size(); ++reason) {
            page.sample(
                "fw_rejected_total",
                {{"model", one.model},
                 {"version", one.version},
                 {"reason", serving::kRejections[reason]}},
                static_cast<double>(one.counts->rejected[reason].load())
            );
        }
    }
}

void append_executions(std::span<const CountedVersion> versions, MetricsPage& page) {
    page.family("fw_executions_total", "counter", "Engine calls.");
    for (const CountedVersion& one : versions) {
        page.sample(
            "fw_executions_total",
            {{"model", one.model}, {"version", one.version}},
            static_cast<double>(one.counts->executions.load())
        );
    }
    page.family("fw_batch_rows", "histogram", "Rows of an engine call.");
    for (const CountedVersion& one : versions) {
        if (one.counts->executions.load() > 0) {
            page.histogram(
                "fw_batch_rows",
                {{"model", one.model}, {"version", one.version}},
                kRowBounds,
                loaded(one.counts->batch_rows),
                static_cast<double>(one.counts->executed_rows.load())
            );
        }
    }
}

/// One line group a route that was taken.
void append_stage(
    const CountedVersion& one, std::size_t stage, std::string_view name, MetricsPage& page
) {
    for (std::size_t route = 0; route < ServedCounts::kRoutes; ++route) {
        const serving::StageTimes& times = one.counts->stages[route][stage];
        if (times.count() > 0) {
            page.histogram(
                name,
                {{"model", one.model},
                 {"version", one.version},
                 {"route", enum_name(static_cast<Route>(route))}},
                kSecondsBounds,
                loaded(times.counts),
                static_cast<double>(times.nanos.load()) * 1e-9
            );
        }
    }
}

void append_stages(std::span<const CountedVersion> versions, MetricsPage& page) {
    struct Family {
        std::string_view name;
        std::string_view help;
    };

    constexpr std::array<Family, kStages> kFamilies = {{
        {"fw_request_seconds", "From the last byte read to the answer encoded."},
        {"fw_queue_seconds", "Waiting for an instance, of models that run in batches."},
        {"fw_preprocess_seconds", "Decoding the request."},
        {"fw_infer_seconds", "In the engine; the whole call of a batch counts for each request."},
        {"fw_postprocess_seconds", "Encoding the answer."},
        {"fw_capture_seconds", "Handing a request's rows to capture."},
    }};
    for (std::size_t stage = 0; stage < kStages; ++stage) {
        page.family(kFamilies[stage].name, "histogram", kFamilies[stage].help);
        for (const CountedVersion& one : versions) {
            append_stage(one, stage, kFamilies[stage].name, page);
        }
    }
}

void append_queues(std::span<const ModelStatus> models, MetricsPage& page) {
    page.family("fw_queue_rows", "gauge", "Rows that wait for their model.");
    for (const ModelStatus& status : models) {
        for (const auto& version : status.loaded) {
            page.sample(
                "fw_queue_rows",
                {{"model", status.model}, {"version", version->number_text}},
                static_cast<double>(version->waiting_rows())
            );
        }
    }
}

/// What labels point to, what is loaded, and how long swaps took.
void append_label_metrics(const std::vector<serving::ModelStatus>& models, MetricsPage& page) {
    page.family("fw_label_version", "gauge", "Version that a label points to; 0 = nothing.");
    for (const serving::ModelStatus& status : models) {
        for (const auto& [label, number] :
             {std::pair<std::string_view, std::int64_t>{"stable", status.stable},
              {"canary", status.canary},
              {"previous", status.previous},
              {"shadow", status.shadow}}) {
            page.sample(
                "fw_label_version",
                {{"model", status.model}, {"label", label}},
                static_cast<double>(number)
            );
        }
    }
    page.family("fw_model_loaded_bytes", "gauge", "Memory of a loaded version.");
    for (const serving::ModelStatus& status : models) {
        for (const auto& version : status.loaded) {
            page.sample(
                "fw_model_loaded_bytes",
                {{"model", status.model}, {"version", version->number_text}},
                static_cast<double>(version->weights->memory_bytes())
            );
        }
    }
    page.family("fw_swap_seconds", "summary", "Loading and warming a version, until it answers.");
    for (const serving::ModelStatus& status : models) {
        page.sample(
            "fw_swap_seconds_sum",
            {{"model", status.model}},
            static_cast<double>(status.swap_time.count()) * 1e-9
        );
        page.sample(
            "fw_swap_seconds_count", {{"model", status.model}}, static_cast<double>(status.loads)
        );
    }
}

}  // namespace

void append_serving_metrics(const serving::Serving& serving, MetricsPage& page) {
    static_assert(kSecondsBounds.size() == serving::kStageBounds.size());
    const auto models = serving.status();
    const auto versions = counted_versions(models);
    append_rows(versions, page);
    append_executions(versions, page);
    append_stages(versions, page);
    append_queues(models, page);
    const auto each_model =
        [&](std::string_view name, std::string_view type, std::string_view help, auto&& value) {
            page.family(name, type, help);
            for (const ModelStatus& status : models) {
                page.sample(name, {{"model", status.model}}, static_cast<double>(value(status)));
            }
        };
    append_label_metrics(models, page);
    each_model(
        "fw_swaps_total",
        "counter",
        "Versions or corrections swapped in.",
        [](auto& status) { return status.swaps; }
    );
    each_model(
        "fw_swap_failures_total",
        "counter",
        "Swaps that failed; the old version serves on.",
        [](auto& status) { return status.swap_failures; }
    );
    each_model(
        "fw_shadow_dropped_total",
        "counter",
        "Rows that no shadow version answered, for want of room or time.",
        [](auto& status) { return status.shadow_dropped; }
    );
    each_model(
        "fw_unsticky_total",
        "counter",
        "Requests split between stable and canary without key or subject.",
        [](auto& status) { return status.unsticky; }
    );
}

}  // namespace flywheel::gateway
