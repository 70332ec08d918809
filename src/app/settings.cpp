// SPDX-License-Identifier: Apache-2.0
#include "app/settings.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "app/settings_table.h"
#include "base/text.h"

namespace flywheel::app {

namespace {

using Table = SettingsTable;

constexpr std::int64_t kMostRows = 1'000'000'000;
/// All connections together may hold a gibibyte (http::HttpServerPlan::max_buffered).
constexpr std::int64_t kMostBodyMib = 512;

bool is_model_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
           });
}

Result<void> read_model(Table table, Settings& settings) {
    TRY(table.read<std::string>("name", settings.model, "a name"));
    if (!is_model_name(settings.model)) {
        return table.wrong(*table.find("name"), "name", "1 to 64 letters, digits, '-', '_' or '.'");
    }
    TRY(table.read_name("kind", settings.kind));
    TRY(table.read_names("labels", settings.labels));
    TRY(table.read<std::string>(
        "objective", settings.policy.objective, "\"accuracy\" or \"balanced\""
    ));
    if (settings.policy.objective != "accuracy" && settings.policy.objective != "balanced") {
        return table.wrong(*table.find("objective"), "objective", "\"accuracy\" or \"balanced\"");
    }
    TRY(table.read<std::string>("licence", settings.policy.licence, "an SPDX expression"));
    TRY(table.read_share("prior_discount", settings.prior_discount, 0, 1));
    return table.refuse_unknown();
}

