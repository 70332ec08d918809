// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/worker_process.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace flywheel::worker {

namespace {

constexpr std::chrono::milliseconds kEndWithin{1'000};

/// A worker may blame the caller, or say that it cannot; everything else is a failure of ours.
Code code_for_caller(Code said) {
    switch (said) {
        case Code::InvalidArgument:
        case Code::Unsupported:
        case Code::Unavailable:
        case Code::Corrupt:
            return said;
        default:
            return Code::Internal;
    }
}

Result<Tensor> copy_of(const Place& place, std::span<const std::byte> shared) {
    Tensor tensor;
    tensor.type = place.type;
    tensor.shape = place.shape;
    const auto bytes = shared.subspan(place.offset, place.bytes);
    if (place.type == DataType::Bytes) {
        tensor.strings = TRY(take_strings(bytes, TRY(element_count(place.shape))));
        return tensor;
    }
    const auto own = tensor.bytes.resize(bytes.size());
    std::copy(bytes.begin(), bytes.end(), own.begin());
    const bool truth =
        place.type != DataType::Bool || std::all_of(own.begin(), own.end(), [](auto b) {
            return std::to_integer<unsigned>(b) <= 1;
        });
    return truth ? Result<Tensor>(std::move(tensor))
                 : Result<Tensor>(corrupt("An output of BOOL has a byte that is not 0 or 1"));
}

}  // namespace

/// A lane for one call; given back at the end.
class WorkerProcess::Borrowed {
  public:
    explicit Borrowed(WorkerProcess& process) : process_(&process) {
        std::unique_lock lock(process.mutex_);
        process.lane_is_free_.wait_for(lock, process.plan_.call_max, [&] {
            return !process.free_.empty() || !process.broken_.empty();
        });
        if (process.broken_.empty() && !process.free_.empty()) {
            lane_ = process.free_.back();
            process.free_.pop_back();
        }
    }

    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;

    ~Borrowed() {
        if (lane_ != nullptr) {
            const std::scoped_lock lock(process_->mutex_);
            process_->free_.push_back(lane_);
        }
        process_->lane_is_free_.notify_one();
    }

    [[nodiscard]] Lane* lane() const { return lane_; }

  private:
    WorkerProcess* process_;
    Lane* lane_ = nullptr;
};

WorkerProcess::WorkerProcess(const WorkerPlan& plan, Process process, std::vector<Descriptor> ends)
    : plan_(plan), process_(std::move(process)) {
    for (Descriptor& end : ends) {
        lanes_.push_back(std::make_unique<Lane>(std::move(end)));
    }
}

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::spawn(const WorkerPlan& plan) {
    std::vector<Descriptor> ours;
    std::vector<Descriptor> theirs;
    for (int i = 0; i < plan.process.lanes; ++i) {
        auto [mine, its] = TRY(Channel::open_pair());
        ours.push_back(std::move(mine));
        theirs.push_back(std::move(its));
    }
    Process process = TRY(Process::start(plan.process, theirs));
    return std::unique_ptr<WorkerProcess>(
        new WorkerProcess(plan, std::move(process), std::move(ours))  // NOLINT: private constructor
    );
}

WorkerProcess::~WorkerProcess() {
    if (!process_.wait(std::chrono::milliseconds(0))) {
        const auto asked = lanes_.front()->channel.send({0, Shutdown()});
        if (!asked || !process_.wait(kEndWithin)) {
            kill();
        }
    }
}

Result<Body> WorkerProcess::ask(
    Lane& lane, Body question, std::chrono::milliseconds longest, std::span<const int> descriptors
) {
    const std::uint32_t call = ++lane.calls;
    TRY(lane.channel.send({call, std::move(question)}, descriptors));
    auto heard = TRY(lane.channel.receive(longest));
    if (!heard) {
        return make_error(
            Code::Unavailable, fmt::format("no answer within {} ms: it hangs", longest.count())
        );
    }
    if (heard->message.call != call) {
        return corrupt("Worker answered another call");
    }
    return std::move(heard->message.body);
}

Result<void> WorkerProcess::hear_hello() {
    auto heard = TRY(lanes_.front()->channel.receive(plan_.hello_max));
    const Hello* const hello = heard ? std::get_if<Hello>(&heard->message.body) : nullptr;
    if (hello == nullptr || hello->lanes != lanes_.size()) {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "Worker did not say what it is within {} ms: {}",
                plan_.hello_max.count(),
                plan_.process.program.string()
            )
        );
    }
    runtime_ = hello->runtime + " " + hello->version;
    return {};
}

