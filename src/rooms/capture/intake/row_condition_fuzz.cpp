// SPDX-License-Identifier: Apache-2.0
// Conditions of capture rules: read or refused, and a policy of two rules judges any row with a
// probability that its rules name. libFuzzer.

#include <algorithm>

#include "fuzz_input.h"
#include "rooms/capture/intake/capture_policy.h"

namespace flywheel {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    testing::FuzzInput input(data, size);
    const std::string first(input.line());
    const std::string second(input.line());
    const auto condition = RowCondition::parse(first);
    CHECK(condition || condition.error().code == Code::InvalidArgument);
    const auto policy =
        CapturePolicy::make({{"one", first, 0.25}, {"two", second, 0.5}, {"rest", "", 0.125}}, 1);
    if (!policy) {
        return 0;
    }
    CHECK(condition.has_value());
    Prediction row;
    row.model = input.rest();
    row.scores = {0.25F, 0.75F};
    row.margin = 0.5F;
    for (const int status : {200, 503}) {
        row.status = status;
        const auto verdict = policy->judge(row, 1, false);
        const auto keeps = {0.125, 0.25, 0.5};
        CHECK(std::find(keeps.begin(), keeps.end(), verdict.probability) != keeps.end());
        CHECK(condition->matches(RowFacts::of(row, false)) <= (verdict.probability >= 0.25));
    }
    return 0;
}

}  // namespace flywheel
