#pragma once
// SPDX-License-Identifier: Apache-2.0
// FaultyColumns: columns whose call number n fails (see ports/fault_plan.h). For fault tests only;
// as many threads as the columns inside. Counted are all calls but models() and bytes().

#include <string>
#include <utility>
#include <vector>

#include "ports/columns/columns.h"
#include "ports/fault_plan.h"

namespace flywheel {

class FaultyColumns final : public Columns {
  public:
    /// `inner` must outlive it.
    FaultyColumns(Columns& inner, FaultPlan plan) : inner_(inner), plan_(std::move(plan)) {}

    Result<void> roll_segment(std::uint64_t segment, SegmentSource& rows) override {
        return plan_.guard([&] { return inner_.roll_segment(segment, rows); });
    }

    Result<bool> has_segment(std::uint64_t segment) const override {
        return plan_.guard([&] { return inner_.has_segment(segment); });
    }

    Result<std::vector<std::uint64_t>> segments() const override {
        return plan_.guard([&] { return inner_.segments(); });
    }

    Result<ColumnSegment> read_segment(std::uint64_t segment) const override {
        return plan_.guard([&] { return inner_.read_segment(segment); });
    }

    Result<void> scan_predictions(
        const std::string& model,
        TimeRange range,
        RowParts parts,
        const std::function<Result<void>(const Prediction&)>& visit
    ) const override {
        return plan_.guard([&] { return inner_.scan_predictions(model, range, parts, visit); });
    }

    Result<void> scan_feedback(
        const std::string& model,
        TimeRange arrived,
        const std::function<Result<void>(const Feedback&)>& visit
    ) const override {
        return plan_.guard([&] { return inner_.scan_feedback(model, arrived, visit); });
    }

    Result<std::vector<TimeRange>> times_of(
        NamedBy named, const std::string& model, std::span<const std::uint64_t> keys
    ) const override {
        return plan_.guard([&] { return inner_.times_of(named, model, keys); });
    }

    Result<void> find_payloads(
        const PayloadsWanted& wanted, const std::function<Result<void>(Payload&&)>& visit
    ) const override {
        return plan_.guard([&] { return inner_.find_payloads(wanted, visit); });
    }

    Result<std::vector<std::string>> models() const override { return inner_.models(); }

    Result<ColumnUpkeep> expire(Time before) override {
        return plan_.guard([&] { return inner_.expire(before); });
    }

    Result<ColumnUpkeep> strip(ShortLived field, Time before) override {
        return plan_.guard([&] { return inner_.strip(field, before); });
    }

    Result<ColumnUpkeep> remove(const RowsToRemove& gone) override {
        return plan_.guard([&] { return inner_.remove(gone); });
    }

    Result<ColumnUpkeep> merge(Time before) override {
        return plan_.guard([&] { return inner_.merge(before); });
    }

    Result<std::uint64_t> bytes() const override { return inner_.bytes(); }

  private:
    Columns& inner_;
    FaultPlan plan_;
};

}  // namespace flywheel
