#pragma once
// SPDX-License-Identifier: Apache-2.0
// FaultyLedger: a ledger whose call number n fails (see ports/fault_plan.h). For fault tests only;
// as many threads as the ledger inside. Counted are begin, commit, insert, update, each, count and
// scrub.

#include <memory>
#include <utility>

#include "ports/fault_plan.h"
#include "ports/ledger/ledger.h"

namespace flywheel {

class FaultyLedger final : public Ledger {
  public:
    /// `inner` must outlive it.
    FaultyLedger(Ledger& inner, FaultPlan plan) : inner_(inner), plan_(std::move(plan)) {}

    Result<std::unique_ptr<Transaction>> begin() override {
        auto begun = TRY(plan_.guard([&] { return inner_.begin(); }));
        return std::unique_ptr<Transaction>(
            std::make_unique<FaultyTransaction>(std::move(begun), plan_)
        );
    }

    Result<void> insert(const Table& table, const Row& row) override {
        return plan_.guard([&] { return inner_.insert(table, row); });
    }

    Result<void> update(const Table& table, const Row& row) override {
        return plan_.guard([&] { return inner_.update(table, row); });
    }

    Result<void> each(
        const Table& table,
        const Filter& filter,
        const std::function<Result<void>(const Row&)>& visit
    ) const override {
        return plan_.guard([&] { return inner_.each(table, filter, visit); });
    }

    Result<std::int64_t> count(const Table& table, const Filter& filter) const override {
        return plan_.guard([&] { return inner_.count(table, filter); });
    }

    Result<void> scrub() override {
        return plan_.guard([&] { return inner_.scrub(); });
    }

  private:
    /// A commit that fails undoes everything, as a full disk does.
    class FaultyTransaction final : public Transaction {
      public:
        FaultyTransaction(std::unique_ptr<Transaction> inner, FaultPlan plan)
            : inner_(std::move(inner)), plan_(std::move(plan)) {}

        Result<void> commit() override {
            auto done = plan_.guard([&] { return inner_->commit(); });
            inner_.reset();
            return done;
        }

      private:
        std::unique_ptr<Transaction> inner_;
        FaultPlan plan_;
    };

    Ledger& inner_;
    FaultPlan plan_;
};

}  // namespace flywheel
