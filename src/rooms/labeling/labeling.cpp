// SPDX-License-Identifier: Apache-2.0
#include "rooms/labeling/labeling.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "rooms/labeling/chain.h"
#include "rooms/labeling/state.h"
#include "tasks/text/choice.h"

namespace flywheel::labeling {

namespace {

constexpr std::size_t kLabelsMax = 10'000;
constexpr std::size_t kLabelBytesMax = 256;

bool has_control_character(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const char32_t code_point = next_code_point(text, at);
        if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0)) {
            return true;
        }
    }
    return false;
}

Result<void> check_labels(const std::vector<std::string>& labels, TaskKind kind) {
    if (labels.size() < 2 || labels.size() > kLabelsMax) {
        return invalid_argument(
            fmt::format("A schema needs 2 to {} labels: {}", kLabelsMax, labels.size())
        );
    }
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        TRY(check_name(fmt::format("labels[{}]", i), labels[i], kLabelBytesMax));
        if (kind == TaskKind::Choices && labels[i].find(text::kSeparator) != std::string::npos) {
            return invalid_argument(fmt::format(
                "Where a row may have several labels, '{}' stands between them and in none: "
                "labels[{}]: '{}'",
                text::kSeparator,
                i,
                labels[i]
            ));
        }
        if (!seen.insert(labels[i]).second) {
            return invalid_argument(
                fmt::format("A label stands twice in the schema: labels[{}]: '{}'", i, labels[i])
            );
        }
    }
    return {};
}

Result<std::optional<Schema>> newest_schema(
    const Reader<Schema>& schemas, const std::string& model
) {
    return schemas.first(Where<Schema>().eq(&Schema::model, model).newest(&Schema::version));
}

}  // namespace

Result<void> check_name(std::string_view field, std::string_view name, std::size_t bytes_max) {
    if (name.empty() || name.size() > bytes_max) {
        return invalid_argument(
            fmt::format("field '{}': 1 to {} bytes are needed: {}", field, bytes_max, name.size())
        );
    }
    if (auto valid = check_utf8(name); !valid) {
        return std::move(valid).error().within(fmt::format("field '{}'", field));
    }
    if (has_control_character(name)) {
        return invalid_argument(fmt::format(
            "field '{}': control characters are not allowed: '{}'", field, printable(name)
        ));
    }
    return {};
}

Labeling::Labeling(
    Reader<LabelTask> tasks,
    Reader<Example> examples,
    Writer<LabelEvent> events,
    Writer<Schema> schemas,
    const Clock& clock,
    Plan plan
)
    : tasks_(tasks),
      examples_(examples),
      events_(events),
      schemas_(schemas),
      clock_(clock),
      plan_(plan),
      state_(std::make_unique<State>(plan)) {}

Labeling::~Labeling() = default;

Result<Schema> Labeling::define_schema(
    const std::string& model, const std::vector<std::string>& labels, TaskKind kind
) {
    TRY(check_name("model", model));
    TRY(check_labels(labels, kind));
    const auto transaction = TRY(schemas_.begin());
    const auto present = TRY(newest_schema(schemas_.reader(), model));
    Schema next;
    next.model = model;
    next.kind = kind;
    next.labels = labels;
    next.created = clock_.now();
    if (present) {
        if (present->kind != kind) {
            return make_error(
                Code::Conflict,
                fmt::format(
                    "The labels of a model keep their kind for ever: '{}' instead of '{}'",
                    enum_name(kind),
                    enum_name(present->kind)
                )
            );
        }
        const auto& old = present->labels;
        if (labels == old) {
            return *present;
        }
        const auto differs = std::mismatch(old.begin(), old.end(), labels.begin(), labels.end());
        if (differs.first != old.end()) {
            return make_error(
                Code::Conflict,
                fmt::format(
                    "Labels keep their place for ever; append new ones at the end: labels[{}] is "
                    "'{}'",
                    differs.first - old.begin(),
                    *differs.first
                )
            );
        }
        next.version = present->version + 1;
    }
    next.id = Id<Schema>::derived(next.created, fmt::format("{}\n{}", model, next.version));
    TRY(schemas_.insert(next));
    TRY(transaction->commit());
    return next;
}

Result<Schema> Labeling::schema(const std::string& model) const {
    auto found = TRY(newest_schema(schemas_.reader(), model));
    if (!found) {
        return not_found(
            fmt::format("The model has no labels yet; define them first: '{}'", printable(model))
        );
    }
    return std::move(*found);
}

Result<std::int64_t> Labeling::answers_since(const std::string& model, std::int64_t seq) const {
    // Only people and imports are written here; models and rules never answer through this door.
    return events_.reader().count(Where<LabelEvent>()
                                      .eq(&LabelEvent::model, model)
                                      .eq(&LabelEvent::action, LabelAction::Answer)
                                      .eq(&LabelEvent::gold, false)
                                      .gt(&LabelEvent::seq, seq));
}

SuggestionState Labeling::suggestion_of(
    const Model& model, const LabelTask& task, std::string_view actor
) const {
    if (task.suggested < 0) {
        return SuggestionState::None;
    }
    if (model.anchored || model.audited < plan_.suggest_after) {
        return SuggestionState::Off;
    }
    const auto drawn = xxh3(fmt::format("suggestion\n{}\n{}", task.id.text(), actor));
    return unit_interval(drawn) < plan_.hidden_share ? SuggestionState::Hidden
                                                     : SuggestionState::Shown;
}

