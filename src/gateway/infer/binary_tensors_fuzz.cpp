// SPDX-License-Identifier: Apache-2.0
// Inference bodies with binary tensors, and raw ones, against four models. The header that says
// where the JSON ends is the first line, or comes true by itself. libFuzzer.

#include "gateway/infer/infer_fuzzing.h"

namespace flywheel::gateway {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    flywheel::testing::FuzzInput input(data, size);
    const auto& model = testing::fuzzed_model(input.choose(testing::kFuzzedModels));
    BodyForm form;
    std::string true_length;
    switch (input.choose(4)) {
        case 0:  // the JSON is the next line
            true_length = std::to_string(std::min(input.rest().find('\n'), input.rest().size()));
            form.header_length = true_length;
            break;
        case 1:
            form.header_length = input.line();
            break;
        case 2:
            form.content_type = "text/plain";
            break;
        default:
            form.content_type = "image/png";
            form.accepts_json = true;
            break;
    }
    testing::read_twice(model, input.rest(), form);
    return 0;
}

}  // namespace flywheel::gateway
