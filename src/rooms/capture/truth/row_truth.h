#pragma once
// SPDX-License-Identifier: Apache-2.0
// TruthJoin: what was the right answer of a served row, as far as was known at a time T. Only what
// had arrived by T counts, so a training set can be made again years later. Made by whoever trains
// or measures from the feedback of a model; after that immutable, any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "records/feedback.h"
#include "records/prediction.h"

namespace flywheel {

/// From the strongest to the weakest.
enum class TruthSource { Adjudicated, Consensus, Annotator, User, System, Confirmed };

inline std::span<const std::string_view> names_of(TruthSource) {
    static constexpr std::array<std::string_view, 6> kNames = {
        "adjudicated", "consensus", "annotator", "user", "system", "confirmed"
    };
    return kNames;
}

/// What people who label said of a row's item, each time that changed.
struct LabelledTruth {
    TruthSource source = TruthSource::Consensus;  ///< Adjudicated or Consensus.
    std::string label;                            ///< "" = taken back.
    Time arrived;
};

struct RowTruth {
    std::string label;
    TruthSource source = TruthSource::Confirmed;
    Time arrived = {};    ///< When it was said.
    int agreeing = 0;     ///< Other sources that stand and say the same.
    int conflicting = 0;  ///< Other sources that stand and say otherwise.
};

/// A row as the join needs it.
struct ServedRow {
    const Prediction& row;
    std::string_view served_label;  ///< The name of its label; "" when it failed.
    std::span<const LabelledTruth> labelled = {};
};

class TruthJoin {
  public:
    /// `feedback` in order of arrival as the journal holds it; must outlive the join.
    explicit TruthJoin(std::span<const Feedback> feedback);

    /// Adjudicated > consensus > label by annotator > by user > by system > correct:true (truth is
    /// the served label). Of one source and kind the last arrival counts; a retraction takes back
    /// all that its source said before. correct:false and scores make no label; correct:false
    /// conflicts with a truth that is the served label. Nothing when no source stands at T.
    [[nodiscard]] std::optional<RowTruth> truth_as_of(const ServedRow& served, Time as_of) const;

  private:
    struct Standing;

    [[nodiscard]] std::vector<const Feedback*> about(const Prediction& row) const;

    std::span<const Feedback> feedback_;
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_target_;
};

}  // namespace flywheel
