// SPDX-License-Identifier: Apache-2.0
// model, label, dataset: looking at what the loop made, and moving what is served by hand.
#include <algorithm>
#include <cctype>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

#include "app/commands_parts.h"
#include "app/screen.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

std::string day(const Json& record, const char* name) {
    return record.value(name, "").substr(0, 10);
}

void print_table(const Table& table) {
    print_out(table.to_text(terminal_width(STDOUT_FILENO), Painter(wants_colour(STDOUT_FILENO))));
}

std::string judged(const Json& evaluations, const Json& version) {
    for (const Json& one : evaluations) {
        if (one.at("challenger") == version.at("id")) {
            return one.value("verdict", "") + ": " + one.value("reason", "");
        }
    }
    return "-";
}

std::string model_of(const Door& door, const MoveOptions& options) {
    return options.model.empty() ? door.model() : options.model;
}

/// Where a model is asked for, whatever bytes somebody calls it.
std::string path_of(const std::string& model) {
    std::string path = "/v1/models/";
    for (const char c : model) {
        const bool plain =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
        path += plain
                    ? std::string(1, c)
                    : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return path;
}

/// One sentence about what is so from now on.
std::string moved_text(const std::string& model, const Json& rollout) {
    const std::string state = rollout.value("state", "");
    const auto from = rollout.value("from_version", std::int64_t{0});
    const auto to = rollout.value("to_version", std::int64_t{0});
    const double percent = 100 * rollout.value("share", 1.0);
    if (state == "canary") {
        return fmt::format(
            "{}: version {} answers {:g} % of the traffic now, version {} the rest\n",
            model,
            to,
            percent,
            from
        );
    }
    if (state == "shadow") {
        return fmt::format(
            "{}: version {} answers copies of {:g} % of the traffic now; callers see version {}\n",
            model,
            to,
            percent,
            from
        );
    }
    if (state == "cancelled") {
        return fmt::format("{}: version {} is on its way no longer\n", model, from);
    }
    return fmt::format("{} serves version {} now (before: {})\n", model, to, from);
}

Result<void> move(
    Door& door, const CommandScope& scope, const std::string& verb, const MoveOptions& options
) {
    Json body = {{"who", options.who.empty() ? user_name() : options.who}};
    if (options.version != 0) {
        body["version"] = options.version;
    }
    if (options.share != 0) {
        body["share"] = options.share;
    }
    if (options.signature_change) {
        body["signature_change"] = true;
    }
    if (!options.reason.empty()) {
        body["reason"] = options.reason;
    }
    const std::string model = model_of(door, options);
    const Json rollout = TRY(door.post_json(path_of(model) + "/" + verb, body));
    if (scope.json) {
        print_json(rollout);
        return {};
    }
    print_out(moved_text(model, rollout));
    return {};
}

/// "stable", "canary 5 %", ...; "-" for none.
std::string labels_of(const Json& serving, std::int64_t number) {
    std::string text;
    for (const auto& [label, version] : serving.at("labels").items()) {
        if (version.get<std::int64_t>() != number) {
            continue;
        }
        text += (text.empty() ? "" : ", ") + label;
        if (label == "canary" || label == "shadow") {
            text += fmt::format(" {:g} %", 100 * serving.at("live").value("share", 1.0));
        }
    }
    const auto& loaded = serving.at("loaded");
    if (text.empty() && std::find(loaded.begin(), loaded.end(), number) != loaded.end()) {
        return "loaded";
    }
    return text.empty() ? "-" : text;
}

Result<std::string> full_digest(const Json& datasets, const std::string& begin) {
    std::vector<std::string> found;
    for (const Json& one : datasets) {
        if (one.value("id", "").starts_with(begin)) {
            found.push_back(one.value("id", ""));
        }
    }
    if (found.empty()) {
        return not_found("No dataset version begins so; see `flywheel dataset log`: " + begin);
    }
    if (found.size() > 1) {
        return invalid_argument("Several dataset versions begin so; give more digits: " + begin);
    }
    return found.front();
}

std::string rows_of(const Json& counts, const char* split) {
    std::int64_t sum = 0;
    if (counts.is_object() && counts.contains(split)) {
        for (const Json& count : counts.at(split)) {
            sum += count.is_number() ? count.get<std::int64_t>() : 0;
        }
    }
    return grouped(sum);
}

}  // namespace

