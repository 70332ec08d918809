#pragma once
// SPDX-License-Identifier: Apache-2.0
// Takes erased subjects out of the columns: every file that holds a row of theirs, or feedback
// about one, is written anew without it. Called by capture's roll, one at a time.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ports/columns/columns.h"
#include "rooms/capture/privacy/erased_subjects.h"

namespace flywheel {

/// What holders of copies did.
struct CopiesGone {
    std::int64_t cleared = 0;
    std::vector<Digest> kept;  ///< These came another way as well, and stay.
};

/// Lets go of all copies of some payloads. Called before the rows go, and again until all is done.
using ForgetPayloads = std::function<Result<CopiesGone>(const std::vector<Digest>& payloads)>;

/// What went.
struct EraseReport {
    Digest subject;  ///< As capture stores it: a keyed hash.
    Time until;      ///< Rows up to this time are gone.
    std::uint64_t rows = 0;
    std::uint64_t feedback = 0;
    std::uint64_t files = 0;     ///< Files of the columns that were written anew, or removed.
    std::uint64_t payloads = 0;  ///< Payloads of these rows that no other row in the columns has.
    std::uint64_t shared = 0;    ///< Payloads that stay, because others sent the same.
    CopiesGone copies;
    /// Pieces of the payloads of which nothing stays, of kTraceBytes each, to look for afterwards.
    /// Of the first kTracedPayloads.
    std::vector<std::string> traces;

    static constexpr std::size_t kTraceBytes = 24;
    static constexpr std::size_t kTracedPayloads = 10'000;
};

/// Unavailable when the disk refuses: files done stay done, and another call goes on. `forget` may
/// be empty.
Result<EraseReport> erase_from_columns(
    Columns& columns, const ErasedSubjects& erased, const ForgetPayloads& forget
);

}  // namespace flywheel
