#pragma once
// SPDX-License-Identifier: Apache-2.0
// The stream a demo replays: dated, labelled rows with the people who labelled them, in order of
// time, cut into what trains the first version and the periods that arrive afterwards. One thread.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ports/sources/source.h"

namespace flywheel::app {

/// One row; the truth is known to the demo only.
struct StreamRow {
    std::string id;
    Time time;
    std::string text;
    std::int32_t label = -1;  ///< Index into Stream::labels.
    std::vector<std::pair<std::string, std::int32_t>>
        annotators;  ///< Person, what he or she answered.
};

/// Rows [begin, end) that arrive between two turns.
struct Period {
    std::size_t begin = 0;
    std::size_t end = 0;
    Time closes;  ///< When the turn over them is opened.
    std::string
        name;  ///< "2017 Q1" for months, "rows 1,780-1,999" otherwise: what the table groups by.
};

struct Stream {
    std::string name;
    std::vector<std::string> labels;  ///< Sorted by name.
    std::vector<StreamRow> rows;      ///< In order of time.
    ReadSummary read;                 ///< What was refused while reading.
    std::int64_t out_of_order =
        0;  ///< Rows that came before an earlier one and were put in their place.
    std::int64_t generated_seed = -1;  ///< Not -1: made by the generator.
};

/// Rows without time, text or label are refused with their line; the rest is kept.
Result<Stream> load_stream(const std::filesystem::path& file);

struct Cut {
    std::size_t train_end = 0;  ///< Rows [0, train_end) train version 1.
    std::vector<Period> periods;
};

/// `train_until`: a date ("2017-01-01", rows before it train) or a share ("0.2"); "" = the first 20
/// %, or the first calendar year when the stream spans at least three. `every`: "month" or a number
/// of rows.
Result<Cut> cut_stream(
    const Stream& stream, const std::string& train_until, const std::string& every
);

/// Rows of a stream as a source to import.
class StreamSource final : public Source {
  public:
    StreamSource(const Stream& stream, std::size_t begin, std::size_t end)
        : stream_(stream), begin_(begin), end_(end) {}

    Result<ReadSummary> read(const std::function<Result<void>(SourceRow&&)>& visit) const override;

    [[nodiscard]] std::string name() const override { return stream_.name; }

  private:
    const Stream& stream_;
    std::size_t begin_;
    std::size_t end_;
};

}  // namespace flywheel::app
