// SPDX-License-Identifier: Apache-2.0
#include "rooms/datasets/datasets.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/json_value.h"
#include "rooms/datasets/row_lines.h"

namespace flywheel::datasets {

namespace {

constexpr std::string_view kConsensus = "majority";

bool is_valid(const Digest& group, double share) {
    std::string key = "valid";
    key.append(reinterpret_cast<const char*>(group.bytes.data()), group.bytes.size());
    return unit_interval(xxh3(key)) < share;
}

Result<void> check_classes(const std::vector<Row>& rows, const Schema& schema) {
    const std::string& model = schema.model;
    std::set<std::int64_t> classes;
    for (const auto& row : rows) {
        classes.insert(row.label);
    }
    if (rows.empty()) {
        return invalid_argument(
            fmt::format("Nothing is labelled yet; answer tasks or import labels: '{}'", model)
        );
    }
    if (schema.kind == TaskKind::Choice && classes.size() < 2) {
        return invalid_argument(fmt::format(
            "All labels are of one class; label rows of another one, too: '{}', {} rows",
            model,
            rows.size()
        ));
    }
    return {};
}

/// The labels of a row: one, or as many as its value has.
Result<std::vector<std::int64_t>> labels_of(const Row& row) {
    return row.value.empty() ? std::vector<std::int64_t>{row.label} : choices_in(row.value);
}

/// {"train":{"label":n},"valid":{...},"test":{...}}; every split is there, labels only where rows
/// are. A row of several labels counts once with each.
Result<JsonText> counts_of(const std::vector<Row>& rows, const Schema& schema) {
    Json counts = Json::object();
    for (const auto name : names_of(Split{})) {
        counts[std::string(name)] = Json::object();
    }
    for (const auto& row : rows) {
        const auto labels = TRY(labels_of(row));
        for (const auto label : labels) {
            if (label < 0 || label >= static_cast<std::int64_t>(schema.labels.size())) {
                return corrupt(fmt::format(
                    "A label event has a label_id that its schema lacks: item {} label_id {}",
                    row.item.hex(),
                    label
                ));
            }
            const auto& name = schema.labels[static_cast<std::size_t>(label)];
            auto& count = counts[std::string(enum_name(row.split))][name];
            count = count.is_null() ? 1 : count.get<std::int64_t>() + 1;
        }
    }
    return JsonText{canonical(counts)};
}

Digest id_of(const DatasetVersion& version) {
    Json commit = Json::object();
    commit["v"] = 1;
    commit["model"] = version.model;
    commit["rows"] = version.rows_digest.hex();
    commit["parent"] = version.parent ? Json(version.parent->hex()) : Json();
    commit["schema_version"] = version.schema_version;
    commit["label_seq"] = version.label_seq;
    commit["consensus"] = version.consensus;
    return sha256(canonical(commit));
}

}  // namespace

Datasets::Datasets(
    Reader<Example> examples,
    Reader<LabelEvent> events,
    Reader<Schema> schemas,
    Writer<DatasetVersion> versions,
    Vault& vault
)
    : examples_(examples), events_(events), schemas_(schemas), versions_(versions), vault_(vault) {}

Result<std::vector<Row>> Datasets::labelled_rows(
    const LabelFold& fold, const std::vector<Row>& before, double valid_share
) const {
    std::unordered_map<Digest, const Row*, DigestHash> entered;
    for (const auto& row : before) {
        entered.emplace(row.item, &row);
    }
    std::unordered_set<Digest, DigestHash> erased;
    const auto without_payload = Where<Example>().eq(&Example::payload, std::string());
    TRY(examples_.each(without_payload, [&](const Example& example) -> Result<void> {
        erased.insert(example.id);
        return {};
    }));
    std::vector<Row> rows;
    std::unordered_set<Digest, DigestHash> tested;
    for (const auto& label : fold.labels()) {
        if (erased.contains(label.item)) {
            continue;
        }
        Row row;
        row.item = label.item;
        row.label = label.label;
        row.value = label.value;
        row.answers = label.answers;
        // Traffic since then must not make a new version of equal labels.
        if (const auto known = entered.find(label.item); known != entered.end()) {
            row.group = known->second->group;
            row.multiplicity = known->second->multiplicity;
            row.first_seen = known->second->first_seen;
        } else {
            const auto example = TRY(examples_.find(label.item));
            if (!example) {
                return corrupt(
                    fmt::format("A labelled Example is missing: item {}", label.item.hex())
                );
            }
            row.group = example->group;
            row.multiplicity = example->multiplicity;
            row.first_seen = example->first_seen;
        }
        if (label.holdout) {
            tested.insert(row.group);
        }
        rows.push_back(std::move(row));
    }
    for (auto& row : rows) {
        row.split = tested.contains(row.group)         ? Split::Test
                    : is_valid(row.group, valid_share) ? Split::Valid
                                                       : Split::Train;
    }
    return rows;
}

Result<DatasetVersion> Datasets::cut(const Plan& plan) {
    if (!(plan.valid_share >= 0 && plan.valid_share < 1)) {
        return invalid_argument(
            fmt::format("The share of the split `valid` lies in [0, 1): {}", plan.valid_share)
        );
    }
    const auto transaction = TRY(versions_.begin());
    const auto schema =
        TRY(schemas_.first(Where<Schema>().eq(&Schema::model, plan.model).newest(&Schema::version))
        );
    if (!schema) {
        return not_found(
            fmt::format("The model has no labels yet; define them first: '{}'", plan.model)
        );
    }
    LabelFold fold;
    const auto up_to =
        plan.label_seq < 0 ? std::numeric_limits<std::int64_t>::max() : plan.label_seq;
    const auto wanted = Where<LabelEvent>()
                            .eq(&LabelEvent::model, plan.model)
                            .le(&LabelEvent::seq, up_to)
                            .order(&LabelEvent::seq);
    TRY(events_.each(wanted, [&](const LabelEvent& event) -> Result<void> {
        fold.add(event);
        return {};
    }));
    const auto versions = TRY(log(plan.model));
    const auto* newest = versions.empty() ? nullptr : &versions.front();
    const auto before = newest == nullptr ? std::vector<Row>() : TRY(stored_rows(*newest));
    const auto rows = TRY(labelled_rows(fold, before, plan.valid_share));
    TRY(check_classes(rows, *schema));

    DatasetVersion version;
    version.model = plan.model;
    version.schema_version = schema->version;
    version.label_seq = fold.watermark();
    version.rows = static_cast<std::int64_t>(rows.size());
    version.counts = TRY(counts_of(rows, *schema));
    version.consensus = kConsensus;
    version.author = plan.author;
    version.message = plan.message;
    version.created = plan.now;
    // The blob first: a version never names bytes that are not there.
    version.rows_digest = TRY(vault_.put(to_lines(rows)));
    if (newest != nullptr) {
        if (newest->rows_digest == version.rows_digest &&
            newest->schema_version == version.schema_version) {
            return *newest;
        }
        version.parent = newest->id;
    }
    version.id = id_of(version);
    TRY(versions_.insert(version));
    TRY(transaction->commit());
    return version;
}

Result<std::vector<Row>> Datasets::stored_rows(const DatasetVersion& version) const {
    const auto name = fmt::format("dataset version {}", version.id.hex());
    auto bytes = vault_.get(version.rows_digest);
    if (!bytes && bytes.error().code == Code::NotFound) {
        return corrupt(fmt::format(
            "Rows of a dataset version are missing from the vault: {}, blob {}",
            version.id.hex(),
            version.rows_digest.hex()
        ));
    }
    const std::string lines = TRY(std::move(bytes).within(name));
    auto rows = TRY(from_lines(lines).within(name));
    if (static_cast<std::int64_t>(rows.size()) != version.rows) {
        return corrupt(fmt::format(
            "A dataset version has other rows than it says: {}: {} instead of {}",
            version.id.hex(),
            rows.size(),
            version.rows
        ));
    }
    return rows;
}

Result<std::vector<Row>> Datasets::rows_of(const Digest& version) const {
    auto rows = TRY(stored_rows(TRY(versions_.reader().get(version))));
    for (auto& row : rows) {
        auto example = TRY(examples_.find(row.item));
        if (!example) {
            return corrupt(fmt::format(
                "An Example of dataset version {} is missing: item {}",
                version.hex(),
                row.item.hex()
            ));
        }
        row.text = std::move(example->payload);
    }
    std::erase_if(rows, [](const Row& row) { return row.text.empty(); });  // erased since
    return rows;
}

Result<Diff> Datasets::diff(const Digest& before, const Digest& after) const {
    const auto old_rows = TRY(stored_rows(TRY(versions_.reader().get(before))));
    const auto new_rows = TRY(stored_rows(TRY(versions_.reader().get(after))));
    Diff diff;
    auto a = old_rows.begin();
    auto b = new_rows.begin();
    while (a != old_rows.end() || b != new_rows.end()) {
        if (b == new_rows.end() || (a != old_rows.end() && a->item < b->item)) {
            diff.removed.push_back((a++)->item);
            continue;
        }
        if (a == old_rows.end() || b->item < a->item) {
            diff.added.push_back((b++)->item);
            continue;
        }
        if (a->label != b->label || a->value != b->value) {
            diff.relabelled.push_back({a->item, a->label, b->label, a->value, b->value});
        }
        if (a->split != b->split) {
            diff.moved.push_back(a->item);
        }
        ++a;
        ++b;
    }
    return diff;
}

Result<std::vector<DatasetVersion>> Datasets::log(const std::string& model) const {
    const auto all =
        TRY(versions_.reader().select(Where<DatasetVersion>().eq(&DatasetVersion::model, model)));
    // By lineage, not by time: two versions may have been cut within one tick of the clock.
    std::map<Digest, const DatasetVersion*> child_of;
    const DatasetVersion* next = nullptr;
    for (const auto& version : all) {
        if (version.parent) {
            child_of[*version.parent] = &version;
        } else {
            next = &version;
        }
    }
    std::vector<DatasetVersion> oldest_first;
    while (next != nullptr && oldest_first.size() < all.size()) {
        oldest_first.push_back(*next);
        const auto child = child_of.find(next->id);
        next = child == child_of.end() ? nullptr : child->second;
    }
    if (oldest_first.size() != all.size()) {
        return corrupt(fmt::format(
            "Dataset versions do not form one line of descent: '{}', {} of {}",
            model,
            oldest_first.size(),
            all.size()
        ));
    }
    std::reverse(oldest_first.begin(), oldest_first.end());
    return oldest_first;
}

Result<std::vector<Membership>> Datasets::versions_with(
    const std::string& model, const Digest& item
) const {
    std::vector<DatasetVersion> versions = TRY(log(model));
    std::ranges::reverse(versions);
    std::vector<Membership> memberships;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        const std::string lines = TRY(vault_.get(versions[i].rows_digest));
        if (auto row = TRY(find_line(lines, item))) {
            memberships.push_back(
                {std::move(versions[i]), static_cast<std::int64_t>(i + 1), std::move(*row)}
            );
        }
    }
    return memberships;
}

}  // namespace flywheel::datasets
