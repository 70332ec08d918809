// SPDX-License-Identifier: Apache-2.0
#include "rooms/collection/collection.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "records/payload.h"
#include "rooms/collection/near_duplicates.h"
#include "tasks/text/payload.h"
#include "tasks/text/shingles.h"

namespace flywheel::collection {

namespace {

constexpr std::size_t kRejectionsKept = 100;

}  // namespace

class Collection::Index {
  public:
    /// Reads all representatives. Content has one address whatever the model, so groups cross
    /// models.
    static Result<std::unique_ptr<Index>> load(const Reader<Example>& examples) {
        auto index = std::make_unique<Index>();
        TRY(examples.each({}, [&](const Example& example) -> Result<void> {
            ++index->examples_;
            if (example.group == example.id && !example.payload.empty()) {
                index->near_.add(example.id, text::shingles_of(example.payload));
            }
            return {};
        }));
        return index;
    }

    /// Counts the new Example in and gives its group: itself, when no representative is near.
    Digest place(const Digest& item, std::string_view payload, double near_duplicate) {
        ++examples_;
        const auto shingles = text::shingles_of(payload);
        if (auto nearest = near_.nearest(shingles, near_duplicate)) {
            return *nearest;
        }
        near_.add(item, shingles);
        return item;
    }

    /// Examples in the ledger when this was loaded, plus those placed since.
    [[nodiscard]] std::int64_t examples() const { return examples_; }

  private:
    NearDuplicates near_;
    std::int64_t examples_ = 0;
};

class Collection::Intake {
  public:
    struct Content {
        std::string text;
        Time time;
        std::string origin;
    };

    /// `counted_from`: a known Example last seen then or later has these rows in its multiplicity
    /// already. Nothing: known Examples are left alone.
    Intake(
        const Plan& plan,
        const Writer<Example>& examples,
        Index& index,
        std::optional<Time> counted_from
    )
        : plan_(plan), examples_(examples), index_(index), counted_from_(counted_from) {}

    /// The row's Example, stored if it is new. `content.text` has been checked.
    Result<Digest> take(Content&& content, Summary& summary) {
        const Digest item = text::item_of(content.text);
        auto found = touched_.find(item);
        if (found == touched_.end()) {
            auto known = TRY(examples_.reader().find(item));
            if (!known) {
                TRY(store(item, std::move(content), summary));
                return item;
            }
            const bool counts = counted_from_ && known->last_seen < *counted_from_;
            found = touched_.emplace(item, Touched{std::move(*known), counts, false}).first;
        }
        ++summary.repeats;
        auto& [example, counts, changed] = found->second;
        if (example.payload.empty()) {  // forgotten, and now somebody else says the same
            example.payload = std::move(content.text);
            changed = true;
        }
        if (counts) {
            ++example.multiplicity;
            example.first_seen = std::min(example.first_seen, content.time);
            example.last_seen = std::max(example.last_seen, content.time);
            changed = true;
        }
        return item;
    }

    /// Writes what repeats changed.
    Result<void> finish() const {
        for (const auto& [item, touched] : touched_) {
            if (touched.changed) {
                TRY(examples_.update(touched.example));
            }
        }
        return {};
    }

  private:
    struct Touched {
        Example example;
        bool counts = true;
        bool changed = false;
    };

    Result<void> store(const Digest& item, Content&& content, Summary& summary) {
        Example example;
        example.id = item;
        example.model = plan_.model;
        example.group = index_.place(item, content.text, plan_.near_duplicate);
        example.payload = std::move(content.text);
        example.multiplicity = 1;
        example.origin = std::move(content.origin);
        example.licence = plan_.licence;
        example.first_seen = content.time;
        example.last_seen = content.time;
        TRY(examples_.insert(example));
        ++summary.examples;
        summary.grouped += example.group == item ? 0 : 1;
        touched_.emplace(item, Touched{std::move(example), true, false});
        return {};
    }

