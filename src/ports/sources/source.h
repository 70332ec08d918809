#pragma once
// SPDX-License-Identifier: Apache-2.0
// Sources: labelled or unlabelled rows from outside. Adapter: files (JSONL, CSV, TSV, each also
// gzip).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace flywheel {

/// One row as it stands in the source, checked as far as a source can: UTF-8, field types, time.
struct SourceRow {
    std::int64_t line = 0;  ///< From 1.
    std::string id;
    std::optional<Time> time;
    std::string text;
    std::string label;                                            ///< "" when it has none.
    std::vector<std::pair<std::string, std::string>> annotators;  ///< Person, label; in file order.
};

/// A row that was refused; the rest is kept.
struct Rejection {
    std::int64_t line = 0;
    std::string field;  ///< "" when the whole line is at fault.
    std::string message;
};

struct ReadSummary {
    std::int64_t rows = 0;  ///< Good ones.
    std::int64_t rejected = 0;
    std::vector<Rejection> first_rejections;  ///< At most 100.
    bool truncated = false;  ///< The file ended in the middle of a row or of its compression.
};

/// Which column holds what; "" = not there.
struct ColumnNames {
    std::string id = "id";
    std::string time = "time";
    std::string text = "text";
    std::string label = "label";
    std::string annotators = "annotators";
};

class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    /// Streams the good rows in order; an error from `visit` stops the reading with it.
    virtual Result<ReadSummary> read(const std::function<Result<void>(SourceRow&&)>& visit
    ) const = 0;
    /// For messages: "stream.jsonl.gz".
    [[nodiscard]] virtual std::string name() const = 0;
};

}  // namespace flywheel
