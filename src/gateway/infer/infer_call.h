#pragma once
// SPDX-License-Identifier: Apache-2.0
// What an inference request wants besides its inputs. Filled by the readers of inference bodies,
// read by the infer route; plain values.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace flywheel::gateway {

/// One output of the answer.
struct WantedOutput {
    std::size_t index = 0;     ///< In the signature.
    bool binary = false;       ///< Bytes behind the JSON instead of `data`.
    std::int64_t classes = 0;  ///< Classification extension: the k best; 0 = values as they are.
};

/// The request's `parameters`.
struct InferParameters {
    bool binary_output = false;   ///< All outputs in binary form, if they do not say otherwise.
    bool keep_payload = true;     ///< fw_capture
    std::string_view subject{};   ///< fw_subject: whose data this is; "" = not said.
    std::string_view key{};       ///< fw_key: what a split sticks to; "" = not said.
    std::int64_t priority = 0;    ///< 0 = not said, 1 = highest.
    std::int64_t timeout_us = 0;  ///< 0 = the default.
    std::string own{};            ///< The caller's own, as a JSON object; "" = none.

    /// As new, with the memory it has.
    void clear();
};

}  // namespace flywheel::gateway
