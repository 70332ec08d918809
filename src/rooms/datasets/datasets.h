#pragma once
// SPDX-License-Identifier: Apache-2.0
// Datasets: cuts versions of the labelled rows: content-addressed, split for ever by group,
// comparable. Called by loop/ and app/, one thread at a time.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/ledger/ledger.h"
#include "ports/vault/vault.h"
#include "records/dataset_version.h"
#include "records/example.h"
#include "records/label_event.h"
#include "records/label_fold.h"
#include "records/schema.h"

namespace flywheel::datasets {

struct Plan {
    std::string model{};
    std::int64_t label_seq = -1;  ///< Take events up to this seq; -1 = all there are.
    double valid_share = 0.15;    ///< Of training groups, by fixed hash.
    std::string author = "loop";
    std::string message{};
    Time now{};
};

enum class Split { Train, Valid, Test };

inline std::span<const std::string_view> names_of(Split) {
    static constexpr std::array<std::string_view, 3> kNames = {"train", "valid", "test"};
    return kNames;
}

/// One row of a version.
struct Row {
    Digest item;
    Digest group;
    Split split = Split::Train;
    std::int64_t label = -1;  ///< label_id; -1 for kinds other than `choice`.
    std::string value;        ///< For kinds other than `choice` (records/label_fold.h); else "".
    std::int64_t answers = 1;
    std::int64_t multiplicity = 1;  ///< Of the Example when the row entered the dataset.
    Time first_seen;                ///< Of the Example when the row entered the dataset.
    std::string text;               ///< Payload, filled by rows_of.
};

struct Relabelled {
    Digest item;
    std::int64_t before = -1;
    std::int64_t after = -1;
    std::string value_before;
    std::string value_after;
};

struct Diff {
    std::vector<Digest> added;
    std::vector<Digest> removed;
    std::vector<Relabelled> relabelled;
    std::vector<Digest> moved;  ///< Another split.
};

/// A version that holds an item, and as what.
struct Membership {
    DatasetVersion version;
    std::int64_t number = 0;  ///< 1 = the oldest version of the model.
    Row row;                  ///< Without its text.
};

class Datasets {
  public:
    Datasets(
        Reader<Example> examples,
        Reader<LabelEvent> events,
        Reader<Schema> schemas,
        Writer<DatasetVersion> versions,
        Vault& vault
    );

    /// Cuts a version of everything labelled. Nothing new since the newest version: that one comes
    /// back. InvalidArgument when nothing is labelled or only one class is.
    Result<DatasetVersion> cut(const Plan& plan);
    /// Sorted by item, with texts. NotFound: no such version. Corrupt: its blob or an Example does
    /// not fit.
    Result<std::vector<Row>> rows_of(const Digest& version) const;
    /// Rows of `after` against `before`.
    Result<Diff> diff(const Digest& before, const Digest& after) const;
    /// The versions that hold this item, oldest first. Reads each version's rows, parses one of
    /// each.
    Result<std::vector<Membership>> versions_with(const std::string& model, const Digest& item)
        const;
    /// Newest first.
    Result<std::vector<DatasetVersion>> log(const std::string& model) const;

  private:
    Result<std::vector<Row>> stored_rows(const DatasetVersion& version) const;
    Result<std::vector<Row>> labelled_rows(
        const LabelFold& fold, const std::vector<Row>& before, double valid_share
    ) const;

    Reader<Example> examples_;
    Reader<LabelEvent> events_;
    Reader<Schema> schemas_;
    Writer<DatasetVersion> versions_;
    Vault& vault_;
};

}  // namespace flywheel::datasets
