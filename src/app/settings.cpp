// SPDX-License-Identifier: Apache-2.0
#include "app/settings.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace flywheel::app {

namespace {

/// Reads one table, remembers what was asked for, and refuses what is left over.
class Table {
  public:
    Table(const toml::table* table, std::string name, std::string file)
        : table_(table), name_(std::move(name)), file_(std::move(file)) {}

    template <class T, class Out>
    Result<void> read(std::string_view key, Out& out, std::string_view wanted) {
        known_.insert(std::string(key));
        const auto* node = table_ == nullptr ? nullptr : table_->get(key);
        if (node == nullptr) {
            return {};
        }
        const auto value = node->value<T>();
        if (!value) {
            return wrong(*node, key, wanted);
        }
        out = static_cast<Out>(*value);
        return {};
    }

    Result<void> read_days(std::string_view key, Duration& out) {
        double days = static_cast<double>(out.count()) / 86'400e6;
        TRY(read<double>(key, days, "a number of days"));
        if (!(days > 0) || days > 36'500) {
            return wrong(*table_->get(key), key, "days between 0 and 36500");
        }
        out = Duration(static_cast<std::int64_t>(days * 86'400e6));
        return {};
    }

    Result<void> read_share(std::string_view key, double& out, double least, double most) {
        TRY(read<double>(key, out, "a number"));
        if (!(out >= least && out <= most)) {
            return wrong(
                *table_->get(key), key, fmt::format("a number from {} to {}", least, most)
            );
        }
        return {};
    }

    template <class Out>
    Result<void> read_whole(std::string_view key, Out& out, std::int64_t least, std::int64_t most) {
        std::int64_t value = out;
        const std::string wanted = fmt::format("a whole number from {} to {}", least, most);
        TRY(read<std::int64_t>(key, value, wanted));
        if (value < least || value > most) {
            return wrong(*table_->get(key), key, wanted);
        }
        out = static_cast<Out>(value);
        return {};
    }

    /// One of the names of an enumeration.
    template <class E>
    Result<void> read_name(std::string_view key, E& out) {
        std::string name(enum_name(out));
        const std::string wanted = fmt::format("one of {}", fmt::join(names_of(E()), ", "));
        TRY(read<std::string>(key, name, wanted));
        const auto value = parse_enum<E>(name);
        if (!value) {
            return wrong(*table_->get(key), key, wanted);
        }
        out = *value;
        return {};
    }

    Result<void> read_labels(std::string_view key, std::vector<std::string>& out) {
        known_.insert(std::string(key));
        const auto* node = table_ == nullptr ? nullptr : table_->get(key);
        if (node == nullptr) {
            return {};
        }
        const auto* list = node->as_array();
        if (list == nullptr) {
            return wrong(*node, key, "a list of names");
        }
        for (const auto& item : *list) {
            const auto name = item.value<std::string>();
            if (!name || name->empty()) {
                return wrong(item, key, "a list of names");
            }
            out.push_back(*name);
        }
        return {};
    }

    Result<void> refuse_unknown() const {
        if (table_ == nullptr) {
            return {};
        }
        for (const auto& [key, node] : *table_) {
            if (!known_.contains(std::string(key.str()))) {
                return invalid_argument(fmt::format(
                    "{}, line {}: unknown setting '{}.{}'. Known here: {}",
                    file_,
                    node.source().begin.line,
                    name_,
                    key.str(),
                    fmt::join(known_, ", ")
                ));
            }
        }
        return {};
    }

    [[nodiscard]] Error wrong(const toml::node& node, std::string_view key, std::string_view wanted)
        const {
        return invalid_argument(fmt::format(
            "{}, line {}: '{}.{}' must be {}", file_, node.source().begin.line, name_, key, wanted
        ));
    }

    /// A table below this one; `name` as people write it.
    [[nodiscard]] Table within(const toml::table* table, std::string name) const {
        return {table, std::move(name), file_};
    }

    /// A setting that is read in another way.
    void know(std::string_view key) { known_.insert(std::string(key)); }

    [[nodiscard]] const toml::node* find(std::string_view key) const {
        return table_ == nullptr ? nullptr : table_->get(key);
    }

  private:
    const toml::table* table_;
    std::string name_;
    std::string file_;
    std::set<std::string> known_;
};

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
    TRY(table.read_labels("labels", settings.labels));
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
    TRY(table.read<std::int64_t>("retrain_labels_min", policy.retrain_labels_min, "a whole number")
    );
    TRY(table.read_days("labels_wait_days", policy.labels_wait));
    TRY(table.read_days("half_life_days", policy.half_life));
    TRY(table.read_days("class_mix_days", policy.correction_window));
    TRY(table.read<std::int64_t>("trials", policy.trials, "a whole number"));
    TRY(table.read<double>("false_alarm_days", policy.false_alarm_days, "a number of days"));
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

Result<void> read_serve(Table table, Settings& settings) {
    std::int64_t port = settings.port;
    TRY(table.read<std::string>("address", settings.address, "an address such as \"127.0.0.1\""));
    TRY(table.read<std::int64_t>("port", port, "a port"));
    if (port < 0 || port > 65'535) {
        return table.wrong(*table.find("port"), "port", "a port from 0 to 65535");
    }
    settings.port = static_cast<std::uint16_t>(port);
    TRY(table.read<std::int64_t>("threads", settings.threads, "a whole number"));
    TRY(table.read<bool>("open_read", settings.open_read, "true or false"));
    table.know("batching");
    if (const auto* batching = table.find("batching")) {
        if (!batching->is_table()) {
            return table.wrong(*batching, "batching", "a table, begun by [serve.batching]");
        }
        TRY(read_batching(table.within(batching->as_table(), "serve.batching"), settings.batching));
    }
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
    std::string sync = capture.sync == SyncMode::Os ? "os" : "interval";
    TRY(table.read<std::string>("sync", sync, "\"interval\" or \"os\""));
    if (sync != "interval" && sync != "os") {
        return table.wrong(*table.find("sync"), "sync", "\"interval\" or \"os\"");
    }
    capture.sync = sync == "os" ? SyncMode::Os : SyncMode::Interval;
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

}  // namespace

Result<Settings> read_settings(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        return not_found(fmt::format("Cannot read the settings: {}", file.string()));
    }
    std::ostringstream text;
    text << in.rdbuf();
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
    Settings settings;
    TRY(read_model({root["model"].as_table(), "model", file.string()}, settings));
    TRY(read_loop({root["loop"].as_table(), "loop", file.string()}, settings));
    TRY(read_serve({root["serve"].as_table(), "serve", file.string()}, settings));
    TRY(read_capture({root["capture"].as_table(), "capture", file.string()}, settings.capture));
    TRY(read_engines({root["engines"].as_table(), "engines", file.string()}, settings.engines));
    for (const auto& [key, node] : root) {
        if (key != "model" && key != "loop" && key != "serve" && key != "capture" &&
            key != "engines") {
            return invalid_argument(fmt::format(
                "{}, line {}: unknown table '{}'. Known: model, loop, serve, capture, engines",
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