Result<void> read_loop(Table table, Settings& settings) {
    auto& policy = settings.policy;
    TRY(table.read_days("every_days", policy.cadence));
    TRY(table.read_share("label_share", policy.label_share, 0, 1));
    TRY(table.read_share("audit_share", policy.audit_share, 0.1, 1));
    TRY(table.read_share("drift_boost", policy.drift_boost, 1, 10));
    TRY(table.read_whole("retrain_labels_min", policy.retrain_labels_min, 0, kMostRows));
    TRY(table.read_days("labels_wait_days", policy.labels_wait));
    TRY(table.read_days("half_life_days", policy.half_life));
    TRY(table.read_days("class_mix_days", policy.correction_window));
    TRY(table.read_whole("trials", policy.trials, 1, 1000));
    TRY(table.read_share("false_alarm_days", policy.false_alarm_days, 0.01, 36'500));
    TRY(table.read<bool>("label_shift_correction", policy.correction, "true or false"));
    TRY(table.read<std::int64_t>("seed", policy.seed, "a whole number"));
    std::string undecided =
        policy.when_undecided == release::WhenUndecided::Keep ? "keep" : "promote";
    TRY(table.read<std::string>("when_undecided", undecided, "\"promote\" or \"keep\""));
    if (undecided != "promote" && undecided != "keep") {
        return table.wrong(
            *table.find("when_undecided"), "when_undecided", "\"promote\" or \"keep\""
        );
    }
    policy.when_undecided = undecided == "keep" ? release::WhenUndecided::Keep
                                                : release::WhenUndecided::PromoteUnlessWorse;
    return table.refuse_unknown();
}

Result<void> read_labeling(Table table, labeling::Plan& plan) {
    TRY(table.read_share("second_share", plan.second_share, 0, 1));
    TRY(table.read_share("gold_share", plan.gold_share, 0, .5));
    return table.refuse_unknown();
}

Result<void> read_batching(Table table, serving::BatchLimits& limits) {
    double delay_ms = static_cast<double>(limits.delay.count()) * 1e-3;
    double time_out_s = static_cast<double>(limits.time_out.count()) * 1e-6;
    TRY(table.read_whole("max_batch_size", limits.batch_rows, 1, 65'536));
    TRY(table.read_share("max_delay_ms", delay_ms, 0, 60'000));
    TRY(table.read_whole("max_queue_rows", limits.queue_rows, 1, 10'000'000));
    TRY(table.read_whole("instances", limits.instances, 1, 256));
    TRY(table.read_share("time_out_s", time_out_s, 0.001, 3600));
    limits.delay = std::chrono::microseconds(static_cast<std::int64_t>(delay_ms * 1e3));
    limits.time_out = std::chrono::microseconds(static_cast<std::int64_t>(time_out_s * 1e6));
    return table.refuse_unknown();
}

/// A table `batching` below `table`; what it does not say stays as it is.
Result<void> read_batching_below(
    Table& table, const std::string& name, serving::BatchLimits& limits
) {
    table.know("batching");
    const auto* node = table.find("batching");
    if (node != nullptr && !node->is_table()) {
        return table.wrong(*node, "batching", fmt::format("a table, begun by [{}]", name));
    }
    return node == nullptr ? Result<void>()
                           : read_batching(table.within(node->as_table(), name), limits);
}

Result<void> read_served_model(Table& table, Settings& settings) {
    std::string name;
    serving::VersionPolicy policy;
    serving::BatchLimits batching = settings.batching;
    TRY(table.read<std::string>("name", name, "a model's name"));
    TRY(table.read_name("policy", policy.keep));
    TRY(table.read_whole("count", policy.count, 1, 1'000'000));
    table.know("versions");
    const auto* node = table.find("versions");
    const auto* list = node == nullptr ? nullptr : node->as_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        policy.versions.push_back(list->get(i)->value<std::int64_t>().value_or(0));
    }
    TRY(read_batching_below(table, "serve.models.batching", batching));
    TRY(table.refuse_unknown());
    const bool specific = policy.keep == serving::Keep::Specific;
    if (!is_model_name(name) || specific == policy.versions.empty() ||
        std::any_of(policy.versions.begin(), policy.versions.end(), [](auto n) { return n < 1; }) ||
        !settings.policies.emplace(name, policy).second) {
        return invalid_argument(fmt::format(
            "[[serve.models]] needs a model's name, each once, and a list of versions with the "
            "policy \"specific\" only: name '{}'",
            name
        ));
    }
    if (table.find("batching") != nullptr) {
        settings.model_batching.emplace(name, batching);
    }
    return {};
}

/// After [serve.batching], which models fall back to.
Result<void> read_served_models(const Table& serve, Settings& settings) {
    const auto* node = serve.find("models");
    const auto* list = node == nullptr ? nullptr : node->as_array();
    if (node != nullptr && (list == nullptr || !list->is_array_of_tables())) {
        return serve.wrong(*node, "models", "a list of tables, each begun by [[serve.models]]");
    }
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        Table table = serve.within(list->get(i)->as_table(), "serve.models");
        TRY(read_served_model(table, settings));
    }
    return {};
}

Result<void> read_limits(Table table, ServeLimits& limits) {
    TRY(table.read_whole("connections", limits.connections, 1, 1'000'000));
    TRY(table.read_whole("rows", limits.rows, 1, 65'536));
    TRY(table.read_whole("infer_body_mib", limits.infer_body_mib, 1, kMostBodyMib));
    TRY(table.read_whole("tensor_mib", limits.tensor_mib, 1, kMostBodyMib));
    TRY(table.read_whole("feedback_body_mib", limits.feedback_body_mib, 1, kMostBodyMib));
    TRY(table.read_whole("other_body_mib", limits.other_body_mib, 1, kMostBodyMib));
    TRY(table.read_whole("header_kib", limits.header_kib, 1, 256));
    TRY(table.read_whole("header_fields", limits.header_fields, 10, 10'000));
    TRY(table.read_whole("request_line_kib", limits.request_line_kib, 1, 256));
    if (limits.request_line_kib > limits.header_kib) {
        const char* key =
            table.find("request_line_kib") != nullptr ? "request_line_kib" : "header_kib";
        return table.wrong(
            *table.find(key),
            key,
            fmt::format(
                "such that request_line_kib ({}) is at most header_kib ({})",
                limits.request_line_kib,
                limits.header_kib
            )
        );
    }
    TRY(table.read_whole("chunks", limits.chunks, 1, 10'000'000));
    TRY(table.read_share("head_seconds", limits.head_seconds, 0.1, 3600));
    TRY(table.read_share("body_seconds", limits.body_seconds, 0.1, 3600));
    TRY(table.read_share("idle_seconds", limits.idle_seconds, 0.1, 86'400));
    TRY(table.read_share("write_seconds", limits.write_seconds, 0.1, 3600));
    return table.refuse_unknown();
}

Result<void> read_serve(Table table, Settings& settings) {
    TRY(table.read<std::string>("address", settings.address, "an address such as \"127.0.0.1\""));
    TRY(table.read_whole("port", settings.port, 0, 65'535));
    TRY(table.read_whole("threads", settings.threads, 0, 1024));
    TRY(table.read<bool>("open_read", settings.open_read, "true or false"));
    TRY(table.read_names("hosts", settings.hosts));
    AccessLogSettings& log = settings.access_log;
    TRY(table.read_name("access_log", log.to));
    TRY(table.read_whole("access_log_mib", log.mib, 1, 1 << 20));
    TRY(table.read_whole("access_log_files", log.files, 1, 1000));
    TRY(table.read<std::string>("tls_certificate", settings.tls_certificate, "a PEM file"));
    TRY(table.read<std::string>("tls_key", settings.tls_key, "a PEM file"));
    if (settings.tls_certificate.empty() != settings.tls_key.empty()) {
        const char* there = settings.tls_key.empty() ? "tls_certificate" : "tls_key";
        return table.wrong(*table.find(there), there, "set together with its other half");
    }
    table.know("limits");
    if (const auto* limits = table.find("limits")) {
        if (!limits->is_table()) {
            return table.wrong(*limits, "limits", "a table, begun by [serve.limits]");
        }
        TRY(read_limits(table.within(limits->as_table(), "serve.limits"), settings.limits));
    }
    TRY(read_batching_below(table, "serve.batching", settings.batching));
    table.know("models");
    TRY(read_served_models(table, settings));
    return table.refuse_unknown();
}

Result<void> read_engines(Table table, WorkerSettings& engines) {
    std::int64_t threads = engines.threads;
    std::int64_t lanes = engines.lanes;
    TRY(table.read<std::string>("folder", engines.folder, "a folder"));
    TRY(table.read<std::int64_t>("threads", threads, "a whole number"));
    TRY(table.read<std::int64_t>("lanes", lanes, "a whole number"));
    if (threads < 0 || threads > 1024) {
        return table.wrong(*table.find("threads"), "threads", "a number from 0 to 1024");
    }
    if (lanes < 1 || lanes > 16) {
        return table.wrong(*table.find("lanes"), "lanes", "a number from 1 to 16");
    }
    engines.threads = static_cast<int>(threads);
    engines.lanes = static_cast<int>(lanes);
    TRY(table.read_share("call_seconds", engines.call_seconds, 0.1, 3600));
    TRY(table.read_share("memory_gib", engines.memory_gib, 0.25, 4096));
    TRY(table.read_share("shared_memory_mib", engines.shared_memory_mib, 1, 4096));
    return table.refuse_unknown();
}

Result<void> read_metrics(Table table, Settings& settings) {
    TRY(table.read<bool>("triton_names", settings.triton_names, "true or false"));
    return table.refuse_unknown();
}

Result<void> read_rules(const Table& capture, std::vector<CaptureRule>& rules) {
    const auto* node = capture.find("rules");
    const auto* list = node == nullptr ? nullptr : node->as_array();
    if (node != nullptr && (list == nullptr || !list->is_array_of_tables())) {
        return capture.wrong(*node, "rules", "a list of tables, each begun by [[capture.rules]]");
    }
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        Table table = capture.within(list->get(i)->as_table(), "capture.rules");
        CaptureRule rule;
        TRY(table.read<std::string>("name", rule.name, "a name"));
        TRY(table.read<std::string>("when", rule.when, "a condition such as \"margin < 0.1\""));
        TRY(table.read_share("keep", rule.keep, 0, 1));
        TRY(table.refuse_unknown());
        rules.push_back(std::move(rule));
    }
    return {};
}

Result<void> read_redaction(const Table& capture, std::vector<RedactionRule>& rules) {
    const auto* node = capture.find("redact");
    const auto* list = node == nullptr ? nullptr : node->as_array();
    if (node != nullptr && (list == nullptr || !list->is_array_of_tables())) {
        return capture.wrong(*node, "redact", "a list of tables, each begun by [[capture.redact]]");
    }
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        Table table = capture.within(list->get(i)->as_table(), "capture.redact");
        RedactionRule rule;
        TRY(table.read<std::string>("field", rule.field, "\"text\" or a JSON pointer"));
        TRY(table.read_name("kind", rule.kind));
        TRY(table.read_name("action", rule.action));
        TRY(table.read<std::string>("pattern", rule.pattern, "an expression of RE2"));
        TRY(table.refuse_unknown());
        rules.push_back(std::move(rule));
    }
    const auto redaction = Redaction::make(rules, SecretKey());
    return redaction ? Result<void>()
                     : capture.wrong(*node, "redact", "good rules: " + redaction.error().message);
}

Result<void> read_lifetime(Table& table, std::string_view key, std::chrono::days& out) {
    std::int64_t days = out.count();
    TRY(table.read<std::int64_t>(key, days, "a whole number of days"));
    if (days < 1 || days > 36'500) {
        return table.wrong(*table.find(key), key, "1 to 36500 days");
    }
    out = std::chrono::days(days);
    return {};
}

Result<void> read_capture(Table table, CaptureSettings& capture) {
    TRY(table.read<bool>("rows", capture.rows, "true or false"));
    TRY(table.read_name("sync", capture.sync));
    std::string outputs = capture.full_outputs ? "full" : "classes";
    TRY(table.read<std::string>("outputs", outputs, "\"classes\" or \"full\""));
    if (outputs != "classes" && outputs != "full") {
        return table.wrong(*table.find("outputs"), "outputs", "\"classes\" or \"full\"");
    }
    capture.full_outputs = outputs == "full";
    TRY(table.read<std::int64_t>("key_rows_per_hour", capture.key_rows_per_hour, "a whole number"));
    if (capture.key_rows_per_hour < 0) {
        return table.wrong(*table.find("key_rows_per_hour"), "key_rows_per_hour", "0 or more");
    }
    TRY(table.read<std::int64_t>("seed", capture.seed, "a whole number"));
    TRY(table.read_share("disk_max_gib", capture.disk_max_gib, 0.001, 1e6));
    TRY(read_lifetime(table, "payload_days", capture.lifetimes.payload));
    TRY(read_lifetime(table, "embedding_days", capture.lifetimes.embedding));
    TRY(read_lifetime(table, "row_days", capture.lifetimes.row));
    table.know("rules");
    table.know("redact");
    TRY(read_rules(table, capture.rules));
    TRY(read_redaction(table, capture.redact));
    TRY(table.refuse_unknown());
    const auto policy =
        CapturePolicy::make(capture.rules, static_cast<std::uint64_t>(capture.seed));
    if (!policy) {
        return table.wrong(*table.find("rules"), "rules", "good rules: " + policy.error().message);
    }
    return {};
}

/// toml++ 3.3 ends the program at a `[` or `[[` that begins a line and that no key follows: the
/// line of the first one; 0 = there is none. Nested lists could begin so, but no setting is one.
std::int64_t line_of_nameless_table(std::string_view text) {
    std::int64_t line = 1;
    for (std::string_view rest = text; !rest.empty(); ++line) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view begun = trim(rest.substr(0, end));
        if (begun.starts_with('[')) {
            begun = trim(begun.substr(begun.starts_with("[[") ? 2 : 1));
            const auto c = begun.empty() ? '\0' : begun.front();
            if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-' &&
                c != '"' && c != '\'') {
                return line;
            }
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return 0;
}

}  // namespace

Result<Settings> read_settings(const std::filesystem::path& file) {
    const std::ifstream in(file, std::ios::binary);
    if (!in) {
        return not_found(fmt::format("Cannot read the settings: {}", file.string()));
    }
    std::ostringstream text;
    text << in.rdbuf();
    if (const std::int64_t line = line_of_nameless_table(text.str()); line > 0) {
        return invalid_argument(
            fmt::format("{}, line {}: a table's name must follow '['", file.string(), line)
        );
    }
    const toml::parse_result parsed = toml::parse(text.str());
    if (!parsed) {
        return invalid_argument(fmt::format(
            "{}, line {}: {}",
            file.string(),
            parsed.error().source().begin.line,
            parsed.error().description()
        ));
    }
    const toml::table& root = parsed.table();
    for (const auto& [key, node] : root) {
        if (!node.is_table()) {
            return invalid_argument(fmt::format(
                "{}, line {}: '{}' must be a table, begun by [{}]",
                file.string(),
                node.source().begin.line,
                key.str(),
                key.str()
            ));
        }
    }
    Settings settings;
    TRY(read_model({root["model"].as_table(), "model", file.string()}, settings));
    TRY(read_loop({root["loop"].as_table(), "loop", file.string()}, settings));
    TRY(read_labeling({root["labeling"].as_table(), "labeling", file.string()}, settings.labeling));
    TRY(read_serve({root["serve"].as_table(), "serve", file.string()}, settings));
    TRY(read_capture({root["capture"].as_table(), "capture", file.string()}, settings.capture));
    TRY(read_engines({root["engines"].as_table(), "engines", file.string()}, settings.engines));
    TRY(read_metrics({root["metrics"].as_table(), "metrics", file.string()}, settings));
    for (const auto& [key, node] : root) {
        if (key != "model" && key != "loop" && key != "serve" && key != "capture" &&
            key != "engines" && key != "metrics" && key != "labeling") {
            return invalid_argument(fmt::format(
                "{}, line {}: unknown table '{}'. Known: model, loop, labeling, serve, capture, "
                "engines, metrics",
                file.string(),
                node.source().begin.line,
                key.str()
            ));
        }
    }
    settings.policy.model = settings.model;
    settings.policy.prior_discount = settings.prior_discount;
    return settings;
}

}  // namespace flywheel::app