Result<std::vector<Question>> Labeling::next(
    const std::string& model, const std::string& actor, int count
) {
    TRY(check_name("actor", actor));
    if (count < 1) {
        return invalid_argument(fmt::format("field 'count': at least 1 is needed: {}", count));
    }
    const Schema labels = TRY(schema(model));
    const std::lock_guard lock(mutex_);
    Model& known = *TRY(fresh_model(model));
    const auto wanted = static_cast<std::size_t>(count);
    auto lent = TRY(lend(known, model, actor, wanted));
    if (lent.size() < wanted) {
        // Before we say that there is nothing (more) to do, look whether it is so.
        TRY(load_tasks(model, true));
        lent = TRY(lend(known, model, actor, wanted));
    }
    known.look_at_anchoring(plan_.anchoring_most, labels.version);
    const std::int64_t left = known.left_for(actor);
    std::vector<Question> questions;
    questions.reserve(lent.size());
    for (const LabelTask* task : lent) {
        Example example = TRY(examples_.get(task->item));
        if (example.payload.empty()) {
            continue;  // erased: there is nothing left to ask about
        }
        const SuggestionState suggestion = suggestion_of(known, *task, actor);
        known.remember_shown(task->id, actor, suggestion);
        questions.push_back(
            {*task,
             std::move(example.payload),
             labels.kind,
             labels.labels,
             left,
             suggestion,
             known.anchored}
        );
    }
    return questions;
}

Result<Progress> Labeling::progress(const std::string& model, std::optional<Id<Turn>> turn) const {
    const std::lock_guard lock(mutex_);
    const Model& known = *TRY(fresh_model(model));
    TRY(load_tasks(model, true));
    Progress progress;
    progress.contested = known.contested;
    known.queue.each([&](const LabelTask& task, TaskStatus status) {
        if (turn && task.turn != *turn) {
            return;
        }
        ++progress.tasks;
        progress.answered += status == TaskStatus::Answered ? 1 : 0;
        progress.skipped += status == TaskStatus::Skipped ? 1 : 0;
        progress.open += status == TaskStatus::Open ? 1 : 0;
        if (task.arm == Arm::Audit) {
            progress.audits += status == TaskStatus::Skipped ? 0 : 1;
            progress.audits_open += status == TaskStatus::Open ? 1 : 0;
        }
    });
    return progress;
}

Result<std::vector<PastEvent>> Labeling::history(const HistoryWish& wish) const {
    auto where = Where<LabelEvent>().eq(&LabelEvent::model, wish.model);
    if (!wish.actor.empty()) {
        where = std::move(where).eq(&LabelEvent::actor, wish.actor);
    }
    if (wish.item) {
        where = std::move(where).eq(&LabelEvent::item, *wish.item);
    }
    if (wish.action) {
        where = std::move(where).eq(&LabelEvent::action, *wish.action);
    }
    if (wish.before_seq > 0) {
        where = std::move(where).lt(&LabelEvent::seq, wish.before_seq);
    }
    auto events =
        TRY(events_.reader().select(std::move(where).newest(&LabelEvent::seq).limit(wish.limit)));
    std::vector<PastEvent> past;
    past.reserve(events.size());
    const std::lock_guard lock(mutex_);
    const Model& known = *TRY(fresh_model(wish.model));
    for (LabelEvent& event : events) {
        const bool undone = !known.fold.live(event.id);
        const auto example = TRY(examples_.find(event.item));
        past.push_back({std::move(event), undone, example ? example->payload : ""});
    }
    return past;
}

Result<void> Labeling::each_event(
    const std::string& model, const std::function<void(const LabelEvent&)>& visit
) const {
    return events_.reader().each(
        Where<LabelEvent>().eq(&LabelEvent::model, model).order(&LabelEvent::seq),
        [&](const LabelEvent& event) -> Result<void> {
            visit(event);
            return {};
        }
    );
}

Result<Agreement> Labeling::agreement(const std::string& model) const {
    AgreementCount count;
    ReviewFold fold;
    TRY(each_event(model, [&](const LabelEvent& event) {
        count.add(event);
        fold.add(event);
    }));
    Agreement agreement = count.agreement();
    if (const Schema labels = TRY(schema(model)); labels.kind == TaskKind::Choice) {
        const CrowdTable table = TRY(crowd(fold, labels));
        for (Annotator& person : agreement.annotators) {
            person.score = table.score(ActorKind::Human, person.actor);
        }
    }
    return agreement;
}

Result<std::int64_t> Labeling::verify_chain() const {
    std::int64_t events = 0;
    std::string model;
    std::int64_t seq = 0;
    Digest chain;
    const auto all = Where<LabelEvent>().order(&LabelEvent::model).order(&LabelEvent::seq);
    auto walked = events_.reader().each(all, [&](const LabelEvent& event) -> Result<void> {
        if (event.model != model) {
            model = event.model;
            seq = 0;
            chain = Digest();
        }
        ++seq;
        chain = chain_of(chain, event);
        if (event.seq != seq || event.chain != chain) {
            return corrupt(fmt::format(
                "The label event log was changed or has a gap; restore it from a backup: model "
                "'{}' seq {}",
                model,
                seq
            ));
        }
        ++events;
        return {};
    });
    if (!walked) {
        return std::move(walked).error();
    }
    return events;
}

}  // namespace flywheel::labeling
