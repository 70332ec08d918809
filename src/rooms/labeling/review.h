#pragma once
// SPDX-License-Identifier: Apache-2.0
// Items on which people differ, worst first, and what was decided about them. Shapes of Labeling,
// and the fold behind its review(); pure, one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "records/label_event.h"
#include "records/label_fold.h"
#include "stats/crowdlab.h"

namespace flywheel::labeling {

/// What one actor says of an item, as far as it counts.
struct ReviewAnswer {
    std::string actor;
    ActorKind actor_kind = ActorKind::Human;
    std::int64_t choice = -1;  ///< label_id, or of other kinds a number that equal values share.
    std::string value;         ///< Of other kinds.
    bool blind = false;
};

/// What was decided about an item, last.
struct Decided {
    Id<LabelEvent> event;
    std::string actor;
    std::int64_t choice = -1;  ///< label_id; -1 for other kinds.
    std::string value;         ///< Of other kinds.
    bool gold = false;
    std::string comment;
    Time received;
};

struct ReviewItem {
    Digest item;
    std::string payload;
    std::vector<ReviewAnswer> answers;  ///< By label, then in order of seq.
    std::int64_t majority = -1;         ///< Of the answers; ties as in LabelFold. As `choice`.
    std::string majority_value;         ///< Of other kinds.
    double agreement = 0;               ///< Share of the answers that say so.
    /// The likeliest label by the answers of all and the model together, and how likely it is
    /// (stats::crowdlab). Of kind `choice` only, with enough shared items; the order follows it.
    std::int64_t likeliest = -1;
    std::optional<double> quality;
    std::int64_t suggested = -1;  ///< label_id that the model served; -1 when none.
    double suggested_probability = 0;
    std::optional<Decided> decided;

    /// The served model's probability of the majority; what it leaves to others is spread evenly
    /// over the `labels` - 1 of them, for only the first is known. 1 without a served row.
    [[nodiscard]] double majority_probability(std::size_t labels) const;
};

struct ReviewWish {
    std::string model;
    bool decided = false;  ///< True: those that were decided, newest first; else those that wait.
    std::int64_t limit = 100;
};

struct Review {
    std::vector<ReviewItem> items;
    std::int64_t waiting = 0;  ///< Items on which people differ and nothing was decided.
    std::int64_t decided = 0;  ///< Items about which something was.
};

/// Somebody states what an item's label is.
struct Decision {
    std::string event_id{};  ///< Client's UUIDv7; "" makes one.
    std::string model{};
    Digest item{};
    std::string actor{};
    LabelAction action = LabelAction::Adjudicate;      ///< Or GoldSet.
    std::string label{};                               ///< Of kind `choice`.
    std::optional<std::vector<std::string>> labels{};  ///< Of kind `choices`.
    std::string comment{};
};

/// Of fewer items that two people answered, stats::crowdlab cannot tell people from the model: it
/// would believe the model, whatever they say.
inline constexpr std::int64_t kCrowdItemsMin = 20;

/// Everybody's answers side by side, and what follows from them.
struct CrowdTable {
    std::vector<Digest> items;  ///< Ascending.
    std::vector<std::pair<ActorKind, std::string>> people;
    std::vector<stats::CrowdAnswer> answers;
    stats::CrowdLabels judged{};  ///< Empty with too few shared items.

    /// Items that two people answered.
    [[nodiscard]] std::int64_t shared() const;
    /// Fills in its likeliest label and how likely that is.
    void judge(ReviewItem& item) const;
    /// How good somebody is; nothing where nobody else answered the same.
    [[nodiscard]] std::optional<double> score(ActorKind kind, const std::string& actor) const;
};

class ReviewFold {
  public:
    /// In order of seq.
    void add(const LabelEvent& event);

    /// Without payloads, suggestions, quality and order.
    [[nodiscard]] Review review(bool decided) const;

    /// All live answers with a label below `labels`, not judged yet.
    [[nodiscard]] CrowdTable crowd(std::size_t labels) const;

  private:
    struct Said {
        Id<LabelEvent> id;
        ReviewAnswer answer;
    };

    struct OfItem {
        std::vector<Said> said;
        std::vector<Decided> decided;
    };

    [[nodiscard]] std::vector<ReviewAnswer> live_answers(const OfItem& item) const;
    [[nodiscard]] std::optional<Decided> live_decision(const OfItem& item) const;

    LabelFold fold_;
    ChoiceSets sets_;
    std::unordered_map<Digest, OfItem, DigestHash> items_;
};

/// Worst first.
void sort_for_review(std::vector<ReviewItem>& items, std::size_t labels);

}  // namespace flywheel::labeling
