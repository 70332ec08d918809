#pragma once
// SPDX-License-Identifier: Apache-2.0
// capture.sync = "answer": an inference is answered when its rows are durable. For the routes that
// infer, on the thread that recorded the rows.

#include <utility>

#include "gateway/http/message.h"
#include "rooms/serving/serving.h"

namespace flywheel::gateway {

/// Has the finished answer wait for its rows, if answers do.
inline void hold_until_durable(const serving::Serving& serving, http::HttpResponse& response) {
    Recorder& recorder = serving.recorder();
    if (recorder.answers_wait()) {
        response.hold = [&recorder](http::Release release) {
            recorder.when_durable(std::move(release));
        };
    }
}

}  // namespace flywheel::gateway
