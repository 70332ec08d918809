// SPDX-License-Identifier: Apache-2.0
#include "app/captured/truth_table.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "base/json_value.h"
#include "ports/columns/parquet/joined_parquet.h"
#include "records/label_event.h"
#include "records/label_fold.h"
#include "records/model_version.h"
#include "records/schema.h"
#include "rooms/capture/truth/truth_join.h"

namespace flywheel::app {

namespace {

Result<Time> time_or(const Json& wanted, std::string_view field, Time otherwise) {
    const auto text = TRY(optional_string(wanted, field));
    if (!text) {
        return otherwise;
    }
    return parse_time(*text).within(fmt::format("Field '{}'", field));
}

/// Names of classes by version, as each version was trained.
class ServedNames {
  public:
    static Result<ServedNames> load(const Ledger& ledger, const std::string& model) {
        ServedNames names;
        const auto versions = TRY(Reader<ModelVersion>(ledger).select(
            Where<ModelVersion>().eq(&ModelVersion::model, model)
        ));
        for (const ModelVersion& version : versions) {
            names.labels_[std::to_string(version.number)] = version.labels;
        }
        return names;
    }

    [[nodiscard]] std::string_view name(std::string_view version, std::int64_t label) const {
        const auto found = labels_.find(version);
        const bool known = found != labels_.end() && label >= 0 &&
                           static_cast<std::size_t>(label) < found->second.size();
        return known ? std::string_view(found->second[static_cast<std::size_t>(label)])
                     : std::string_view();
    }

  private:
    std::map<std::string, std::vector<std::string>, std::less<>> labels_;
};

/// What people who label said of each item, each time that changed, as far as it had arrived.
using LabelledItems = std::unordered_map<Digest, std::vector<LabelledTruth>, DigestHash>;

Result<LabelledItems> load_labelled(const Ledger& ledger, const std::string& model, Time as_of) {
    LabelledItems items;
    const auto schema = TRY(Reader<Schema>(ledger).first(
        Where<Schema>().eq(&Schema::model, model).newest(&Schema::version)
    ));
    if (!schema) {
        return items;
    }
    LabelFold fold;
    auto events =
        TRY(Reader<LabelEvent>(ledger).select(Where<LabelEvent>().eq(&LabelEvent::model, model)));
    std::ranges::sort(events, {}, &LabelEvent::seq);
    for (const LabelEvent& event : events) {
        if (event.received <= as_of) {
            fold.add(event);
        }
    }
    for (const ItemLabel& label : fold.labels()) {
        const auto id = static_cast<std::size_t>(label.label);
        if (id < schema->labels.size()) {
            items[label.item].push_back({TruthSource::Consensus, schema->labels[id], label.received}
            );
        }
    }
    return items;
}

Json counts_json(const TruthCounts& counts) {
    Json by_source = Json::object();
    for (std::size_t i = 0; i < counts.by_source.size(); ++i) {
        by_source[std::string(names_of(TruthSource())[i])] = counts.by_source[i];
    }
    return {
        {"rows", counts.rows},
        {"with_truth", counts.with_truth},
        {"by_source", by_source},
        {"conflicting", counts.conflicting},
        {"signals", counts.signals},
        {"joined", counts.joined},
        {"index_needed", counts.index_needed}
    };
}

}  // namespace

Result<Json> write_truth_table(Project& project, const Json& wanted) {
    const std::string& model = project.settings().model;
    const Time as_of = TRY(time_or(wanted, "as_of", project.clock().now()));
    const TimeRange served{
        TRY(time_or(wanted, "from", Time::min())), TRY(time_or(wanted, "to", Time::max()))
    };
    const ServedNames names = TRY(ServedNames::load(project.ledger(), model));
    const LabelledItems items = TRY(load_labelled(project.ledger(), model, as_of));
    TRY(project.capture().flush());

    const auto folder = project.dir() / "exports";
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) {
        return make_error(
            Code::Unavailable, fmt::format("Cannot make {}: {}", folder.string(), failed.message())
        );
    }
    const auto path = folder / fmt::format("truth-{}.parquet", micros(as_of));
    const auto file = TRY(open_joined_parquet(path));
    const TruthPlan plan{
        .model = model,
        .served = served,
        .as_of = as_of,
        .all_rows = TRY(optional_bool(wanted, "all_rows")).value_or(false),
        .label_name = [&](std::string_view version,
                          std::int64_t label) { return names.name(version, label); },
        .labelled = [&](const Digest& payload) -> std::span<const LabelledTruth> {
            const auto found = items.find(payload);
            return found == items.end() ? std::span<const LabelledTruth>() : found->second;
        },
    };
    const TruthCounts counts = TRY(join_truth(project.capture(), plan, [&](const JoinedRow& row) {
        return file->write(row);
    }));
    Json answer = counts_json(counts);
    answer["bytes"] = TRY(file->finish());
    answer["file"] = path.string();
    answer["as_of"] = to_rfc3339(as_of);
    return answer;
}

}  // namespace flywheel::app
