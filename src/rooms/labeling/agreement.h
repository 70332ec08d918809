#pragma once
// SPDX-License-Identifier: Apache-2.0
// How much people who label agree: with each other, one by one, and in which classes they differ.
// A pure function of the event log, one thread. Called by Labeling.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "records/label_event.h"
#include "records/label_fold.h"
#include "stats/interval.h"

namespace flywheel::labeling {

/// One who labels. Only what was not taken back counts.
struct Annotator {
    std::string actor;
    std::int64_t answers = 0;
    std::int64_t skips = 0;
    std::int64_t flags = 0;
    std::int64_t undone = 0;    ///< Events taken back.
    double seconds_median = 0;  ///< From shown to saved, of answers that say both; 0 = none does.
    std::int64_t timed = 0;     ///< How many do.
    stats::Share agreement;     ///< Items that others answered too, and where most of them agreed.
    stats::Share gold;          ///< Questions whose answer was known, and how many were right.
    /// How good the person is by the answers of all and the model together (stats::crowdlab);
    /// nothing with fewer than kCrowdItemsMin shared items, or none of the person's.
    std::optional<double> score;
    Time newest;  ///< Of his events.
};

/// Two labels of which people gave one each to the same item. Where a row may have several labels:
/// one gave a label that the other did not; -1 stands for having given no other one instead.
struct ConfusedPair {
    std::int64_t low = 0;  ///< The smaller label_id.
    std::int64_t high = 0;
    std::int64_t pairs = 0;  ///< Of answers by two people.
};

struct Agreement {
    std::vector<Annotator> annotators;   ///< Most answers first.
    std::vector<ConfusedPair> confused;  ///< Most frequent first.
    std::int64_t items = 0;              ///< With a live answer by a person.
    std::int64_t shared = 0;             ///< Of these, by more than one.
    stats::Share pairs;  ///< Pairs of answers to one item, and how many of them agree.
    /// Of these, the pairs of which one answer is a blind second one. Their items were drawn with
    /// one probability, so their share estimates that of all items; chance pairs lie where people
    /// came back to an item, which is often a hard one.
    stats::Share blind;
    /// Krippendorff's alpha for nominal data with any number of answers an item (Content Analysis,
    /// 4th ed., 12.3.4): 1 = all agree, 0 = as by chance. Where a row may have several labels, two
    /// answers are as far apart as Jaccard's distance of their sets. Nothing when only one label
    /// was used, or nothing shared.
    std::optional<double> alpha;
};

/// What one person says of an item.
struct Vote {
    std::uint32_t actor = 0;  ///< A number, of an AgreementCount.
    std::int64_t choice = 0;  ///< label_id, or the number of a set of labels.
    bool blind = false;
    std::uint32_t place = 0;  ///< Order in which it was said.
};

/// Double answers that are compared with all before them.
inline constexpr std::size_t kDisagreementBlock = 200;
/// Of the interval that the difference must leave: one false alarm in a hundred blocks.
inline constexpr double kDisagreementConfidence = .99;

/// How often the answers of the newest complete block of blind double answers differ, against all
/// blocks before it; nothing before the second is complete. `agree`: in the order of the second
/// answers. Blocks do not overlap, so each double answer is tested once.
[[nodiscard]] std::optional<stats::Contrast> newest_disagreement(const std::vector<bool>& agree);

class AgreementCount {
  public:
    /// In order of seq.
    void add(const LabelEvent& event);

    [[nodiscard]] Agreement agreement() const;

    /// Of each pair of answers to an item of which one is blind, in the order in which the pairs
    /// became complete: do they agree?
    [[nodiscard]] std::vector<bool> blind_pairs() const;

  private:
    struct Said {
        Id<LabelEvent> id;
        std::uint32_t actor = 0;
        LabelAction action = LabelAction::Answer;
        std::int64_t choice = -1;
        double seconds = -1;  ///< Negative: not said.
        bool blind = false;
        bool gold = false;
    };

    [[nodiscard]] std::uint32_t number_of(const std::string& actor);
    [[nodiscard]] std::vector<Vote> votes_at(const std::vector<std::uint32_t>& places) const;
    void count_events(Agreement& result) const;
    void count_confused(
        std::int64_t one,
        std::int64_t other,
        std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>& confused
    ) const;
    void count_gold(Agreement& result) const;

    LabelFold fold_;
    ChoiceSets sets_;  ///< Empty where a row has one label.
    std::vector<Annotator> people_;
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::vector<Said> said_;
    std::unordered_map<Digest, std::vector<std::uint32_t>, DigestHash> answers_;  // places in said_
    std::unordered_map<Digest, std::vector<std::uint32_t>, DigestHash> gold_;     // likewise
};

}  // namespace flywheel::labeling