    const Plan& plan_;
    const Writer<Example>& examples_;
    Index& index_;
    std::optional<Time> counted_from_;
    std::unordered_map<Digest, Touched, DigestHash> touched_;
};

Collection::Collection(const CapturedRows& captured, Writer<Example> examples)
    : captured_(captured), examples_(examples) {}

Collection::~Collection() = default;

Result<Collection::Index*> Collection::fresh_index() {
    const bool fresh = index_ && index_->examples() == TRY(examples_.reader().count());
    if (!fresh) {
        index_.reset();
        index_ = TRY(Index::load(examples_.reader()));
    }
    return index_.get();
}

Result<void> Collection::import_all(
    Intake& intake,
    const Source& source,
    Time now,
    ImportSummary& summary,
    const std::function<Result<void>(const ImportedRow&)>& visit
) {
    const std::string origin = "import:" + source.name();
    std::vector<Rejection> refused;
    std::int64_t refused_rows = 0;
    summary.read = TRY(source.read([&](SourceRow&& row) -> Result<void> {
        if (auto checked = text::check_payload(row.text); !checked) {
            ++refused_rows;
            if (refused.size() < kRejectionsKept) {
                refused.push_back({row.line, "text", checked.error().message});
            }
            return {};
        }
        ++summary.summary.rows;
        Intake::Content content{row.text, row.time.value_or(now), origin};
        const Digest item = TRY(intake.take(std::move(content), summary.summary));
        return visit(ImportedRow{item, std::move(row)});
    }));
    auto& read = summary.read;
    read.rows -= refused_rows;
    read.rejected += refused_rows;
    read.first_rejections.insert(read.first_rejections.end(), refused.begin(), refused.end());
    std::stable_sort(
        read.first_rejections.begin(),
        read.first_rejections.end(),
        [](const Rejection& a, const Rejection& b) { return a.line < b.line; }
    );
    if (read.first_rejections.size() > kRejectionsKept) {
        read.first_rejections.resize(kRejectionsKept);
    }
    return {};
}

Result<ImportSummary> Collection::import_rows(
    const Plan& plan,
    const Source& source,
    Time now,
    const std::function<Result<void>(const ImportedRow&)>& visit
) {
    ImportSummary summary;
    const auto transaction = TRY(examples_.begin());
    Intake intake(plan, examples_, *TRY(fresh_index()), std::nullopt);
    auto done = import_all(intake, source, now, summary, visit);
    if (done) {
        done = intake.finish();
    }
    if (done) {
        done = transaction->commit();
    }
    if (!done) {
        index_.reset();  // it holds Examples that are being rolled back
        return std::move(done).error();
    }
    return summary;
}

Result<Summary> Collection::collect(const Plan& plan, TimeRange window) {
    Summary summary;
    TRY(captured_.flush());
    auto rows = TRY(captured_.predictions(plan.model, window));
    const auto transaction = TRY(examples_.begin());
    Intake intake(plan, examples_, *TRY(fresh_index()), window.begin);
    const auto take_all = [&]() -> Result<void> {
        for (auto& row : rows) {
            ++summary.rows;
            const bool is_text = row.media_type.empty() || row.media_type == kTextPayload;
            if (!is_text || !text::check_payload(row.payload)) {
                ++summary.unusable;
                continue;
            }
            TRY(intake.take({std::move(row.payload), row.time, "captured"}, summary));
        }
        TRY(intake.finish());
        return transaction->commit();
    };
    auto done = take_all();
    if (!done) {
        index_.reset();  // it holds Examples that are being rolled back
        return std::move(done).error();
    }
    return summary;
}

Result<Collection::Forgotten> Collection::forget(std::span<const Digest> items) {
    Forgotten forgotten;
    const auto transaction = TRY(examples_.begin());
    for (const Digest& item : items) {
        auto example = TRY(examples_.reader().find(item));
        if (!example || example->payload.empty()) {
            continue;
        }
        if (example->origin != "captured") {
            forgotten.imported.push_back(item);
            continue;
        }
        example->payload.clear();
        TRY(examples_.update(*example));
        ++forgotten.cleared;
    }
    TRY(transaction->commit());
    index_.reset();  // it may hold their shingles
    return forgotten;
}

}  // namespace flywheel::collection
