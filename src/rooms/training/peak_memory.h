#pragma once
// SPDX-License-Identifier: Apache-2.0
// PeakMemory: the most memory that this process held at once while the object lived. Used by jobs,
// one fit after the other, in a process that makes one fit at a time.

#include <cstdint>
#include <optional>

namespace flywheel::training {

class PeakMemory {
  public:
    /// Sets the kernel's high-water mark of the process down to what it holds now (proc(5),
    /// clear_refs).
    PeakMemory();

    /// Bytes resident at most since then. It is the process's, so what it held before (the rows
    /// it reads, what an allocator kept of earlier fits) counts, too. Nothing where the kernel
    /// does not let the mark be set: then it would be an earlier fit's.
    [[nodiscard]] std::optional<std::int64_t> bytes() const;

  private:
    bool known_ = false;
};

}  // namespace flywheel::training
