// SPDX-License-Identifier: Apache-2.0
// POST .../infer: reads a request by the signature of the version that will answer it, asks serving
// and writes the answer in the form that was asked for.
#include <algorithm>

#include <fmt/format.h>

#include "gateway/http/content_coding.h"
#include "gateway/infer/classification.h"
#include "gateway/infer/infer_answer.h"
#include "gateway/infer/infer_body.h"
#include "gateway/v2_groups.h"
#include "gateway/v2_routes.h"

namespace flywheel::gateway {

namespace {

using http::HttpRequest;
using http::HttpResponse;
using serving::InferAnswer;
using serving::ServedVersion;
using serving::Serving;

constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kLeastCompressed = 1024;
constexpr std::size_t kKeptBuffer = 256 * 1024;
constexpr std::size_t kKeptBody = 1024 * 1024;
constexpr std::string_view kBinaryType = "application/octet-stream";

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
};

bool is_usable_id(std::string_view text) {
    return !text.empty() && text.size() <= kMaxIdBytes &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

void take_first(std::string_view& place, const http::HeaderField& field, std::string_view name) {
    if (place.empty() && http::same_token(field.name, name)) {
        place = field.value;
    }
}

void read_field(const http::HeaderField& field, InferHead& head, std::string_view& accept) {
    switch (field.name.size()) {  // most fields are none of these: their length says so
        case 5:
            take_first(head.event_id, field, "Ce-Id");
            return;
        case 6:
            take_first(accept, field, "Accept");
            take_first(head.key, field, "Fw-Key");
            return;
        case 10:
            take_first(head.subject, field, "Fw-Subject");
            return;
        case 12:
            take_first(head.form.content_type, field, "Content-Type");
            take_first(head.request_id, field, "X-Request-Id");
            return;
        case 15:
            take_first(head.accepted_codings, field, "Accept-Encoding");
            return;
        case 16:
            take_first(head.content_coding, field, "Content-Encoding");
            return;
        case 31:
            if (!head.form.header_length &&
                http::same_token(field.name, "Inference-Header-Content-Length")) {
                head.form.header_length = field.value;
            }
            return;
        default:
            return;
    }
}

InferHead read_head(const HttpRequest& request) {
    InferHead head;
    std::string_view accept;
    for (const http::HeaderField& field : request.headers) {
        read_field(field, head, accept);
    }
    std::string_view& type = head.form.content_type;
    type = type.substr(0, type.find_first_of("; \t"));
    head.form.accepts_json = accept.find(http::kJsonType) != std::string_view::npos;
    if (!is_usable_id(head.request_id)) {
        head.request_id = is_usable_id(head.event_id) ? head.event_id : std::string_view();
    }
    return head;
}

/// The answer's tensors as views: on serving's values, or on what is made of them here.
class AnswerTensors {
  public:
    const std::vector<AnswerTensor>& make(
        const InferAnswer& answer, const std::vector<WantedOutput>& outputs
    );

  private:
    TensorView text_output(const InferAnswer& answer, std::size_t index, std::size_t place);
    TensorView view_of(const Tensor& tensor, std::size_t place);

    std::vector<AnswerTensor> tensors_;
    std::vector<std::vector<std::string_view>> strings_;  // one an output
    std::vector<Tensor> classified_;                      // one an output
    std::vector<std::int64_t> label_ids_;
};

TensorView AnswerTensors::view_of(const Tensor& tensor, std::size_t place) {
    strings_[place].assign(tensor.strings.begin(), tensor.strings.end());
    return {tensor.type, tensor.shape, tensor.bytes.bytes(), strings_[place]};
}

TensorView AnswerTensors::text_output(
    const InferAnswer& answer, std::size_t index, std::size_t place
) {
    const ServedVersion& served = *answer.served;
    const TensorSpec& spec = served.signature.outputs[index];
    TensorView view{spec.type, spec.shape};
    view.shape[0] = static_cast<std::int64_t>(answer.rows());
    switch (index) {
        case serving::kLabel:
            strings_[place].clear();
            for (const std::int32_t label : answer.labels) {
                strings_[place].push_back(served.labels[static_cast<std::size_t>(label)]);
            }
            view.strings = strings_[place];
            break;
        case serving::kLabelId:
            label_ids_.assign(answer.labels.begin(), answer.labels.end());
            view.bytes = std::as_bytes(std::span(label_ids_));
            break;
        case serving::kScores:
            view.bytes = std::as_bytes(std::span(answer.scores));
            break;
        default:
            view.bytes = std::as_bytes(std::span(answer.embeddings));
            break;
    }
    return view;
}

const std::vector<AnswerTensor>& AnswerTensors::make(
    const InferAnswer& answer, const std::vector<WantedOutput>& outputs
) {
    const Signature& signature = answer.served->signature;
    tensors_.clear();
    strings_.resize(std::max(strings_.size(), outputs.size()));
    classified_.clear();
    classified_.reserve(outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const WantedOutput& wanted = outputs[i];
        const TensorSpec& spec = signature.outputs[wanted.index];
        TensorView view = answer.tensors.empty() ? text_output(answer, wanted.index, i)
                                                 : view_of(answer.tensors[i], i);
        if (wanted.classes > 0) {
            classified_.push_back(classify(view, wanted.classes, spec.labels, signature.batches));
            view = view_of(classified_.back(), i);
        }
        tensors_.push_back({spec.name, view, wanted.binary});
    }
    return tensors_;
}

/// One inference on one thread; keeps its memory for the next.
class InferExchange {
  public:
    Result<void> run(Serving& serving, const HttpRequest& request, HttpResponse& response);

  private:
    /// The body as it was before it was compressed; nothing, and a refusal, when it cannot be.
    std::optional<std::string_view> plain_body(
        const HttpRequest& request, const InferHead& head, HttpResponse& response
    );
    void count_failure(
        const serving::Chosen& chosen,
        const HttpRequest& request,
        const InferHead& head,
        HttpResponse& response
    ) const;
    Result<void> answer(
        Serving& serving,
        const serving::Chosen& chosen,
        const HttpRequest& request,
        const InferHead& head,
        HttpResponse& response
    );
    Result<InferAnswer> ask(
        Serving& serving,
        const serving::Chosen& chosen,
        const HttpRequest& request,
        const InferHead& head
    );
    Result<void> write(const InferAnswer& answer, const InferHead& head, HttpResponse& response);
    void compress(const InferHead& head, HttpResponse& response);

    InferBody body_;
    AnswerTensors tensors_;
    std::vector<std::size_t> wanted_;
    std::string inflated_;
    std::string deflated_;
};

std::optional<std::string_view> InferExchange::plain_body(
    const HttpRequest& request, const InferHead& head, HttpResponse& response
) {
    const auto coding = http::coding_named(head.content_coding);
    if (!coding) {
        response.become_error(
            415,
            fmt::format(
                "Content-Encoding is not supported; send it plain, gzip or deflate: {}",
                head.content_coding
            )
        );
        return {};
    }
    inflated_.clear();
    if (*coding == http::Coding::Identity) {
        return request.body;
    }
    if (const auto refused =
            http::inflate_body(*coding, request.body, kInferBodyLimit, inflated_)) {
        response.become_error(refused->status, refused->message);
        return {};
    }
    const std::size_t size = inflated_.size();
    inflated_.append(http::kBodySlack, '\0');
    return std::string_view(inflated_).substr(0, size);
}

Result<InferAnswer> InferExchange::ask(
    Serving& serving,
    const serving::Chosen& chosen,
    const HttpRequest& request,
    const InferHead& head
) {
    const InferParameters& parameters = body_.parameters;
    serving::InferRequest wanted{
        .model = request.parameter("model"),
        .version = request.parameter("version"),
        .request_id = body_.id.empty() ? head.request_id : body_.id,
        .texts = {},
        .keep_payload = parameters.keep_payload,
        .rows = body_.rows,
        .subject = parameters.subject.empty() ? head.subject : parameters.subject,
        .key = parameters.key.empty() ? head.key : parameters.key,
        .subjects = body_.subjects,
        .row_ids = body_.row_ids,
        .parameters = parameters.own,
        .priority = parameters.priority,
        .timeout = std::chrono::microseconds(parameters.timeout_us),
    };
    if (chosen.version->tensors() == nullptr) {
        wanted.texts = body_.inputs.front().strings;
        return serving.infer(chosen, wanted);
    }
    wanted_.clear();
    for (const WantedOutput& output : body_.outputs) {
        wanted_.push_back(output.index);
    }
    wanted.inputs = body_.inputs;
    wanted.wanted = wanted_;
    return serving.infer(chosen, wanted);
}

Result<void> InferExchange::write(
    const InferAnswer& answer, const InferHead& head, HttpResponse& response
) {
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
    if (!head.accepted_codings.empty() && response.body.size() >= kLeastCompressed) {
        compress(head, response);
    }
    return {};
}

void InferExchange::compress(const InferHead& head, HttpResponse& response) {
    response.add_header("Vary", "Accept-Encoding");
    const http::Coding coding = http::choose_coding(head.accepted_codings);
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

Result<void> InferExchange::answer(
    Serving& serving,
    const serving::Chosen& chosen,
    const HttpRequest& request,
    const InferHead& head,
    HttpResponse& response
) {
    const auto body = plain_body(request, head, response);
    if (!body) {
        return {};
    }
    TRY(body_.parse(chosen.version->signature, *body, head.form));
    serving::InferTimes times;
    times.input = std::chrono::steady_clock::now() - request.arrived;
    const InferAnswer answer = TRY(ask(serving, chosen, request, head));
    const auto encoding = std::chrono::steady_clock::now();
    if (auto written = write(answer, head, response); !written) {
        response.body.clear();
        return written;
    }
    const auto done = std::chrono::steady_clock::now();
    times.infer = answer.infer_time;
    times.output = done - encoding;
    times.total = done - request.arrived;
    serving::ServedCounts& counts = *chosen.version->counts;
    counts.executed(body_.rows, times);
    counts.succeeded(times, answer.base_id.time());
    return {};
}

Result<void> InferExchange::run(
    Serving& serving, const HttpRequest& request, HttpResponse& response
) {
    const InferHead head = read_head(request);
    const serving::Chosen chosen =
        TRY(serving.choose(request.parameter("model"), request.parameter("version")));
    body_.id = {};
    auto outcome = answer(serving, chosen, request, head, response);
    if (!outcome || response.status != 200) {
        count_failure(chosen, request, head, response);
    }
    if (std::max(request.body.size(), inflated_.size()) > kKeptBody) {
        // A parser keeps several times the length of its text: an idle thread should not.
        body_.release();
        tensors_ = AnswerTensors();
        std::string().swap(inflated_);
    }
    return outcome;
}

/// Counts it, and gives the caller's id back.
void InferExchange::count_failure(
    const serving::Chosen& chosen,
    const HttpRequest& request,
    const InferHead& head,
    HttpResponse& response
) const {
    serving::InferTimes times;
    times.total = std::chrono::steady_clock::now() - request.arrived;
    chosen.version->counts->fail.add(times);
    const std::string_view id = body_.id.empty() ? head.request_id : body_.id;
    if (!id.empty()) {
        response.add_header("X-Request-Id", id);
    }
}

}  // namespace

void add_infer_routes(Gateway& gateway, Serving& serving) {
    http::Route route;
    route.method = http::Method::Post;
    route.name = "infer";
    route.run = [&serving](const HttpRequest& request, HttpResponse& response) {
        thread_local InferExchange exchange;
        return exchange.run(serving, request, response);
    };
    route.body_limit = kInferBodyLimit;
    route.doc = {"Answers rows with a model.", "InferRequest", "InferAnswer"};
    add_model_route(gateway, "infer", route);
}

}  // namespace flywheel::gateway
