// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/versions/load_thread.h"

#include <utility>

#include <malloc.h>

#include "rooms/serving/versions/low_priority.h"

namespace flywheel::serving {

LoadThread::~LoadThread() {
    stop();
}

void LoadThread::start(Load load) {
    stop();
    desk_->running = true;
    thread_ = std::thread([this, load = std::move(load)] { run(load); });
}

void LoadThread::stop() {
    {
        const std::scoped_lock lock(desk_->mutex);
        desk_->running = false;
        desk_->models.clear();
    }
    desk_->changed.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

bool LoadThread::ask(const std::string& model) {
    {
        const std::scoped_lock lock(desk_->mutex);
        if (!desk_->running) {
            return false;
        }
        desk_->models.insert(model);
    }
    desk_->changed.notify_one();
    return true;
}

std::shared_ptr<const Model> LoadThread::watched(std::shared_ptr<const Model> weights) const {
    const Model* const model = weights.get();
    return {model, [held = std::move(weights), desk = desk_](const Model* /*same*/) mutable {
                held.reset();
                const std::scoped_lock lock(desk->mutex);
                desk->freed = true;
                desk->changed.notify_one();
            }};
}

void LoadThread::trim() {
    {
        const std::scoped_lock lock(desk_->mutex);
        if (desk_->running || !std::exchange(desk_->freed, false)) {
            return;
        }
    }
    ::malloc_trim(0);
}

void LoadThread::run(const Load& load) {
    lower_thread_priority();
    std::unique_lock lock(desk_->mutex);
    while (true) {
        desk_->changed.wait(lock, [this] {
            return !desk_->running || desk_->freed || !desk_->models.empty();
        });
        if (!desk_->running) {
            return;
        }
        std::string model;
        if (!desk_->models.empty()) {
            model = desk_->models.extract(desk_->models.begin()).value();
        }
        const bool freed = std::exchange(desk_->freed, false);
        lock.unlock();
        if (freed) {
            ::malloc_trim(0);
        }
        if (!model.empty()) {
            load(model);
        }
        lock.lock();
    }
}

}  // namespace flywheel::serving
