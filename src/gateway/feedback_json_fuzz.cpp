// SPDX-License-Identifier: Apache-2.0
// Feedback in JSON lines: every line is taken or refused with its number, and what is taken keeps
// the rules of the protocol. libFuzzer.

#include <cmath>

#include "base/text.h"
#include "fuzz_input.h"
#include "gateway/feedback_json.h"

namespace flywheel {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = testing::FuzzInput(data, size).rest();
    const Time now = parse_time("2026-11-21T00:00:00Z").value();
    const gateway::FeedbackContext context{"news", now, {"economy", "politics"}};
    const auto batch = gateway::parse_feedback_lines(text, context);
    if (!batch) {
        return 0;
    }
    CHECK(batch->refused.size() <= 100);
    CHECK(static_cast<std::int64_t>(batch->refused.size()) <= batch->refused_count);
    for (const Feedback& said : batch->good) {
        CHECK(!said.target.empty() && said.target.size() <= 256 && check_utf8(said.target));
        CHECK(said.row >= Feedback::kTheOnlyRow && said.row <= 65'535);
        CHECK(said.row_id.size() <= 256 && check_utf8(said.row_id));
        CHECK(said.row_id.empty() || said.row == Feedback::kTheOnlyRow);
        CHECK(std::isfinite(said.value));
        CHECK(said.arrived == now && said.at <= now + std::chrono::minutes(5));
        CHECK(said.by.size() <= 128 && said.comment.size() <= 2048);
        CHECK(said.label.empty() || said.label == "economy" || said.label == "politics");
    }
    return 0;
}

}  // namespace flywheel
