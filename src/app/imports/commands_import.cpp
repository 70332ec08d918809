// SPDX-License-Identifier: Apache-2.0
// model import: a user's own model file becomes a version that is served.
#include <fstream>

#include <fmt/format.h>

#include "app/commands_parts.h"
#include "app/screen.h"
#include "base/json_value.h"
#include "base/text.h"
#include "ports/engine/openvino/files/import_files.h"
#include "ports/vault/folder/folder_vault.h"
#include "rooms/compression/import.h"

namespace flywheel::app {

namespace {

/// One a line; a last empty line is none.
Result<std::vector<std::string>> read_labels(const std::filesystem::path& file) {
    std::vector<std::string> labels;
    if (file.empty()) {
        return labels;
    }
    std::ifstream lines(file);
    if (!lines) {
        return not_found("Labels cannot be read: " + file.string());
    }
    std::string line;
    while (std::getline(lines, line)) {
        labels.emplace_back(trim(line));
        if (labels.back().empty() || !check_utf8(labels.back())) {
            return invalid_argument(fmt::format(
                "{}, line {}: a label is a line of UTF-8 that is not empty",
                file.string(),
                labels.size()
            ));
        }
    }
    return labels;
}

}  // namespace

Result<void> run_model_import(const CommandScope& scope, const ImportModelOptions& options) {
    if (!compression::is_model_name(options.name)) {
        return invalid_argument(fmt::format(
            "A model's name has 1 to 64 letters, digits, '-', '_' or '.': '{}'", options.name
        ));
    }
    const openvino::ModelOptions how{options.batches, options.precision};
    const std::string bundle = TRY(openvino::bundle_of_file(options.file, how));
    const auto labels = TRY(read_labels(options.labels));
    const auto door = TRY(open_door(scope));
    // The vault takes blobs from any number of processes; so only a digest goes through the door.
    const auto vault = TRY(folder::open(scope.dir / "vault"));
    const Digest artefact = TRY(vault->put(bundle));
    const Json made = TRY(door->post_json(
        "/v1/models/" + options.name + "/import",
        {{"engine", "openvino"},
         {"artefact", artefact.hex()},
         {"labels", labels},
         {"licence", options.licence},
         {"origin", "file " + options.file.filename().string()},
         {"who", options.who.empty() ? user_name() : options.who},
         {"release", !options.no_release}}
    ));
    if (scope.json) {
        print_json(made);
        return {};
    }
    const auto number = made.at("version").at("number").get<std::int64_t>();
    print_out(
        made.at("released").get<bool>()
            ? fmt::format("{} serves version {} now\n", options.name, number)
            : fmt::format("{} has version {} now; it is not served yet\n", options.name, number)
    );
    return {};
}

}  // namespace flywheel::app
