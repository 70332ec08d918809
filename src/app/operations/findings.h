#pragma once
// SPDX-License-Identifier: Apache-2.0
// What doctor looks at, one function a part: each says what it saw, how good that is, and what to
// do. Private to doctor; one command, one thread.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"
#include "base/clock.h"
#include "base/json.h"

namespace flywheel::app {

enum class Health { Good, Doubtful, Bad };

struct Finding {
    std::string part;
    Health health = Health::Good;
    std::string seen;
    std::string advice = {};  ///< What to do; "" when it is good.
};

/// "ok", "look", "BAD".
[[nodiscard]] std::string_view name_of(Health health);

// The machine.
[[nodiscard]] Finding look_at_directory(const std::filesystem::path& dir);
[[nodiscard]] Finding look_at_disk(const std::filesystem::path& dir);

struct DiskState {
    double free_gib = 0;
    double free_files = 0;  ///< Share of the inodes, 0 to 1; 1 when the disk does not count them.
    bool read_only = false;
};

[[nodiscard]] Finding judge_disk(const DiskState& disk);
/// The machine's clock against what was written in `dir` before and against its own pace.
[[nodiscard]] Finding look_at_clock(const std::filesystem::path& dir);

struct ClockState {
    Time now;
    Time last_write;            ///< Newest change of a file of the project.
    double pace = 1;            ///< Seconds of the wall clock a monotonic second.
    bool synchronised = false;  ///< As the kernel says.
};

[[nodiscard]] Finding judge_clock(const ClockState& clock);
[[nodiscard]] Finding judge_open_files(std::uint64_t allowed);
[[nodiscard]] Finding look_at_open_files();
/// Can this address and port be listened on now?
[[nodiscard]] Finding look_at_port(const std::string& address, std::uint16_t port);

// The project.
[[nodiscard]] Finding look_at_tls(
    const std::filesystem::path& dir, const Settings& settings, Time now
);
[[nodiscard]] Finding look_at_journal(const std::filesystem::path& dir);
[[nodiscard]] Finding look_at_logs(const std::filesystem::path& dir, const Settings& settings);
/// `keys` as /v1/keys lists them.
[[nodiscard]] Finding look_at_keys(const Settings& settings, const Json& keys, Time now);
/// `status` as /v1/status says it.
[[nodiscard]] Finding look_at_model(const Json& status);
/// `told` as /v1/audit/chain says it.
[[nodiscard]] Finding look_at_audit(const Json& told);
/// Worker programs stand in one of `folders`; `engines` are those that versions of any model name.
[[nodiscard]] Finding look_at_workers(
    const std::vector<std::filesystem::path>& folders, const std::vector<std::string>& engines
);
/// `serving` is what the running server says of itself; "" = none runs.
[[nodiscard]] Finding look_at_versions(std::string_view serving);

}  // namespace flywheel::app
