// SPDX-License-Identifier: Apache-2.0
// What serving counts, as lines of /metrics.
#include "gateway/v2_groups.h"

namespace flywheel::gateway {

void append_serving_metrics(const serving::Serving& serving, MetricsPage& page) {
    const auto models = serving.status();
    const auto each_version = [&](auto&& line) {
        for (const serving::ModelStatus& status : models) {
            for (const auto& [number, counts] : status.counts) {
                line(status.model, std::to_string(number), *counts);
            }
        }
    };
    page.family("fw_rows_total", "counter", "Rows answered.");
    each_version([&](auto& model, const auto& version, auto& counts) {
        for (const Route route : {Route::Stable, Route::Pinned}) {
            page.sample(
                "fw_rows_total",
                {{"model", model}, {"version", version}, {"route", enum_name(route)}},
                static_cast<double>(counts.rows[static_cast<std::size_t>(route)].load())
            );
        }
    });
    page.family("fw_refused_rows_total", "counter", "Rows refused after the model was found.");
    each_version([&](auto& model, const auto& version, auto& counts) {
        page.sample(
            "fw_refused_rows_total",
            {{"model", model}, {"version", version}},
            static_cast<double>(counts.refused_rows.load())
        );
    });
    page.family("fw_infer_seconds_total", "counter", "Engine time of answered rows.");
    each_version([&](auto& model, const auto& version, auto& counts) {
        page.sample(
            "fw_infer_seconds_total",
            {{"model", model}, {"version", version}},
            static_cast<double>(counts.success.infer.load()) * 1e-9
        );
    });
    const auto each_model =
        [&](std::string_view name, std::string_view type, std::string_view help, auto&& value) {
            page.family(name, type, help);
            for (const serving::ModelStatus& status : models) {
                page.sample(name, {{"model", status.model}}, static_cast<double>(value(status)));
            }
        };
    each_model(
        "fw_label_version",
        "gauge",
        "Version that the label stable points to.",
        [](auto& status) { return status.stable; }
    );
    each_model("fw_model_loaded_bytes", "gauge", "Memory of loaded versions.", [](auto& status) {
        return status.memory_bytes;
    });
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
}

}  // namespace flywheel::gateway
