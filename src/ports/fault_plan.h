#pragma once
// SPDX-License-Identifier: Apache-2.0
// FaultPlan: which call to the world shall fail. Fault tests wrap ledger, vault and journal with
// one counter and let call number 1, 2, 3, ... fail in turn. Any thread; the calls are counted over
// all.

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/result.h"

namespace flywheel {

enum class FaultMode {
    Fail,           ///< The call does nothing and is Unavailable.
    FailAfterDone,  ///< The call does its work, yet is Unavailable: the answer got lost.
    Kill,           ///< The process ends with status 137, as after kill -9.
};

struct FaultPlan {
    /// Calls so far; shared by all that are wrapped with the plan.
    std::shared_ptr<std::atomic<int>> calls = std::make_shared<std::atomic<int>>(0);
    int fail_at = 0;  ///< From 1; 0 = only count.
    FaultMode mode = FaultMode::Fail;

    /// Counts one call and makes it, or fails it when it is its turn.
    template <class Call>
    auto guard(Call&& call) const -> decltype(call()) {
        const int number = calls->fetch_add(1) + 1;
        if (number != fail_at) {
            return call();
        }
        if (mode == FaultMode::Kill) {
            std::_Exit(137);
        }
        if (mode == FaultMode::FailAfterDone) {
            static_cast<void>(call());
        }
        return make_error(Code::Unavailable, "Injected fault at call " + std::to_string(number));
    }
};

}  // namespace flywheel
