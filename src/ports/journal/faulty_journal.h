#pragma once
// SPDX-License-Identifier: Apache-2.0
// FaultyJournal: a journal whose call number n fails (see ports/fault_plan.h). For fault tests
// only; as many threads as the journal inside. open_segment() and health() cannot fail and are not
// counted.

#include <utility>

#include "ports/fault_plan.h"
#include "ports/journal/journal.h"

namespace flywheel {

class FaultyJournal final : public Journal {
  public:
    /// `inner` must outlive it.
    FaultyJournal(Journal& inner, FaultPlan plan) : inner_(inner), plan_(std::move(plan)) {}

    Result<std::vector<FramePlace>> append(const std::vector<Frame>& group) override {
        return plan_.guard([&] { return inner_.append(group); });
    }

    Result<void> sync() override {
        return plan_.guard([&] { return inner_.sync(); });
    }

    Result<void> seal() override {
        return plan_.guard([&] { return inner_.seal(); });
    }

    Result<std::vector<std::uint64_t>> sealed() const override {
        return plan_.guard([&] { return inner_.sealed(); });
    }

    Result<void> read(
        std::uint64_t segment, const std::function<Result<void>(FramePlace, const Frame&)>& visit
    ) const override {
        return plan_.guard([&] { return inner_.read(segment, visit); });
    }

    Result<Frame> read_at(FramePlace place) const override {
        return plan_.guard([&] { return inner_.read_at(place); });
    }

    [[nodiscard]] std::uint64_t open_segment() const override { return inner_.open_segment(); }

    Result<void> drop(std::uint64_t segment) override {
        return plan_.guard([&] { return inner_.drop(segment); });
    }

    [[nodiscard]] JournalHealth health() const override { return inner_.health(); }

  private:
    Journal& inner_;
    FaultPlan plan_;
};

}  // namespace flywheel
