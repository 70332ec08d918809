#pragma once
// SPDX-License-Identifier: Apache-2.0
// What was the right answer of a served row, as far as was known at a time T: only what had arrived
// by T counts, so a training set can be made again years later. Pure; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "records/feedback.h"
#include "records/prediction.h"
#include "rooms/capture/truth/signal_table.h"

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

/// What every source says last about one row, as far as it had arrived.
class Standing {
  public:
    /// In order of arrival. `label` stays where it is as long as this.
    void take(const Signal& signal, const std::string& label);
    void take(std::span<const LabelledTruth> labelled, Time as_of);

    /// Adjudicated > consensus > label by annotator > by user > by system > correct:true (truth is
    /// the served label). Of one source and kind the last arrival counts; a retraction takes back
    /// all that its source said before. correct:false and scores make no label; correct:false
    /// conflicts with a truth that is the served label. Nothing when no source stands.
    [[nodiscard]] std::optional<RowTruth> truth(std::string_view served_label) const;

  private:
    static constexpr std::size_t kSources = 3;  // of feedback

    struct Word {
        const std::string* label = nullptr;  ///< Null: nothing stands. Kind Correct: any.
        Time arrived = {};
        bool yes = false;
    };

    std::array<const LabelledTruth*, 2> labelled_{};
    std::array<Word, kSources> label_{};
    std::array<Word, kSources> correct_{};
};

/// The truth of a few rows from feedback in memory; for millions see truth_join.h.
class RowTruths {
  public:
    /// `feedback` in order of arrival as the journal holds it.
    explicit RowTruths(std::span<const Feedback> feedback);

    [[nodiscard]] std::optional<RowTruth> truth_as_of(const ServedRow& served, Time as_of) const;

  private:
    SignalTable signals_;
};

}  // namespace flywheel
