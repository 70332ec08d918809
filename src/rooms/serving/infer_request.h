#pragma once
// SPDX-License-Identifier: Apache-2.0
// One inference as serving is asked for it and as it answers. Made by the gateway (and by whoever
// replays traffic); plain values, one request, one thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "ports/engine/tensor.h"
#include "records/prediction.h"
#include "rooms/serving/versions/served_version.h"

namespace flywheel::serving {

struct InferRequest {
    std::string_view model;
    std::string_view version;     ///< "", a label, or a version's number.
    std::string_view request_id;  ///< "" = the base id becomes it.
    /// Of a text classifier: 1 to max_rows, each valid UTF-8 and not empty.
    std::span<const std::string_view> texts;
    bool keep_payload = true;   ///< False: only the digest of each row is recorded.
    bool keep_outputs = false;  ///< Of a model over tensors: all of `wanted` are recorded.

    /// Of a model over tensors: its inputs in its order, checked against its signature.
    std::span<const TensorView> inputs = {};
    std::span<const std::size_t> wanted = {};  ///< Places of the outputs to compute.
    std::int64_t rows = 0;                     ///< Of `inputs`.

    std::string_view subject = {};                    ///< Whose data this is; "" = not said.
    std::string_view key_name = {};                   ///< Name of the caller's key; "" = none.
    std::string_view key = {};                        ///< What a split sticks to; "" = not said.
    std::span<const std::string_view> subjects = {};  ///< None, one for all rows, or one a row.
    std::span<const std::string> row_ids = {};        ///< None, or the caller's, one a row.
    std::string_view parameters = {};      ///< The caller's own, a JSON object; "" = none.
    std::int64_t priority = 0;             ///< 0 = not said, 1 = highest.
    std::chrono::microseconds timeout{0};  ///< 0 = the default.
    std::size_t body_bytes = 0;            ///< Of its body, inflated; 0 = there was none.
};

struct Split;
struct Mirror;

/// Which version answers, and why that one.
struct Chosen {
    std::shared_ptr<const ServedVersion> version;
    Route route = Route::Stable;
    std::shared_ptr<const Split> split = {};    ///< Still to be settled (split.h); null = it is.
    std::shared_ptr<const Mirror> mirror = {};  ///< Who gets a copy; null = nobody.
    Id<Rollout> rollout = {
    };  ///< Whose split chose; zero = the version was pinned or stands alone.
};

struct InferAnswer {
    std::shared_ptr<const ServedVersion> served;  ///< The version that ran, with its label names.
    Route route = Route::Stable;
    Id<Rollout> rollout;  ///< As Chosen's; of a shadow's answer the one that mirrors.
    Uuid base_id;         ///< Prediction id of row 0; row r has base_id.with_row(r).
    std::string request_id;
    std::vector<std::int32_t> labels;  ///< [n] class index.
    std::vector<float> scores;         ///< [n, K] as served.
    std::vector<float> embeddings;     ///< [n, E] unit length.
    std::vector<Tensor> tensors;       ///< Of a model over tensors: what was wanted, in that order.
    std::chrono::nanoseconds infer_time{};  ///< In the engine.
    std::int64_t batch_rows = 1;            ///< Of a model over tensors: rows of its engine call.

    [[nodiscard]] std::size_t rows() const { return labels.size(); }
};

}  // namespace flywheel::serving
