#pragma once
// SPDX-License-Identifier: Apache-2.0
// The server of one project: routes, HTTP, the loop's thread, and the thread that rolls captured
// rows into Parquet. Made by `serve`, by the demo and by tests; start and stop it on one thread.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "app/project.h"
#include "base/result.h"
#include "gateway/clerk.h"
#include "gateway/gateway.h"
#include "gateway/trail/access_log.h"
#include "gateway/v1/routes.h"
#include "loop/background.h"
#include "rooms/capture/truth/coverage.h"

namespace flywheel::gateway {
class News;
}  // namespace flywheel::gateway

namespace flywheel::app {

class RowRoller;

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8000;            ///< 0 = any free one.
    int threads = 0;                      ///< 0 = half the cores, at least one.
    bool open_read = true;                ///< Metadata and metrics need no key.
    std::vector<std::string> hosts = {};  ///< Own names, for browsers, while there is no key.
    bool opens_turns = true;              ///< False: the loop only advances Turns that others open.
    std::optional<trail::AccessLogPlan> access_log = {};  ///< Nothing = none.
    std::size_t max_connections = 10'000;
    http::HeadLimits head{};
    std::size_t max_chunks = http::kMaxChunks;
    gateway::GatewayLimits limits{};
    http::HttpTimeOuts time_outs{};
    std::optional<http::TlsPlan> tls = {};  ///< Nothing = plain HTTP.
    bool triton_names = false;              ///< /metrics has the families nv_inference_*, too.
};

class Server {
  public:
    using Options = ServerOptions;

    /// For start() only.
    Server(Project& project, Options options);

    /// Listens when it returns. `project` outlives it. Unavailable when the address cannot be bound
    /// (names it and says what to do).
    static Result<std::unique_ptr<Server>> start(Project& project, Options options);
    ~Server();  ///< stop()
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Not ready from now on, so that a balancer sends nothing new; everything is still answered.
    void announce_stop();
    /// Finishes what is in flight, stops the loop after its step, makes captured rows durable.
    /// Twice is once.
    void stop();

    /// stop() waits no longer for requests in flight. Any thread, before and during stop().
    void hurry();

    /// The loop looks at the open Turn now. Any thread.
    void wake_loop();
    /// The access log goes on in a new file, as after somebody moved it away. Any thread.
    void reopen_logs();

    [[nodiscard]] std::uint16_t port() const;
    /// "http://127.0.0.1:8000", or https.
    [[nodiscard]] std::string url() const;

  private:
    void add_routes();
    Result<void> open_access_log();
    Result<void> check_address() const;

    Project& project_;
    Options options_;
    std::string local_key_;
    trail::Refusals refusals_;
    gateway::Access access_;
    std::unique_ptr<trail::AccessLog> access_log_;
    CoverageMeter coverage_;
    std::unique_ptr<gateway::News> news_;  ///< Outlives the gateway, whose threads look at it.
    gateway::Gateway gateway_;
    std::unique_ptr<gateway::Clerk> clerk_;
    std::unique_ptr<loop::Background> background_;
    std::atomic<loop::Background*> loop_ = nullptr;  ///< background_, for the routes' threads.
    std::unique_ptr<RowRoller> roller_;
    bool stopped_ = false;
};

/// The TLS files that the settings of the project in `dir` name; nothing when they name none.
[[nodiscard]] std::optional<http::TlsPlan> tls_plan(
    const std::filesystem::path& dir, const Settings& settings
);

/// What the routes under /v1 touch of a project; without a loop to wake.
[[nodiscard]] gateway::V1Rooms v1_rooms(Project& project);

/// Where the server of a project can be asked, and the key that lets commands on this machine in.
struct RunningServer {
    std::string url;
    std::string key;
    std::filesystem::path certificate;  ///< That an https server must show.
};

/// From DIR/server.url and DIR/server.key (mode 0600), which stand there while it runs, so that
/// other commands find it whatever port it has.
[[nodiscard]] RunningServer running_server(
    const std::filesystem::path& dir, const Settings& settings
);

}  // namespace flywheel::app
