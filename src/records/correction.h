#pragma once
// SPDX-License-Identifier: Apache-2.0
// Correction: the label-shift correction of one model version at one time: the class mix that its
// predictions show now, and whether audited rows say that using it helps. Written by the room
// evaluation only; serving applies it when it is enabled.

#include <cstdint>
#include <string>

#include "records/field.h"
#include "records/model_version.h"

namespace flywheel {

struct Correction {
    static constexpr std::string_view kTable = "correction";

    Id<Correction> id;
    std::string model;
    std::int64_t version = 0;           ///< ModelVersion.number it belongs to.
    std::vector<double> trained_prior;  ///< [K] class mix the version was trained on.
    std::vector<double> current_prior;  ///< [K] class mix estimated by EM from served rows.
    std::int64_t rows = 0;              ///< Served rows the estimate was made from.
    bool enabled = false;
    std::string objective;            ///< "accuracy" or "balanced"
    std::int64_t audited = 0;         ///< Audited rows behind the decision.
    std::int64_t only_corrected = 0;  ///< Right only with correction, among them.
    std::int64_t only_plain = 0;      ///< Right only without.
    std::string reason;
    Time created;

    static void fields(auto&& visit) {
        visit("id", &Correction::id);
        visit("model", &Correction::model);
        visit("version", &Correction::version);
        visit("trained_prior", &Correction::trained_prior);
        visit("current_prior", &Correction::current_prior);
        visit("rows", &Correction::rows);
        visit("enabled", &Correction::enabled);
        visit("objective", &Correction::objective);
        visit("audited", &Correction::audited);
        visit("only_corrected", &Correction::only_corrected);
        visit("only_plain", &Correction::only_plain);
        visit("reason", &Correction::reason);
        visit("created", &Correction::created);
    }
};

extern template struct RecordCodec<Correction>;

}  // namespace flywheel
