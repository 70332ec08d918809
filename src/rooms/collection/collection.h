#pragma once
// SPDX-License-Identifier: Apache-2.0
// Collection: turns imported files and captured payloads into Examples: exact copies are one
// Example, near duplicates share a group, multiplicity is kept. Called by loop/ and app/, one
// thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/ledger/ledger.h"
#include "ports/recorder.h"
#include "ports/sources/source.h"
#include "records/example.h"

namespace flywheel::collection {

struct Plan {
    std::string model{};
    std::string licence{};  ///< Of the source; stored with new Examples.
    double near_duplicate =
        0.8;  ///< Jaccard similarity of 5-character shingles that makes a group.
};

/// One good row of a file, after its Example is stored.
struct ImportedRow {
    Digest item;
    SourceRow row;
};

struct Summary {
    std::int64_t rows = 0;      ///< Rows looked at.
    std::int64_t examples = 0;  ///< New Examples.
    std::int64_t repeats = 0;   ///< Rows whose content was known already.
    std::int64_t grouped = 0;   ///< New Examples that joined another's group.
    std::int64_t unusable = 0;  ///< Rows without a payload, or with one that is no text to label.
};

struct ImportSummary {
    Summary summary;
    ReadSummary read;
};

class Collection {
  public:
    Collection(const CapturedRows& captured, Writer<Example> examples);
    ~Collection();
    Collection(const Collection&) = delete;
    Collection& operator=(const Collection&) = delete;

    /// Reads the whole source in one transaction and hands each good row to `visit`. `now` is the
    /// time of rows without one. Only an Example that this call is the first to store gets a
    /// multiplicity from it: importing the same file again changes nothing. Rows that cannot be an
    /// Example count as rejected, with their line.
    Result<ImportSummary> import_rows(
        const Plan& plan,
        const Source& source,
        Time now,
        const std::function<Result<void>(const ImportedRow&)>& visit
    );

    /// Examples of the served rows with time in `window`. Windows come in order of time; the same
    /// window again changes nothing, because an Example seen in or after the window has been
    /// counted.
    Result<Summary> collect(const Plan& plan, TimeRange window);

    /// What forget() did.
    struct Forgotten {
        std::int64_t cleared = 0;      ///< Examples that lost their content.
        std::vector<Digest> imported;  ///< Examples that came with a file and keep it.
    };

    /// Takes the content out of captured Examples: row, hash, group and counts stay, and later
    /// dataset versions leave them out. One transaction.
    Result<Forgotten> forget(std::span<const Digest> items);

  private:
    class Index;   // representatives by their bands, rebuilt from the ledger when it has moved
    class Intake;  // one call's worth of rows
    Result<Index*> fresh_index();
    Result<void> import_all(
        Intake& intake,
        const Source& source,
        Time now,
        ImportSummary& summary,
        const std::function<Result<void>(const ImportedRow&)>& visit
    );

    const CapturedRows& captured_;
    Writer<Example> examples_;
    std::unique_ptr<Index> index_;
};

}  // namespace flywheel::collection
