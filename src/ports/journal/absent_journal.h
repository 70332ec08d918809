#pragma once
// SPDX-License-Identifier: Apache-2.0
// AbsentJournal: a journal in memory whose disk can be taken away and given back. For tests and
// benchmarks of what happens meanwhile. As MemoryJournal for threads; `down` from any.

#include <atomic>
#include <utility>

#include "ports/journal/memory_journal.h"

namespace flywheel {

/// A journal whose disk can be taken away.
class AbsentJournal final : public Journal {
  public:
    std::atomic<bool> down = false;

    Result<std::vector<FramePlace>> append(const std::vector<Frame>& group) override {
        TRY(there());
        return inner_.append(group);
    }

    Result<void> sync() override {
        TRY(there());
        return inner_.sync();
    }

    Result<void> seal() override {
        TRY(there());
        return inner_.seal();
    }

    Result<std::vector<std::uint64_t>> sealed() const override { return inner_.sealed(); }

    Result<void> read(
        std::uint64_t segment, const std::function<Result<void>(FramePlace, const Frame&)>& visit
    ) const override {
        return inner_.read(segment, visit);
    }

    Result<Frame> read_at(FramePlace place) const override { return inner_.read_at(place); }

    [[nodiscard]] std::uint64_t open_segment() const override { return inner_.open_segment(); }

    Result<void> drop(std::uint64_t segment) override { return inner_.drop(segment); }

    [[nodiscard]] JournalHealth health() const override { return inner_.health(); }

  private:
    [[nodiscard]] Result<void> there() const {
        return down ? Result<void>(make_error(Code::Unavailable, "The disk is gone"))
                    : Result<void>();
    }

    MemoryJournal inner_;
};

}  // namespace flywheel
