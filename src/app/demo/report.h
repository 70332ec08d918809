#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the demo prints and writes: the table by quarter, the four lines, and everything as JSON.

#include <cstdint>
#include <string>
#include <vector>

#include "app/demo/demo.h"
#include "app/demo/replay.h"
#include "app/demo/yardstick.h"
#include "base/result.h"

namespace flywheel::app {

/// The four lines at the end.
struct Summary {
    Line never;  ///< Version 1 for ever.
    Line shift;  ///< The same, label-shift corrected, no label bought.
    Line loop;   ///< What was served.
    Line all;    ///< Every label, every period.
};

/// The loop's line out of its periods.
[[nodiscard]] Line line_of(const std::vector<PeriodResult>& periods, std::size_t classes);

/// A finished run.
struct Outcome {
    const Stream& stream;
    const Cut& cut;
    const std::vector<PeriodResult>& periods;
    const Summary& summary;
};

/// Rows of the table: periods grouped by their name (quarters for months).
Result<std::string> table_text(
    const Outcome& outcome, Project& project, std::size_t width, bool colours
);

/// How often people's answers differ from the stream's truth: audited accuracy compares with them.
struct People {
    std::int64_t answers = 0;
    std::int64_t differing = 0;
};

Result<People> people_of(const Outcome& outcome, Project& project);

/// One sentence under the table; "" when nobody answered.
[[nodiscard]] std::string people_text(const People& people);

[[nodiscard]] std::string summary_text(const Summary& summary, bool colours);

/// {"stream","options","turns":[{...,"decisions":[...]}],"summary":{"never":{...},...}}
Result<std::string> json_text(const DemoOptions& options, const Outcome& outcome, Project& project);

}  // namespace flywheel::app
