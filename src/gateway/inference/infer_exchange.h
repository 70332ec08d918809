#pragma once
// SPDX-License-Identifier: Apache-2.0
// One inference over HTTP: reads a request by the signature of the version that will answer it,
// asks serving and writes the answer in the form that was asked for, at once or when its batch has
// run. Used by the infer route on connection threads; one request at a time.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/content_coding.h"
#include "gateway/http/late_answer.h"
#include "gateway/infer/infer_body.h"
#include "gateway/inference/answer_tensors.h"
#include "gateway/inference/infer_head.h"
#include "gateway/inference/turns.h"
#include "rooms/serving/serving.h"

namespace flywheel::gateway {

class InferExchange : public std::enable_shared_from_this<InferExchange> {
  public:
    InferExchange() = default;
    InferExchange(const InferExchange&) = delete;
    InferExchange& operator=(const InferExchange&) = delete;
    ~InferExchange() = default;

    /// What a request may bring.
    void limit(const InferLimits& limits) { limits_ = limits; }

    /// Answers, or puts the answer off: `serving` outlives it.
    Result<void> run(
        serving::Serving& serving, const http::HttpRequest& request, http::HttpResponse& response
    );

    /// The answer comes later: this one belongs to its request, and the next wants another one.
    [[nodiscard]] bool is_put_off() const { return put_off_; }

  private:
    Result<void> begin(const http::HttpRequest& request, http::HttpResponse& response);
    std::optional<std::string_view> plain_body(const http::HttpRequest& request);
    [[nodiscard]] serving::SplitKey split_key() const;
    void ask(std::size_t body_bytes);

    [[nodiscard]] serving::Inference& asked() {
        CHECK(inference_.has_value());
        return *inference_;
    }

    void put_off(const http::HttpRequest& request);
    Result<void> wait(const http::HttpRequest& request);
    void run_soon(const std::shared_ptr<http::LateAnswer>& late);
    Result<void> end_turn(Result<void> done, http::HttpResponse& response);
    Result<void> answer_late(Result<serving::BatchOutcome> outcome, http::HttpResponse& response);
    void leave();
    Result<void> write(http::HttpResponse& response);
    void compress(http::HttpResponse& response);
    void conclude(const Result<void>& outcome, http::HttpResponse& response);
    void take_notes(http::AnswerNotes& notes);
    void release_much();

    InferLimits limits_;
    serving::Serving* serving_ = nullptr;
    std::shared_ptr<Turns> turns_;  // of this thread
    std::chrono::steady_clock::time_point arrived_;
    InferHead head_;
    std::string caller_;      // name of the key that was shown
    std::string head_store_;  // of the head, when the answer is put off
    serving::Chosen chosen_;
    InferBody body_;
    std::shared_ptr<const void> kept_body_;  // when the answer is put off
    std::optional<http::Refusal> refusal_;   // with a status that no Code has
    std::optional<serving::Inference> inference_;
    AnswerTensors tensors_;
    std::vector<std::size_t> wanted_;
    std::string inflated_;
    std::string deflated_;
    std::size_t body_bytes_ = 0;
    bool put_off_ = false;
};

}  // namespace flywheel::gateway
