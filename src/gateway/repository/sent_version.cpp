// SPDX-License-Identifier: Apache-2.0
#include "gateway/repository/sent_version.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/json_value.h"
#include "base/text.h"

namespace flywheel::gateway {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kFile = "file:";

/// Value of each character; 64 = none.
std::array<std::uint8_t, 256> make_values() {
    std::array<std::uint8_t, 256> values{};
    values.fill(64);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

Error not_base64() {
    return invalid_argument("Text is not base64 (RFC 4648, with padding)");
}

/// Names with no empty ones between; the last line may end without a line end.
Result<std::vector<std::string>> read_labels(const std::string& text) {
    TRY(check_utf8(text).within("labels.txt"));
    std::vector<std::string> labels;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        labels.emplace_back(trim(std::string_view(text).substr(at, end - at)));
        if (labels.back().empty()) {
            return invalid_argument(fmt::format("labels.txt, line {}: it is empty", labels.size()));
        }
        at = end + 1;
    }
    return labels;
}

struct FilePlace {
    std::int64_t number = 0;
    std::string_view name;
};

/// "file:7/model.onnx".
Result<FilePlace> read_place(std::string_view key) {
    FilePlace place;
    const std::string_view rest = key.substr(kFile.size());
    const std::size_t slash = rest.find('/');
    const auto [end, failed] =
        std::from_chars(rest.data(), rest.data() + std::min(slash, rest.size()), place.number);
    if (slash == std::string_view::npos || failed != std::errc() || end != rest.data() + slash ||
        place.number < 1) {
        return invalid_argument(
            fmt::format("A file's name is 'file:<version>/<name>', version from 1: '{}'", key)
        );
    }
    place.name = rest.substr(slash + 1);
    return place;
}

Result<void> take_file(SentVersion& sent, std::string_view name, std::string bytes) {
    if (name == "model.safetensors" || name == "model.onnx") {
        if (!sent.artefact.empty()) {
            return invalid_argument("Two artefacts were sent; send one");
        }
        sent.engine = !sent.engine.empty()   ? sent.engine
                      : name == "model.onnx" ? "openvino"
                                             : "linear";
        sent.artefact = std::move(bytes);
        return {};
    }
    if (name == "labels.txt") {
        sent.labels = TRY(read_labels(bytes));
        return {};
    }
    if (name == "card.md") {
        TRY(check_utf8(bytes).within("card.md"));
        sent.card = std::move(bytes);
        return {};
    }
    return invalid_argument(fmt::format(
        "A file must be model.safetensors, model.onnx, card.md or labels.txt: '{}'", name
    ));
}

Result<void> read_config(const Json& value, std::string_view model, SentVersion& sent) {
    if (!value.is_string()) {
        return invalid_argument("Parameter 'config' is not a string of JSON");
    }
    const Json config = TRY(parse_json(value.get_ref<const std::string&>())
                                .within("Parameter 'config' is not valid JSON"));
    if (!config.is_object()) {
        return invalid_argument("Parameter 'config' is not a JSON object");
    }
    const auto text = [&](const char* name) -> Result<std::string> {
        const auto found = config.find(name);
        if (found == config.end()) {
            return std::string();
        }
        return found->is_string()
                   ? Result<std::string>(found->get<std::string>())
                   : Result<std::string>(
                         invalid_argument(fmt::format("config: '{}' is not a string", name))
                     );
    };
    const std::string name = TRY(text("name"));
    if (!name.empty() && name != model) {
        return invalid_argument(
            fmt::format("config: 'name' is another model's: '{}', path '{}'", name, model)
        );
    }
    sent.engine = TRY(text("backend"));
    const auto change = config.find("fw_signature_change");
    if (change != config.end() && !change->is_boolean()) {
        return invalid_argument("config: 'fw_signature_change' is not true or false");
    }
    sent.signature_change = change != config.end() && change->get<bool>();
    return {};
}

}  // namespace

Result<std::string> from_base64(std::string_view text) {
    static const std::array<std::uint8_t, 256> kValues = make_values();
    if (text.size() % 4 != 0) {
        return not_base64();
    }
    const std::size_t padding = text.empty()           ? 0
                                : text.ends_with("==") ? 2
                                : text.ends_with('=')  ? 1
                                                       : 0;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool pad = i >= text.size() - padding;
        const std::uint8_t value = kValues[static_cast<unsigned char>(text[i])];
        if (!pad && value == 64) {
            return not_base64();
        }
        bits = bits << 6U | (pad ? 0U : value);
        if (i % 4 == 3) {
            bytes += static_cast<char>(bits >> 16U & 0xFFU);
            bytes += static_cast<char>(bits >> 8U & 0xFFU);
            bytes += static_cast<char>(bits & 0xFFU);
            bits = 0;
        }
    }
    bytes.erase(bytes.size() - std::min(padding, bytes.size()));
    return bytes;
}

Result<std::optional<SentVersion>> read_sent_version(
    const Json& parameters, std::string_view model
) {
    SentVersion sent;
    const auto config = parameters.find("config");
    if (config != parameters.end()) {
        TRY(read_config(*config, model, sent));
    }
    bool any = false;
    for (const auto& [key, value] : parameters.items()) {
        if (!key.starts_with(kFile)) {
            continue;
        }
        const FilePlace place = TRY(read_place(key));
        if (config == parameters.end()) {
            return invalid_argument("Files need the parameter 'config', a JSON object as text");
        }
        if (!value.is_string()) {
            return invalid_argument(fmt::format("Parameter '{}' is not a string", key));
        }
        if (any && place.number != sent.number) {
            return invalid_argument("Files of several versions were sent; send one at a time");
        }
        any = true;
        sent.number = place.number;
        TRY(take_file(
            sent, place.name, TRY(from_base64(value.get_ref<const std::string&>()).within(key))
        ));
    }
    if (!any && config == parameters.end()) {
        return std::optional<SentVersion>();
    }
    if (sent.artefact.empty()) {
        return invalid_argument("No artefact was sent; send model.safetensors or model.onnx");
    }
    return std::optional<SentVersion>(std::move(sent));
}

}  // namespace flywheel::gateway
