#pragma once
// SPDX-License-Identifier: Apache-2.0
// Labeling: hands out LabelTasks and appends what people answer to the event log. Called by the
// gateway's slow routes and by loop/ and app/; every call is safe from any thread (one mutex
// inside).

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ports/ledger/ledger.h"
#include "records/example.h"
#include "records/label_event.h"
#include "records/label_task.h"
#include "records/schema.h"
#include "rooms/labeling/agreement.h"
#include "rooms/labeling/history.h"
#include "rooms/labeling/review.h"

namespace flywheel::labeling {

struct Plan {
    Duration lease =
        std::chrono::minutes(15);  ///< A task handed out and not answered goes back after this.
    /// Suggestions are shown once so many answers to audit questions have shown how good they are.
    std::int64_t suggest_after = 100;
    double hidden_share = .2;  ///< Of (task, person), by hash: asked without the suggestion.
    /// Suggestions end when people follow wrong ones beyond doubt so much more often in sight.
    double anchoring_most = .05;
    double second_share = .1;  ///< Of items that people answer, by hash: asked a second person too.
    double gold_share = .05;   ///< Of tasks handed out: with a known answer, while there are such.
};

using flywheel::SuggestionState;

/// One task as a person sees it.
struct Question {
    LabelTask task;
    std::string payload;  ///< The text.
    TaskKind kind = TaskKind::Choice;
    std::vector<std::string> labels;  ///< Names in label_id order.
    std::int64_t left = 0;            ///< Tasks that wait for this person, this one included.
    SuggestionState suggestion = SuggestionState::None;
    bool anchored = false;  ///< Suggestions are off because they pull people.
};

struct AnswerRequest {
    std::string event_id{};  ///< Client's UUIDv7; "" makes one (then a retry is a new event).
    std::string task_id{};
    std::string actor{};                               ///< Who; 1 to 128 bytes.
    LabelAction action = LabelAction::Answer;          ///< Answer, Skip, Flag or Undo.
    std::string label{};                               ///< Label name for Answer, kind `choice`.
    std::optional<std::vector<std::string>> labels{};  ///< Label names for Answer, kind `choices`.
    std::string reason{};                              ///< For Skip and Flag.
    std::string target{};      ///< Of an Undo: event id; "" = own newest live one.
    std::int64_t t_shown = 0;  ///< Client milliseconds UTC; 0 = unknown.
    std::int64_t t_saved = 0;
};

struct Receipt {
    Id<LabelEvent> event;
    std::int64_t seq = 0;
    bool repeated = false;  ///< The same event was there already.
};

struct ImportedLabel {
    Digest item;
    std::string label;  ///< Name; of kind `choices` any number of them (text::kSeparator between).
    std::string actor;  ///< "import:<file>" or a person named in the file.
    ActorKind actor_kind = ActorKind::Import;
};

class Labeling {
  public:
    Labeling(
        Reader<LabelTask> tasks,
        Reader<Example> examples,
        Writer<LabelEvent> events,
        Writer<Schema> schemas,
        const Clock& clock,
        Plan plan = {}
    );
    ~Labeling();
    Labeling(const Labeling&) = delete;
    Labeling& operator=(const Labeling&) = delete;

    /// First schema, or a next version that only appends labels; the same labels again: the present
    /// version. Conflict when a label would move or vanish, or the kind is another one.
    /// InvalidArgument: fewer than 2 labels, empty or repeated names, a separator in a name of kind
    /// `choices`.
    Result<Schema> define_schema(
        const std::string& model,
        const std::vector<std::string>& labels,
        TaskKind kind = TaskKind::Choice
    );
    /// NotFound when the model has none.
    Result<Schema> schema(const std::string& model) const;

    /// Up to `count` open tasks in order of (turn, rank), leased to `actor` (his own leased ones
    /// first); among them, looking like them, some that another person answered (SecondPass) and
    /// some whose answer is known (GoldPass). Empty: nothing to do.
    Result<std::vector<Question>> next(
        const std::string& model, const std::string& actor, int count
    );

