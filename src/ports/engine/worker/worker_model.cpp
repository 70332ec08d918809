// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/worker_model.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"

namespace flywheel::worker {

namespace {

constexpr std::chrono::milliseconds kForEver{-1};

}  // namespace

WorkerModel::WorkerModel(const WorkerPlan& plan, Descriptor artefact, std::uint64_t size)
    : plan_(plan), artefact_(std::move(artefact)), size_(size), wake_(::eventfd(0, EFD_CLOEXEC)) {}

Result<std::shared_ptr<const Model>> WorkerModel::start(
    const WorkerPlan& plan, std::string_view artefact
) {
    std::shared_ptr<WorkerModel> model(
        new WorkerModel(plan, TRY(make_sealed(artefact)), artefact.size())  // NOLINT: private
    );
    model->supervisor_ = std::thread([raw = model.get()] { raw->supervise(); });
    TRY(model->wait_for_first());
    return std::shared_ptr<const Model>(std::move(model));
}

WorkerModel::~WorkerModel() {
    {
        const std::scoped_lock lock(mutex_);
        going_ = true;
        if (coming_) {
            coming_->kill();
        }
    }
    changed_.notify_all();
    ::eventfd_write(wake_.number(), 1);
    supervisor_.join();
}

Result<void> WorkerModel::wait_for_first() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return first_.has_value(); });
    return std::move(*first_);  // NOLINT: waited for
}

Result<void> WorkerModel::adopt(const Loaded& loaded) {
    const std::string bytes = TRY(encode({0, Loaded{loaded.signature, 0}}));
    if (signature_bytes_.empty()) {
        signature_ = loaded.signature;
        signature_bytes_ = bytes;
    }
    return bytes == signature_bytes_
               ? Result<void>()
               : Result<void>(corrupt("The started worker gives the model another signature"));
}

Result<WorkerModel::Worker> WorkerModel::start_worker() {
    Worker worker = TRY(WorkerProcess::spawn(plan_));
    {
        const std::scoped_lock lock(mutex_);
        if (going_) {
            return make_error(Code::Cancelled, "The model is going");
        }
        coming_ = worker;
    }
    auto loaded = worker->open(artefact_, size_);
    {
        const std::scoped_lock lock(mutex_);
        coming_ = nullptr;
    }
    if (!loaded) {
        return std::move(loaded).error();
    }
    TRY(adopt(*loaded));
    return worker;
}

void WorkerModel::publish(Worker worker, std::string why) {
    const std::scoped_lock lock(mutex_);
    worker_.swap(worker);
    why_ = std::move(why);
}

bool WorkerModel::pause(std::chrono::milliseconds longest) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, longest, [&] { return going_; });
}

/// Until it ended; false when the model is going.
bool WorkerModel::outlive(WorkerProcess& worker) {
    while (!worker.wait(kForEver, wake_.number())) {
        const std::scoped_lock lock(mutex_);
        if (going_) {
            return false;
        }
    }
    return true;
}

void WorkerModel::supervise() {
    auto worker = start_worker();
    if (worker) {
        publish(*worker, "");
    }
    {
        const std::scoped_lock lock(mutex_);
        first_ = worker ? Result<void>() : Result<void>(worker.error());
    }
    changed_.notify_all();
    bool staying = worker.has_value();
    auto backoff = plan_.backoff_first;
    while (staying) {
        const auto began = monotonic_now();
        const bool ended = !worker || outlive(**worker);
        const std::string why = worker ? (*worker)->ending() : worker.error().message;
        publish(nullptr, why);
        if (ended) {
            backoff = monotonic_now() - began >= plan_.served_well ? plan_.backoff_first : backoff;
            log_warn("worker ended", {{"reason", why}, {"again_in_ms", backoff.count()}});
        }
        worker = make_error(Code::Unavailable, why);  // lets the process go, in this thread
        staying = ended && pause(backoff);
        if (staying) {
            backoff = std::min(2 * backoff, plan_.backoff_max);
            worker = start_worker();
        }
        if (staying && worker) {
            publish(*worker, "");
        }
    }
}

Result<std::vector<Tensor>> WorkerModel::run(
    std::span<const TensorView> inputs, std::span<const std::size_t> wanted
) const {
    Worker worker;
    {
        const std::scoped_lock lock(mutex_);
        worker = worker_;
        if (!worker) {
            return make_error(
                Code::Unavailable, "The model's worker process is started again: " + why_
            );
        }
    }
    return worker->run(signature_, inputs, wanted);
}

std::size_t WorkerModel::memory_bytes() const {
    const std::scoped_lock lock(mutex_);
    return worker_ ? worker_->resident_bytes() : 0;
}

}  // namespace flywheel::worker
