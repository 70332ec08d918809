// SPDX-License-Identifier: Apache-2.0
#include "gateway/inference/infer_exchange.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/inference/durable_answer.h"
#include "rooms/serving/recorded_tensors.h"

namespace flywheel::gateway {

namespace {

using http::HttpRequest;
using http::HttpResponse;
using serving::BatchOutcome;

constexpr std::size_t kLeastCompressed = 1024;
constexpr std::size_t kKeptBuffer = 256 * 1024;
constexpr std::size_t kKeptBody = 1024 * 1024;
constexpr std::string_view kBinaryType = "application/octet-stream";

}  // namespace

Result<void> InferExchange::run(
    serving::Serving& serving, const HttpRequest& request, HttpResponse& response
) {
    thread_local const auto kTurns = std::make_shared<Turns>();
    turns_ = kTurns;
    serving_ = &serving;
    head_ = read_head(request);
    head_.form.tensor_limit = limits_.tensors;
    arrived_ = request.arrived;
    caller_ = request.caller;
    body_bytes_ = request.body.size();
    chosen_ = TRY(serving_->choose(
        request.parameter("model"), request.parameter("version"), {head_.key, head_.subject, {}}
    ));
    body_.id = {};
    body_.rows = 0;
    inflated_.clear();
    auto outcome = begin(request, response);
    if (!put_off_) {
        conclude(outcome, response);
        if (std::max(request.body.size(), inflated_.size()) > kKeptBody) {
            release_much();
        }
    }
    return outcome;
}

Result<void> InferExchange::begin(const HttpRequest& request, HttpResponse& response) {
    TRY(serving_->admit(chosen_, request.body.size(), turns_->rows()));
    const auto body = plain_body(request);
    if (!body) {
        return {};
    }
    TRY(body_.parse(chosen_.version->signature, *body, head_.form));
    const auto decoded = std::chrono::steady_clock::now();
    settle(chosen_, split_key());
    const bool queues = chosen_.version->lane != nullptr;
    const bool waits = !queues && chosen_.version->turns->is_long(body->size());
    if (queues || waits) {
        head_.move_into(head_store_);
    }
    ask(body->size());
    asked().times.input = decoded - arrived_;
    if (queues) {
        put_off(request);
        return {};
    }
    if (waits) {
        return wait(request);
    }
    TRY(serving_->run(asked()));
    return write(response);
}

/// The body as it was before it was compressed; nothing, and a refusal, when it cannot be.
std::optional<std::string_view> InferExchange::plain_body(const HttpRequest& request) {
    const auto coding = http::coding_named(head_.content_coding);
    if (!coding) {
        refusal_ = {
            415,
            fmt::format(
                "Content-Encoding is not supported; send it plain, gzip or deflate: {}",
                head_.content_coding
            )
        };
        return {};
    }
    if (*coding == http::Coding::Identity) {
        return request.body;
    }
    refusal_ = http::inflate_body(*coding, request.body, limits_.body, inflated_);
    if (refusal_) {
        return {};
    }
    const std::size_t size = inflated_.size();
    inflated_.append(http::kBodySlack, '\0');
    return std::string_view(inflated_).substr(0, size);
}

/// What a split sticks to may stand in the body.
serving::SplitKey InferExchange::split_key() const {
    const InferParameters& parameters = body_.parameters;
    const std::string_view subject =
        parameters.subject.empty() ? head_.subject : parameters.subject;
    return {
        parameters.key.empty() ? head_.key : parameters.key,
        body_.subjects.empty() ? subject : body_.subjects.front(),
        body_.id.empty() ? head_.request_id : body_.id
    };
}

void InferExchange::ask(std::size_t body_bytes) {
    const InferParameters& parameters = body_.parameters;
    serving::InferRequest wanted{
        .model = chosen_.version->model,
        .version = chosen_.version->number_text,
        .request_id = body_.id.empty() ? head_.request_id : body_.id,
        .texts = {},
        .keep_payload = parameters.keep_payload,
        .keep_outputs = serving_->keeps_outputs(),
        .rows = body_.rows,
        .subject = parameters.subject.empty() ? head_.subject : parameters.subject,
        .key_name = caller_,
        .key = parameters.key.empty() ? head_.key : parameters.key,
        .subjects = body_.subjects,
        .row_ids = body_.row_ids,
        .parameters = parameters.own,
        .priority = parameters.priority,
        .timeout = std::chrono::microseconds(parameters.timeout_us),
        .body_bytes = body_bytes,
    };
    if (chosen_.version->tensors() == nullptr) {
        wanted.texts = body_.inputs.front().strings;
    } else {
        wanted_.clear();
        for (const WantedOutput& output : body_.outputs) {
            wanted_.push_back(output.index);
        }
        serving::want_recorded(chosen_.version->signature, serving_->keeps_outputs(), wanted_);
        wanted.inputs = body_.inputs;
        wanted.wanted = wanted_;
    }
    inference_.emplace(*serving_, chosen_, wanted);
}

/// Hands the request to its queue. This object keeps what the engine reads, also after the client
/// has left.
void InferExchange::put_off(const HttpRequest& request) {
    CHECK(request.deferral != nullptr);
    put_off_ = true;
    const auto self = shared_from_this();
    kept_body_ = request.deferral->keep_body();
    const auto late = request.deferral->defer([self] { self->leave(); });
    serving_->submit(asked(), arrived_, self, [self, late](Result<BatchOutcome> outcome) {
        late->complete([self, held = std::make_shared<Result<BatchOutcome>>(std::move(outcome))](
                           HttpResponse& response
                       ) { return self->answer_late(std::move(*held), response); });
    });
}

/// Lets the thread look at what else has come before it runs this long request.
Result<void> InferExchange::wait(const HttpRequest& request) {
    CHECK(request.deferral != nullptr);
    TRY(serving_->wait(asked(), turns_->rows()));
    put_off_ = true;
    const auto self = shared_from_this();
    kept_body_ = request.deferral->keep_body();
    const auto late = request.deferral->defer([self] { self->leave(); });
    turns_->add(this, asked().row_count(), [self, late] { self->run_soon(late); });
    return {};
}

void InferExchange::run_soon(const std::shared_ptr<http::LateAnswer>& late) {
    late->run_soon([self = shared_from_this(), late] {
        const auto done = self->serving_->run_piece(self->asked(), self->arrived_);
        if (done && !*done) {
            self->run_soon(late);
            return;
        }
        late->complete([self, why = done ? Result<void>() : done.error()](HttpResponse& response) {
            return self->end_turn(why, response);
        });
    });
}

Result<void> InferExchange::end_turn(Result<void> done, HttpResponse& response) {
    if (done) {
        done = write(response);
    }
    conclude(done, response);
    turns_->end(this);
    return done;
}

Result<void> InferExchange::answer_late(Result<BatchOutcome> outcome, HttpResponse& response) {
    Result<void> done;
    if (outcome) {
        asked().take(std::move(*outcome));
        done = write(response);
    } else {
        done = std::move(outcome).error();
    }
    conclude(done, response);
    return done;
}

void InferExchange::leave() {
    asked().times.total = std::chrono::steady_clock::now() - arrived_;
    serving_->left(asked());
    turns_->end(this);
}

/// Counts and records what came of it, now that the answer is encoded.
void InferExchange::conclude(const Result<void>& outcome, HttpResponse& response) {
    const bool good = outcome && !refusal_;
    const bool unread = !inference_;
    if (unread) {
        inference_.emplace(
            *serving_,
            chosen_,
            serving::InferRequest{
                .model = chosen_.version->model,
                .version = chosen_.version->number_text,
                .request_id = body_.id.empty() ? head_.request_id : body_.id,
                .texts = {},
                .subject = head_.subject,
                .key_name = caller_,
            }
        );
    }
    asked().times.total = std::chrono::steady_clock::now() - arrived_;
    take_notes(response.notes);
    if (good) {
        serving_->answered(asked());
        hold_until_durable(*serving_, response);
    } else {
        const std::string_view id = body_.id.empty() ? head_.request_id : body_.id;
        if (!id.empty()) {
            response.add_header("X-Request-Id", id);
        }
        response.body.clear();
        http::Refusal refused =
            refusal_ ? *refusal_
                     : http::Refusal{http_status(outcome.error().code), outcome.error().message};
        if (refusal_) {
            response.become_error(refused.status, refused.message);
        }
        if (unread) {
            refused.message = fmt::format("Body of {} bytes: {}", body_bytes_, refused.message);
        }
        serving_->failed(asked(), refused.status, refused.message);
    }
    refusal_.reset();
    inference_.reset();
    chosen_ = {};  // an idle thread holds no version
}

/// For the access log.
void InferExchange::take_notes(http::AnswerNotes& notes) {
    const serving::InferAnswer& answer = asked().answer();
    notes.id = answer.request_id;
    notes.route = enum_name(answer.route);
    notes.version = answer.served->number;
    notes.rows = body_.rows;
    notes.queue = asked().times.queue;
    notes.infer = asked().times.infer;
}

Result<void> InferExchange::write(HttpResponse& response) {
    const auto encoding = std::chrono::steady_clock::now();
    const serving::InferAnswer& answer = asked().answer();
    const std::size_t json_bytes = TRY(append_infer_answer(
        response.body,
        {answer.served->model, answer.served->number_text, answer.request_id},
        tensors_.make(answer, body_.outputs)
    ));
    if (std::any_of(body_.outputs.begin(), body_.outputs.end(), [](const WantedOutput& output) {
            return output.binary;
        })) {
        response.content_type = kBinaryType;
        response.add_header("Inference-Header-Content-Length", std::to_string(json_bytes));
    }
    response.add_header("X-Request-Id", answer.request_id);
    response.add_header("Fw-Prediction-Id", answer.base_id.text());
    response.add_header("Fw-Model-Version", answer.served->number_text);
    response.add_header("Fw-Route", enum_name(answer.route));
    if (!head_.accepted_codings.empty() && response.body.size() >= kLeastCompressed) {
        compress(response);
    }
    asked().times.output = std::chrono::steady_clock::now() - encoding;
    return {};
}

void InferExchange::compress(HttpResponse& response) {
    response.add_header("Vary", "Accept-Encoding");
    const http::Coding coding = http::choose_coding(head_.accepted_codings);
    if (coding == http::Coding::Identity) {
        return;
    }
    http::deflate_body(coding, response.body, deflated_);
    response.body.swap(deflated_);
    response.add_header("Content-Encoding", http::name_of(coding));
    if (deflated_.capacity() > kKeptBuffer) {
        std::string().swap(deflated_);
    }
}

/// A parser keeps several times the length of its text: an idle thread should not.
void InferExchange::release_much() {
    body_.release();
    tensors_ = AnswerTensors();
    std::string().swap(inflated_);
}

}  // namespace flywheel::gateway