Result<void> run_model_list(const CommandScope& scope, const MoveOptions& options) {
    const auto door = TRY(open_door(scope));
    const std::string path = path_of(model_of(*door, options));
    const Json versions = TRY(door->get_json(path + "/versions"));
    if (scope.json) {
        print_json(versions);
        return {};
    }
    const Json serving = TRY(door->get_json(path + "/serving"));
    const Json evaluations = TRY(door->get_json(path + "/evaluations"));
    Table table;
    table.add_column("version", Align::Right);
    table.add_column("made");
    table.add_column("engine");
    table.add_column("KiB", Align::Right);
    table.add_column("labels");
    table.add_column("judged");
    const auto stable = serving.at("labels").value("stable", std::int64_t{0});
    for (const Json& version : versions.at("versions")) {
        const auto number = version.value("number", std::int64_t{0});
        table.add_row(
            {std::to_string(number),
             day(version, "created"),
             version.value("engine", ""),
             grouped((version.value("bytes", std::int64_t{0}) + 1023) / 1024),
             number == stable ? Cell(labels_of(serving, number), Colour::Green)
                              : Cell(labels_of(serving, number)),
             judged(evaluations.at("evaluations"), version)}
        );
    }
    print_table(table);
    return {};
}

Result<void> run_promote(const CommandScope& scope, const MoveOptions& options) {
    if (options.canary && options.share == 0) {
        return invalid_argument("A canary needs its share of the traffic, for example --share 0.05"
        );
    }
    if (!options.canary && !options.shadow && options.share != 0) {
        return invalid_argument("A share belongs to --canary or --shadow");
    }
    const auto door = TRY(open_door(scope));
    const char* const verb = options.canary ? "canary" : options.shadow ? "shadow" : "promote";
    return move(*door, scope, verb, options);
}

Result<void> run_rollback(const CommandScope& scope, const MoveOptions& options) {
    const auto door = TRY(open_door(scope));
    return move(*door, scope, "rollback", options);
}

Result<void> run_steer(
    const CommandScope& scope, const std::string& verb, const MoveOptions& options
) {
    const auto door = TRY(open_door(scope));
    return move(*door, scope, verb, options);
}

Result<void> run_card(const CommandScope& scope, const MoveOptions& options) {
    const auto door = TRY(open_door(scope));
    const std::string model = path_of(model_of(*door, options));
    print_out(TRY(door->get(fmt::format("{}/versions/{}/card", model, options.version))));
    return {};
}

Result<void> run_label_export(const CommandScope& scope, const std::filesystem::path& out) {
    const auto door = TRY(open_door(scope));
    const std::string csv = TRY(door->get("/v1/models/" + door->model() + "/labels"));
    if (out.empty()) {
        print_out(csv);
        return {};
    }
    std::ofstream file(out, std::ios::binary | std::ios::trunc);
    file << csv << std::flush;
    if (!file) {
        return make_error(
            Code::Unavailable, "Cannot write the labels; check disk and rights: " + out.string()
        );
    }
    return {};
}

Result<void> run_dataset_log(const CommandScope& scope) {
    const auto door = TRY(open_door(scope));
    const Json log = TRY(door->get_json("/v1/datasets?model=" + door->model()));
    if (scope.json) {
        print_json(log);
        return {};
    }
    Table table;
    table.add_column("version");
    table.add_column("made");
    for (const char* split : {"rows", "train", "valid", "test"}) {
        table.add_column(split, Align::Right);
    }
    table.add_column("author");
    table.add_column("message");
    for (const Json& one : log.at("datasets")) {
        const Json counts = one.value("counts", Json::object());
        table.add_row(
            {one.value("id", "").substr(0, 12),
             day(one, "created"),
             grouped(one.value("rows", std::int64_t{0})),
             rows_of(counts, "train"),
             rows_of(counts, "valid"),
             rows_of(counts, "test"),
             one.value("author", ""),
             one.value("message", "")}
        );
    }
    print_table(table);
    return {};
}

Result<void> run_dataset_diff(
    const CommandScope& scope, const std::string& before, const std::string& after
) {
    const auto door = TRY(open_door(scope));
    const Json log = TRY(door->get_json("/v1/datasets?limit=1000&model=" + door->model()));
    const std::string first = TRY(full_digest(log.at("datasets"), before));
    const std::string second = TRY(full_digest(log.at("datasets"), after));
    const Json diff = TRY(door->get_json("/v1/datasets/" + first + "/diff/" + second));
    if (scope.json) {
        print_json(diff);
        return {};
    }
    for (const char* part : {"added", "removed", "relabelled", "moved"}) {
        const auto count = diff.at(part).value("count", std::int64_t{0});
        print_out(fmt::format("{:<11} {:>9}\n", part, grouped(count)));
    }
    for (const Json& item : diff.at("relabelled").at("items")) {
        print_out(fmt::format(
            "  {}  {} -> {}\n",
            item.value("item", "").substr(0, 12),
            item.value("before", ""),
            item.value("after", "")
        ));
    }
    return {};
}

}  // namespace flywheel::app
