#pragma once
// SPDX-License-Identifier: Apache-2.0
// A request body with the slack behind it that parsers need, for the tests of the readers.

#include <optional>
#include <string>

#include "base/rng.h"
#include "gateway/http/message.h"
#include "gateway/infer/infer_body.h"

namespace flywheel::gateway::testing {

inline Signature signature_of(DataType type, const Shape& shape) {
    Signature signature;
    signature.inputs = {{"x", type, shape}};
    signature.outputs = {{"y", type, shape}};
    return signature;
}

/// Reads JSON, or JSON with a tail behind it; keeps the bytes that views look into.
struct Reading {
    InferBody body;
    std::string text;
    std::string length;

    Result<void> json(const Signature& signature, std::string_view request) {
        return read(signature, request, {});
    }

    Result<void> binary(
        const Signature& signature, std::string_view request, std::string_view tail
    ) {
        length = std::to_string(request.size());
        BodyForm form;
        form.header_length = length;
        return read(signature, std::string(request) + std::string(tail), form);
    }

    Result<void> read(const Signature& signature, std::string_view request, const BodyForm& form) {
        text = request;
        text.append(http::kBodySlack, ' ');
        return body.parse(signature, std::string_view(text).substr(0, request.size()), form);
    }

    std::string refusal(const Signature& signature, std::string_view request) {
        const auto outcome = json(signature, request);
        return outcome ? "accepted" : outcome.error().message;
    }

    std::string refusal(
        const Signature& signature, std::string_view request, std::string_view tail
    ) {
        const auto outcome = binary(signature, request, tail);
        return outcome ? "accepted" : outcome.error().message;
    }
};

/// A few random edits.
inline std::string mutated(std::string text, Rng& rng) {
    for (std::uint64_t edits = rng.below(4); edits > 0 && !text.empty(); --edits) {
        const std::size_t at = rng.below(text.size());
        switch (rng.below(4)) {
            case 0:
                text[at] = static_cast<char>(rng.below(256));
                break;
            case 1:
                text.insert(at, 1, "{}[]\",:\\0"[rng.below(9)]);
                break;
            case 2:
                text.erase(at, 1 + rng.below(5));
                break;
            default:
                text.insert(at, text.substr(rng.below(text.size()), rng.below(20)));
                break;
        }
    }
    return text;
}

}  // namespace flywheel::gateway::testing