Result<void> WorkerProcess::hand_memory(Lane& lane) {
    using Access = SharedMemory::Access;
    const std::uint64_t most = plan_.process.shared_memory_max;
    lane.inputs = TRY(SharedMemory::make(most, Access::Write));
    lane.outputs = TRY(SharedMemory::make(most, Access::Read));
    const std::array descriptors = {lane.inputs.descriptor(), lane.outputs.descriptor()};
    const Body answer = TRY(ask(lane, Memory{most}, plan_.hello_max, descriptors));
    return std::holds_alternative<Done>(answer)
               ? Result<void>()
               : Result<void>(corrupt("Worker did not take its shared memory"));
}

Result<Loaded> WorkerProcess::open(const Descriptor& artefact, std::uint64_t size) {
    TRY(hear_hello());
    for (const auto& lane : lanes_) {
        TRY(hand_memory(*lane));
    }
    const Load how{size, static_cast<std::uint16_t>(plan_.process.threads)};
    const std::array descriptors = {artefact.number()};
    Body answer = TRY(ask(*lanes_.front(), how, plan_.load_max, descriptors));
    if (const auto* failed = std::get_if<Failed>(&answer)) {
        return make_error(code_for_caller(failed->code), failed->message);
    }
    if (!std::holds_alternative<Loaded>(answer)) {
        return corrupt("Worker answered something else than that it loaded the model");
    }
    const std::scoped_lock lock(mutex_);
    for (const auto& lane : lanes_) {
        free_.push_back(lane.get());
    }
    return std::get<Loaded>(std::move(answer));
}

Error WorkerProcess::give_up(const std::string& why) {
    {
        const std::scoped_lock lock(mutex_);
        broken_ = broken_.empty() ? why : broken_;
    }
    lane_is_free_.notify_all();
    kill();
    return make_error(
        Code::Unavailable, "The model's worker process failed and is started again: " + why
    );
}

Result<std::vector<Tensor>> WorkerProcess::run(
    const Signature& signature,
    std::span<const TensorView> inputs,
    std::span<const std::size_t> wanted
) {
    const Borrowed borrowed(*this);
    if (borrowed.lane() == nullptr) {
        return make_error(
            Code::Unavailable, "The model's worker process is busy or just failed; try again"
        );
    }
    Lane& lane = *borrowed.lane();
    // What does not fit is the caller's matter; from here on whatever goes wrong is the worker's.
    const Run run{TRY(put_tensors(inputs, lane.inputs)), {wanted.begin(), wanted.end()}};
    return run_on(lane, signature, run);
}

Result<std::vector<Tensor>> WorkerProcess::run_on(
    Lane& lane, const Signature& signature, const Run& run
) {
    auto answer = ask(lane, run, plan_.call_max);
    if (!answer) {
        return give_up(answer.error().message);
    }
    if (const auto* failed = std::get_if<Failed>(&*answer)) {
        return make_error(code_for_caller(failed->code), failed->message);
    }
    const auto* const ran = std::get_if<Ran>(&*answer);
    if (ran == nullptr) {
        return give_up("it answered something else than outputs");
    }
    auto outputs = take_outputs(lane, signature, run, *ran);
    return outputs ? std::move(outputs)
                   : Result<std::vector<Tensor>>(give_up(outputs.error().message));
}

Result<std::vector<Tensor>> WorkerProcess::take_outputs(
    Lane& lane, const Signature& signature, const Run& asked, const Ran& ran
) {
    const auto specs = TRY(output_specs(signature, asked.wanted));
    const auto shared = TRY(lane.outputs.view());
    const auto rows = TRY(check_places(ran.outputs, specs, signature.batches, shared.size()));
    if (signature.batches && !ran.outputs.empty() && rows != asked.inputs.front().shape[0]) {
        return corrupt(
            fmt::format("Worker answered {} rows for {}", rows, asked.inputs.front().shape[0])
        );
    }
    std::vector<Tensor> tensors;
    for (const Place& place : ran.outputs) {
        tensors.push_back(TRY(copy_of(place, shared)));
    }
    return tensors;
}

std::string WorkerProcess::ending() const {
    const std::scoped_lock lock(mutex_);
    return broken_.empty() ? process_.ending() : broken_;
}

}  // namespace flywheel::worker
