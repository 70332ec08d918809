// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/shadow_queue.h"

#include <algorithm>
#include <utility>

#include "rooms/serving/id_rng.h"
#include "rooms/serving/served_rows.h"
#include "rooms/serving/versions/low_priority.h"

namespace flywheel::serving {

namespace {

constexpr std::chrono::milliseconds kLookAgain{20};

/// Passes rows on with what the stable version's answer says of each.
class PairRecorder final : public Recorder {
  public:
    PairRecorder(
        Recorder& inner,
        const std::vector<std::int32_t>& stable,
        const std::vector<std::string>& stable_names,
        const ServedVersion& shadow
    )
        : inner_(inner), stable_(stable), stable_names_(stable_names), shadow_(shadow) {}

    void record(Prediction&& row) override {
        const std::size_t place = row.id.uuid.row();
        if (row.label >= 0 && place < stable_.size()) {
            // By name: the versions may count their classes differently.
            const auto& ours = shadow_.labels[static_cast<std::size_t>(row.label)];
            const auto& theirs = stable_names_[static_cast<std::size_t>(stable_[place])];
            row.agreement = ours == theirs ? Agreement::Agrees : Agreement::Differs;
        }
        inner_.record(std::move(row));
    }

  private:
    Recorder& inner_;
    const std::vector<std::int32_t>& stable_;
    const std::vector<std::string>& stable_names_;
    const ServedVersion& shadow_;
};

std::vector<std::string> owned(std::span<const std::string_view> texts) {
    return {texts.begin(), texts.end()};
}

std::size_t bytes_of(const InferRequest& request) {
    std::size_t bytes = 1024 + request.subject.size() + request.parameters.size();
    for (const auto& list : {request.texts, request.subjects}) {
        for (const std::string_view text : list) {
            bytes += text.size() + sizeof(std::string);
        }
    }
    for (const TensorView& input : request.inputs) {
        bytes += input.bytes.size();
        for (const std::string_view text : input.strings) {
            bytes += text.size() + sizeof(std::string);
        }
    }
    for (const std::string& id : request.row_ids) {
        bytes += id.size() + sizeof(std::string);
    }
    return bytes;
}

/// Class index a row; of a model over tensors by its output of class scores, if that was asked for.
std::vector<std::int32_t> labels_of(const InferRequest& request, const InferAnswer& answer) {
    const auto& place = answer.served->scores;
    std::vector<std::int32_t> labels = answer.labels;
    for (std::size_t i = 0; place && i < answer.tensors.size(); ++i) {
        const std::size_t classes = answer.served->labels.size();
        if (request.wanted[i] != *place) {
            continue;
        }
        const auto bytes = answer.tensors[i].bytes.bytes();
        const std::span<const float> all(
            reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)
        );
        for (std::size_t at = 0; at + classes <= all.size(); at += classes) {
            labels.push_back(best_label(all.subspan(at, classes)));
        }
    }
    return labels;
}

std::int64_t rows_of(const InferRequest& request) {
    return request.texts.empty() ? request.rows : static_cast<std::int64_t>(request.texts.size());
}

}  // namespace

/// A tensor of its own, and views on its strings.
struct ShadowQueue::OwnedTensor {
    Tensor tensor;
    std::vector<std::string_view> strings;

    explicit OwnedTensor(const TensorView& view) {
        tensor.type = view.type;
        tensor.shape = view.shape;
        const auto bytes = tensor.bytes.resize(view.bytes.size());
        std::copy(view.bytes.begin(), view.bytes.end(), bytes.begin());
        tensor.strings.assign(view.strings.begin(), view.strings.end());
    }

    [[nodiscard]] TensorView view() {
        strings.assign(tensor.strings.begin(), tensor.strings.end());
        return {tensor.type, tensor.shape, tensor.bytes.bytes(), strings};
    }
};

/// A request with all it refers to, and what the stable version answered.
struct ShadowQueue::Copy {
    Copy(const Mirror& to, const InferRequest& request, const InferAnswer& answer, Time when)
        : mirror(to),
          request_id(answer.request_id),
          subject(request.subject),
          parameters(request.parameters),
          texts(owned(request.texts)),
          subjects(owned(request.subjects)),
          row_ids(request.row_ids.begin(), request.row_ids.end()),
          wanted(request.wanted.begin(), request.wanted.end()),
          keep_payload(request.keep_payload),
          rows(rows_of(request)),
          bytes(bytes_of(request)),
          arrived(when),
          stable(answer.served),
          stable_labels(labels_of(request, answer)) {
        inputs.reserve(request.inputs.size());
        for (const TensorView& input : request.inputs) {
            inputs.emplace_back(input);
        }
    }

    Mirror mirror;
    std::string request_id;
    std::string subject;
    std::string parameters;
    std::vector<std::string> texts;
    std::vector<std::string> subjects;
    std::vector<std::string> row_ids;
    std::vector<std::size_t> wanted;
    std::vector<OwnedTensor> inputs;
    bool keep_payload;
    std::int64_t rows;
    std::size_t bytes;
    Time arrived;
    std::shared_ptr<const ServedVersion> stable;
    std::vector<std::int32_t> stable_labels;
};

