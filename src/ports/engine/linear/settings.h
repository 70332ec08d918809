#pragma once
// SPDX-License-Identifier: Apache-2.0
// What can be set for one fit of the linear engine, with defaults that work for any stream of short
// texts. Read from and written as canonical JSON; part of the artefact. Pure functions, any thread.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ports/engine/linear/featuriser.h"
#include "records/field.h"

namespace flywheel::linear {

struct Settings {
    FeatureSpace space;    ///< "ngram_max" 1..5, "hash_bits" 10..22, "fold_digits".
    double strength = 20;  ///< C of min |W|^2/2 + C sum(loss), > 0. Larger: fits harder.
    std::int64_t epochs =
        20;  ///< Passes over the rows at most, 1..1000; it stops when nothing moves.
    std::int64_t folds = 5;   ///< Of the calibration out of fold; 0 = on `valid` only, else 2..20.
    double smoothing = 0;     ///< Share of a label spread over all classes, [0, .5].
    std::int64_t hidden = 0;  ///< Units of the hidden layer: 0 (none), 64 or 128.
    double rate = 0.05;       ///< Learning rate; used with a hidden layer only, > 0.

    bool operator==(const Settings&) const = default;
};

/// Absent fields keep their defaults. InvalidArgument: not an object, an unknown name (named, with
/// those there are), a wrong type, a value out of range.
Result<Settings> parse_settings(const JsonText& json);

/// All fields.
[[nodiscard]] JsonText to_json(const Settings& settings);

/// Defaults first, then `count` - 1 draws without repetition; a pure function of `seed`.
[[nodiscard]] std::vector<Settings> suggest_settings(std::uint64_t seed, int count);

}  // namespace flywheel::linear
