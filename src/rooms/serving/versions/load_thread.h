#pragma once
// SPDX-License-Identifier: Apache-2.0
// The one thread of low priority that loads versions in the background, and that gives memory back
// to the system once a replaced one is freed. Private to the room; its verbs may be called by any
// thread.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "ports/engine/engine.h"

namespace flywheel::serving {

class LoadThread {
  public:
    using Load = std::function<void(const std::string& model)>;

    LoadThread() = default;
    ~LoadThread();  ///< stop()
    LoadThread(const LoadThread&) = delete;
    LoadThread& operator=(const LoadThread&) = delete;

    void start(Load load);
    /// Waits for the load that runs. Twice is once.
    void stop();
    /// Loads the model soon; asked twice before it begins it is done once. False, and nothing
    /// happens, when the thread does not run.
    bool ask(const std::string& model);
    /// The same weights; when the last holder lets go of them, trim() has something to do.
    [[nodiscard]] std::shared_ptr<const Model> watched(std::shared_ptr<const Model> weights) const;
    /// malloc_trim(0), if weights were freed since the last time and the thread does not run.
    void trim();

  private:
    /// Outlives the thread: answers may hold a version longer.
    struct Desk {
        std::mutex mutex;
        std::condition_variable changed;
        std::set<std::string> models;
        bool freed = false;
        bool running = false;
    };

    void run(const Load& load);

    std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
    std::thread thread_;
};

}  // namespace flywheel::serving