ShadowQueue::ShadowQueue(Recorder& recorder, const Clock& clock)
    : recorder_(recorder), clock_(clock) {}

ShadowQueue::~ShadowQueue() {
    stop();
}

void ShadowQueue::start(std::function<bool()> live_waits) {
    stop();
    live_waits_ = std::move(live_waits);
    running_ = true;
    thread_ = std::thread([this] { run(); });
}

void ShadowQueue::stop() {
    std::deque<std::unique_ptr<Copy>> left;
    {
        const std::scoped_lock lock(mutex_);
        running_ = false;
        left.swap(waiting_);
        for (const auto& copy : left) {
            rows_ -= copy->rows;
            bytes_ -= copy->bytes;
        }
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
    for (const auto& copy : left) {
        copy->mirror.totals->shadow_dropped += copy->rows;
    }
}

void ShadowQueue::offer(
    const Mirror& mirror, const InferRequest& request, const InferAnswer& answer, Time arrived
) {
    const bool wanted = in_share(mirror.salt, answer.request_id, mirror.share);
    const std::int64_t rows = rows_of(request);
    const std::size_t bytes = bytes_of(request);
    bool room = false;
    {
        const std::scoped_lock lock(mutex_);
        budget_.earn(answer.infer_time);
        room = rows_ + rows <= kMostRows && bytes_ + bytes <= kMostBytes;
        if (wanted && room) {  // taken before the copy is made, so that it stays bounded
            rows_ += rows;
            bytes_ += bytes;
        }
    }
    if (wanted && !room) {
        mirror.totals->shadow_dropped.fetch_add(rows, std::memory_order_relaxed);
    }
    if (wanted && room) {
        auto copy = std::make_unique<Copy>(mirror, request, answer, arrived);
        const std::scoped_lock lock(mutex_);
        waiting_.push_back(std::move(copy));
    }
    changed_.notify_one();
}

std::int64_t ShadowQueue::waiting_rows() const {
    const std::scoped_lock lock(mutex_);
    return rows_;
}

std::unique_ptr<ShadowQueue::Copy> ShadowQueue::take() {
    if (waiting_.empty() || !budget_.may_run()) {
        return nullptr;
    }
    auto copy = std::move(waiting_.front());
    waiting_.pop_front();
    rows_ -= copy->rows;
    bytes_ -= copy->bytes;
    return copy;
}

bool ShadowQueue::run_one() {
    std::unique_lock lock(mutex_);
    const auto copy = take();
    lock.unlock();
    if (!copy) {
        return false;
    }
    const auto started = monotonic_now();
    answer(*copy);
    lock.lock();
    budget_.spend(monotonic_now() - started);
    return true;
}

void ShadowQueue::answer(Copy& copy) {
    const std::vector<std::string_view> texts(copy.texts.begin(), copy.texts.end());
    const std::vector<std::string_view> subjects(copy.subjects.begin(), copy.subjects.end());
    std::vector<TensorView> inputs;
    for (OwnedTensor& input : copy.inputs) {
        inputs.push_back(input.view());
    }
    const InferRequest request{
        .model = copy.mirror.version->model,
        .version = copy.mirror.version->number_text,
        .request_id = copy.request_id,
        .texts = texts,
        .keep_payload = copy.keep_payload,
        .inputs = inputs,
        .wanted = copy.wanted,
        .rows = copy.rows,
        .subject = copy.subject,
        .subjects = subjects,
        .row_ids = copy.row_ids,
        .parameters = copy.parameters,
    };
    InferAnswer answer;
    answer.served = copy.mirror.version;
    answer.route = Route::Shadow;
    answer.rollout = copy.mirror.rollout;
    answer.request_id = copy.request_id;
    answer.base_id = Uuid::random(clock_.now(), id_rng()).with_row(0);
    PairRecorder pairs(recorder_, copy.stable_labels, copy.stable->labels, *copy.mirror.version);
    ServedCounts& counts = *answer.served->counts;
    const auto started = monotonic_now();
    ServedRows rows(request, answer, copy.arrived);
    const Result<bool> done = rows.run();
    InferTimes times;
    times.infer = answer.infer_time;
    times.total = monotonic_now() - started;
    if (!done) {
        counts.failed(times.total);
        counts.engine_failures.fetch_add(1, std::memory_order_relaxed);
        counts.refused_rows.fetch_add(copy.rows, std::memory_order_relaxed);
        rows.refuse(pairs, {http_status(done.error().code), done.error().message, times});
        return;
    }
    auto* const batch = counts.executed(copy.rows, times.infer);
    counts.rows[static_cast<std::size_t>(Route::Shadow)].fetch_add(
        copy.rows, std::memory_order_relaxed
    );
    counts.succeeded(times, Route::Shadow, answer.base_id.time(), batch);
    rows.record(pairs, times);
}

void ShadowQueue::run() {
    lower_thread_priority();
    std::unique_lock lock(mutex_);
    while (running_) {
        const bool ready = !waiting_.empty() && budget_.may_run();
        if (!ready) {
            changed_.wait(lock);
        } else if (live_waits_()) {
            changed_.wait_for(lock, kLookAgain);
        } else {
            lock.unlock();
            run_one();
            lock.lock();
        }
    }
}

}  // namespace flywheel::serving