    /// Appends one event. A second answer to an answered task is a second opinion and is stored. An
    /// undo is of the actor's own events only, and what it opens is leased to him again; undoing an
    /// undo is a redo; undoing what is undone is a Conflict. InvalidArgument names the field
    /// (unknown label lists the known ones); the same event id with the same content: the first
    /// receipt; with other content: Conflict.
    Result<Receipt> answer(const AnswerRequest& request);

    /// A note of `actor` on an item, outside of any task: a flag with `text` as its reason.
    Result<Receipt> remark(
        const std::string& model,
        const Digest& item,
        const std::string& actor,
        const std::string& text
    );

    /// States an item's label, which then goes before all answers until it is undone by its actor.
    Result<Receipt> decide(const Decision& decision);
    /// Items on which people differ, or that were decided; reads the model's whole log.
    Result<Review> review(const ReviewWish& wish) const;
    /// How much suggestions pull people, under the present schema.
    Result<Anchoring> anchoring(const std::string& model) const;
    /// Whether somebody should know how labelling goes. Cheap.
    Result<LabelWatch> watch(const std::string& model) const;

    /// Appends imported answers in one transaction; event ids are derived from (source digest,
    /// item, actor), so the same import adds nothing the second time. Refused, by index into
    /// `labels`: unknown labels and items, bad actor names, and a row that contradicts an earlier
    /// one of the same source, item and actor.
    struct ImportReceipt {
        std::int64_t added = 0;
        std::int64_t repeated = 0;
        std::vector<std::pair<std::size_t, std::string>> refused;  ///< Index, message.
    };

    Result<ImportReceipt> import_labels(
        const std::string& model, const Digest& source, const std::vector<ImportedLabel>& labels
    );

    Result<std::vector<PastEvent>> history(const HistoryWish& wish) const;
    /// How much those who label agree; reads the model's whole log.
    Result<Agreement> agreement(const std::string& model) const;
    Result<Progress> progress(const std::string& model, std::optional<Id<Turn>> turn) const;
    /// Answers by people and imports with seq > `seq`.
    Result<std::int64_t> answers_since(const std::string& model, std::int64_t seq) const;
    /// Recomputes the chain of every model's events and gives their number; Corrupt names the model
    /// and the first seq that does not fit.
    Result<std::int64_t> verify_chain() const;

  private:
    struct State;  // what the ledger says, folded; rebuilt when another process or a rollback moved
                   // it
    struct Model;
    struct Tail;
    struct Batch;
    [[nodiscard]] SuggestionState suggestion_of(
        const Model& model, const LabelTask& task, std::string_view actor
    ) const;
    Result<std::vector<const LabelTask*>> lend(
        Model& model, const std::string& name, const std::string& actor, std::size_t count
    ) const;
    void note_circumstances(const Model& model, LabelEvent& event) const;
    Result<CrowdTable> crowd(const ReviewFold& fold, const Schema& schema) const;
    Result<Model*> fresh_model(const std::string& name) const;
    Result<void> load_events(const std::string& name) const;
    Result<void> load_tasks(const std::string& name, bool exactly) const;
    Result<void> add_tasks(Model& model, const Where<LabelTask>& wanted) const;
    Result<void> each_event(
        const std::string& model, const std::function<void(const LabelEvent&)>& visit
    ) const;
    Result<void> append(Tail& tail, LabelEvent& event);
    Result<LabelEvent> event_of(const AnswerRequest& request) const;
    Result<LabelEvent> undo_of(const AnswerRequest& request) const;
    Result<std::optional<LabelEvent>> newest_live(const AnswerRequest& request) const;
    Result<void> import_one(Batch& batch, std::size_t index, ImportReceipt& receipt);

    Reader<LabelTask> tasks_;
    Reader<Example> examples_;
    Writer<LabelEvent> events_;
    Writer<Schema> schemas_;
    const Clock& clock_;
    Plan plan_;
    mutable std::mutex mutex_;
    mutable std::unique_ptr<State> state_;
};

}  // namespace flywheel::labeling
