#pragma once
// SPDX-License-Identifier: Apache-2.0
// Evaluation: challenger against champion on the audit hold-out, paired, with the gate's verdict
// and every number it was made from. Written by the room evaluation only.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "records/field.h"
#include "records/model_version.h"

namespace flywheel {

enum class Verdict { Promote, Keep, Undecided };

inline std::span<const std::string_view> names_of(Verdict) {
    static constexpr std::array<std::string_view, 3> kNames = {"promote", "keep", "undecided"};
    return kNames;
}

struct Evaluation {
    static constexpr std::string_view kTable = "evaluation";

    Id<Evaluation> id;
    std::string model;
    std::optional<Id<Turn>> turn;
    Id<ModelVersion> challenger;
    std::optional<Id<ModelVersion>> champion;  ///< Null for the first version.
    Digest dataset;                            ///< Whose `test` split was read.
    std::int64_t n = 0;                        ///< Hold-out items, one per near-duplicate group.
    std::int64_t both_right = 0;
    std::int64_t only_challenger = 0;  ///< b: challenger right, champion wrong.
    std::int64_t only_champion = 0;    ///< c
    double p_better = 1;               ///< Exact McNemar, one-sided, challenger better.
    double p_worse = 1;                ///< The same with b and c exchanged.
    double delta_lower = -1;           ///< Lower 95 % bound of (b-c)/n, Tango's score.
    double challenger_log_loss = 0;
    double champion_log_loss = 0;
    JsonText per_class;  ///< [{"label","n","challenger","champion"}] recall counts.
    Verdict verdict = Verdict::Undecided;
    std::string reason;  ///< One sentence with the numbers.
    Time created;

    static void fields(auto&& visit) {
        visit("id", &Evaluation::id);
        visit("model", &Evaluation::model);
        visit("turn", &Evaluation::turn);
        visit("challenger", &Evaluation::challenger);
        visit("champion", &Evaluation::champion);
        visit("dataset", &Evaluation::dataset);
        visit("n", &Evaluation::n);
        visit("both_right", &Evaluation::both_right);
        visit("only_challenger", &Evaluation::only_challenger);
        visit("only_champion", &Evaluation::only_champion);
        visit("p_better", &Evaluation::p_better);
        visit("p_worse", &Evaluation::p_worse);
        visit("delta_lower", &Evaluation::delta_lower);
        visit("challenger_log_loss", &Evaluation::challenger_log_loss);
        visit("champion_log_loss", &Evaluation::champion_log_loss);
        visit("per_class", &Evaluation::per_class);
        visit("verdict", &Evaluation::verdict);
        visit("reason", &Evaluation::reason);
        visit("created", &Evaluation::created);
    }
};

extern template struct RecordCodec<Evaluation>;

}  // namespace flywheel
