// SPDX-License-Identifier: Apache-2.0
// Any bytes are read as an artefact or refused; what is read answers with probabilities. libFuzzer.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ports/engine/linear/linear_engine.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view artefact(
        reinterpret_cast<const char*>(bytes), size
    );  // NOLINT: fuzzer's type
    const auto model = flywheel::linear::make_engine()->load(artefact);
    if (model) {
        std::vector<float> scores(static_cast<std::size_t>((*model)->classes()));
        (*model)->predict("가 ab 나다", scores, {});
        for (const float score : scores) {
            if (!(score >= 0.0F && score <= 1.0F)) {
                __builtin_trap();
            }
        }
    }
    return 0;
}
