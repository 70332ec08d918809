// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/openvino/files/import_files.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "ports/engine/worker/bundle.h"

namespace flywheel::openvino {

namespace {

Result<std::string> read_file(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream bytes;
    bytes << stream.rdbuf();
    if (!stream || bytes.str().empty()) {
        return not_found(fmt::format("Model file cannot be read, or is empty: {}", file.string()));
    }
    return std::move(bytes).str();
}

}  // namespace

Result<std::string> bundle_of_file(const std::filesystem::path& file, const ModelOptions& options) {
    TRY(check_options(options));
    const bool onnx = file.extension() == ".onnx";
    if (!onnx && file.extension() != ".xml") {
        return invalid_argument(fmt::format(
            "A model to import is FILE.onnx, or FILE.xml (OpenVINO IR, with FILE.bin beside it); "
            "export "
            "it as one of them: {}",
            file.string()
        ));
    }
    const std::string model = TRY(read_file(file));
    const std::string how = to_json(options);
    worker::Parts parts = {{onnx ? "model.onnx" : "model.xml", model}, {"options.json", how}};
    const auto beside = std::filesystem::path(file).replace_extension(".bin");
    std::string weights;
    std::error_code ignored;
    if (!onnx && std::filesystem::exists(beside, ignored) &&
        std::filesystem::file_size(beside, ignored) > 0) {
        weights = TRY(read_file(beside));
        parts.emplace("model.bin", weights);
    }
    return worker::write_bundle(parts);
}

}  // namespace flywheel::openvino
