#pragma once
// SPDX-License-Identifier: Apache-2.0
// The worker's side of the worker protocol: a worker program implements Backend and calls
// serve_worker() from its main. Each lane has a thread of its own.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/engine/tensor.h"
#include "ports/engine/worker/bundle.h"

namespace flywheel::worker {

/// One lane's way into the loaded model; used by that lane's thread only.
class Session {
  public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    /// As TensorModel::run(), with views that stand until the next call. What the inputs show may
    /// be changed by the other side at any moment: no memory access may depend on their values.
    virtual Result<std::vector<TensorView>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> wanted
    ) = 0;
};

/// What a worker program runs models with.
class Backend {
  public:
    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    [[nodiscard]] virtual std::string runtime() const = 0;
    [[nodiscard]] virtual std::string version() const = 0;

    /// Called once. `parts` stay readable until the process ends.
    virtual Result<Signature> load(const Parts& parts, int threads) = 0;
    /// After load(), once a lane; any thread.
    virtual Result<std::unique_ptr<Session>> open_session() = 0;
};

/// Serves until the other side goes or says so. `arguments` are main's, without the program's name.
/// Gives main's exit code: 0 after a shutdown, 2 when the arguments are wrong, 1 otherwise.
int serve_worker(Backend& backend, const std::vector<std::string>& arguments);

}  // namespace flywheel::worker
