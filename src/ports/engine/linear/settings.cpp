// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_value.h"
#include "base/rng.h"

namespace flywheel::linear {

namespace {

constexpr std::array<std::string_view, 9> kNames{
    "epochs",
    "fold_digits",
    "folds",
    "hash_bits",
    "hidden",
    "ngram_max",
    "rate",
    "smoothing",
    "strength",
};

Result<void> check_names(const Json& object) {
    for (const auto& [name, value] : object.items()) {
        if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
            return invalid_argument(fmt::format(
                "Unknown setting of the linear engine; there are {}: '{}'",
                fmt::join(kNames, ", "),
                name
            ));
        }
    }
    return {};
}

struct Range {
    double low;
    double high;
};

Error out_of_range(std::string_view name, const Range& range, double value) {
    return invalid_argument(
        fmt::format("Setting '{}' must lie in {}..{}: {}", name, range.low, range.high, value)
    );
}

Result<void> read(const Json& object, std::string_view name, const Range& range, double& out) {
    if (object.contains(name)) {
        const double value = TRY(number_field(object, name));
        if (!(value >= range.low && value <= range.high)) {
            return out_of_range(name, range, value);
        }
        out = value;
    }
    return {};
}

Result<void> read(
    const Json& object, std::string_view name, const Range& range, std::int64_t& out
) {
    if (object.contains(name)) {
        const std::int64_t value = TRY(integer_field(object, name));
        const auto real = static_cast<double>(value);
        if (!(real >= range.low && real <= range.high)) {
            return out_of_range(name, range, real);
        }
        out = value;
    }
    return {};
}

Result<void> read(const Json& object, std::string_view name, const Range& range, int& out) {
    std::int64_t wide = out;
    TRY(read(object, name, range, wide));
    out = static_cast<int>(wide);
    return {};
}

/// One draw of the search: mostly without a hidden layer, which costs ten times as much and on
/// short texts (three streams tried) lost one to four points.
Settings draw(Rng& rng) {
    const auto pick = [&](const auto& choices) { return choices[rng.below(choices.size())]; };
    Settings settings;
    // Two digits say all there is to say, and read well.
    const double strength = std::pow(10.0, 2 * rng.uniform());
    settings.strength = strength < 10 ? std::round(strength * 10) / 10 : std::round(strength);
    settings.space.ngram_max = pick(std::array{2, 3, 3, 4});
    settings.space.hash_bits = pick(std::array{16, 18, 18, 20});
    settings.space.fold_digits = rng.below(2) == 1;
    settings.smoothing = pick(std::array{0.0, 0.0, 0.05, 0.1});
    settings.hidden = pick(std::array{0, 0, 0, 0, 0, 0, 0, 64});
    if (settings.hidden > 0) {
        settings.rate = pick(std::array{0.02, 0.05, 0.1});
    }
    return settings;
}

}  // namespace

Result<Settings> parse_settings(const JsonText& json) {
    const Json object = TRY(parse_json(json.text).within("Settings of the linear engine"));
    if (!object.is_object()) {
        return invalid_argument(
            "Settings of the linear engine must be a JSON object: " + json.text
        );
    }
    TRY(check_names(object));
    Settings settings;
    TRY(read(object, "ngram_max", {1, 5}, settings.space.ngram_max));
    TRY(read(object, "hash_bits", {10, 22}, settings.space.hash_bits));
    if (object.contains("fold_digits")) {
        settings.space.fold_digits = TRY(bool_field(object, "fold_digits"));
    }
    TRY(read(object, "strength", {1e-6, 1e6}, settings.strength));
    TRY(read(object, "epochs", {1, 1000}, settings.epochs));
    TRY(read(object, "folds", {0, 20}, settings.folds));
    if (settings.folds == 1) {
        return invalid_argument("Setting 'folds' must be 0 or 2..20: 1");
    }
    TRY(read(object, "smoothing", {0, 0.5}, settings.smoothing));
    TRY(read(object, "hidden", {0, 128}, settings.hidden));
    if (settings.hidden != 0 && settings.hidden != 64 && settings.hidden != 128) {
        return invalid_argument(
            fmt::format("Setting 'hidden' must be 0, 64 or 128: {}", settings.hidden)
        );
    }
    TRY(read(object, "rate", {1e-6, 1e30}, settings.rate));
    return settings;
}

JsonText to_json(const Settings& settings) {
    const Json object{
        {"epochs", settings.epochs},
        {"fold_digits", settings.space.fold_digits},
        {"folds", settings.folds},
        {"hash_bits", settings.space.hash_bits},
        {"hidden", settings.hidden},
        {"ngram_max", settings.space.ngram_max},
        {"rate", settings.rate},
        {"smoothing", settings.smoothing},
        {"strength", settings.strength},
    };
    return JsonText{canonical(object)};
}

std::vector<Settings> suggest_settings(std::uint64_t seed, int count) {
    Rng rng = Rng::named(seed, "linear/suggest");
    std::vector<Settings> list;
    while (list.size() < static_cast<std::size_t>(std::max(count, 0))) {
        const Settings next = list.empty() ? Settings{} : draw(rng);
        if (std::find(list.begin(), list.end(), next) == list.end()) {
            list.push_back(next);
        }
    }
    return list;
}

}  // namespace flywheel::linear
