#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the head of an inference request says. Read by the infer exchange; one request, one thread.

#include <string>
#include <string_view>

#include "gateway/http/message.h"
#include "gateway/infer/infer_body.h"

namespace flywheel::gateway {

/// The fields that matter to an inference, found in one walk over the head; the first of a name
/// counts.
struct InferHead {
    BodyForm form;
    std::string_view content_coding;
    std::string_view accepted_codings;
    std::string_view request_id;
    std::string_view event_id;
    std::string_view subject;
    std::string_view key;

    /// Copies what it looks at into `store`, and looks there from now on.
    void move_into(std::string& store);
};

[[nodiscard]] InferHead read_head(const http::HttpRequest& request);

}  // namespace flywheel::gateway
