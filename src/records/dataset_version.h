#pragma once
// SPDX-License-Identifier: Apache-2.0
// DatasetVersion: the labelled rows of one model as of one moment, addressed by content. Written by
// the room datasets only.

#include <cstdint>
#include <optional>
#include <string>

#include "records/field.h"

namespace flywheel {

struct DatasetVersion {
    static constexpr std::string_view kTable = "dataset_version";

    Digest id;  ///< SHA-256 of the canonical commit (rows digest, parent, schema, cut).
    std::string model;
    std::optional<Digest> parent;  ///< The version before; null for the first.
    Digest rows_digest;            ///< Vault blob: canonical JSON lines, sorted by item.
    std::int64_t schema_version = 1;
    std::int64_t label_seq = 0;  ///< Watermark: LabelEvents up to and including this seq.
    std::int64_t rows = 0;
    JsonText counts;        ///< {"train":{"label":n},"valid":{...},"test":{...}}
    std::string consensus;  ///< "majority"
    std::string author;
    std::string message;
    Time created;

    static void fields(auto&& visit) {
        visit("id", &DatasetVersion::id);
        visit("model", &DatasetVersion::model);
        visit("parent", &DatasetVersion::parent);
        visit("rows_digest", &DatasetVersion::rows_digest);
        visit("schema_version", &DatasetVersion::schema_version);
        visit("label_seq", &DatasetVersion::label_seq);
        visit("rows", &DatasetVersion::rows);
        visit("counts", &DatasetVersion::counts);
        visit("consensus", &DatasetVersion::consensus);
        visit("author", &DatasetVersion::author);
        visit("message", &DatasetVersion::message);
        visit("created", &DatasetVersion::created);
    }
};

extern template struct RecordCodec<DatasetVersion>;

}  // namespace flywheel
