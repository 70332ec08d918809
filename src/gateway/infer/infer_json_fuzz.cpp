// SPDX-License-Identifier: Apache-2.0
// Inference bodies in JSON against four models: accepted as the model wants it, or refused.
// libFuzzer.

#include "gateway/infer/infer_fuzzing.h"

namespace flywheel::gateway {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    flywheel::testing::FuzzInput input(data, size);
    const auto& model = testing::fuzzed_model(input.choose(testing::kFuzzedModels));
    testing::read_twice(model, input.rest(), {.content_type = "application/json"});
    return 0;
}

}  // namespace flywheel::gateway
