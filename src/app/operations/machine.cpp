// SPDX-License-Identifier: Apache-2.0
// The machine below the project: directory, disk, clock, limits, port.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <thread>

#include <fmt/format.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "app/operations/findings.h"

namespace flywheel::app {

namespace {

constexpr double kGibibyte = 1024.0 * 1024.0 * 1024.0;
constexpr double kLeastFree = 0.25;          // GiB: the journal's next segments, the ledger's log
constexpr double kScarceFree = 2.0;          // GiB
constexpr double kScarceFiles = 0.02;        // of the inodes
constexpr std::uint64_t kLeastFiles = 4096;  // connections, segments and a margin
constexpr double kPaceOff = 0.05;            // a wall clock that gains or loses more is being set
constexpr auto kAhead = std::chrono::minutes(5);
constexpr auto kSample = std::chrono::milliseconds(50);

std::string system_text(int number) {
    return std::generic_category().message(number);
}

/// The newest change of what the project writes all the time.
Time last_write_in(const std::filesystem::path& dir) {
    Time newest;
    for (const char* name : {"ledger.db", "ledger.db-wal", "journal", "flywheel.toml"}) {
        struct stat seen{};
        if (::stat((dir / name).c_str(), &seen) == 0) {
            newest = std::max(newest, Time(std::chrono::seconds(seen.st_mtim.tv_sec)));
        }
    }
    return newest;
}

double pace_now() {
    const SystemClock clock;
    const Time wall = clock.now();
    const auto monotonic = monotonic_now();
    std::this_thread::sleep_for(kSample);
    const std::chrono::duration<double> by_wall = clock.now() - wall;
    const std::chrono::duration<double> by_monotonic = monotonic_now() - monotonic;
    return by_wall.count() / by_monotonic.count();
}

/// 0, or the errno of what could not be done.
int try_to_listen(const addrinfo& place) {
    const int fd = ::socket(place.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const int failed = ::bind(fd, place.ai_addr, place.ai_addrlen) == 0 ? 0 : errno;
    ::close(fd);
    return failed;
}

}  // namespace

std::string_view name_of(Health health) {
    return health == Health::Good ? "ok" : (health == Health::Doubtful ? "look" : "BAD");
}

Finding look_at_directory(const std::filesystem::path& dir) {
    struct stat seen{};
    if (::stat(dir.c_str(), &seen) != 0) {
        return {
            "directory",
            Health::Bad,
            fmt::format("{}: {}", dir.string(), system_text(errno)),
            "make a project with `flywheel init DIR`"
        };
    }
    if (::access(dir.c_str(), W_OK | X_OK) != 0) {
        return {
            "directory",
            Health::Bad,
            fmt::format("{} cannot be written", dir.string()),
            "make it writable for this user"
        };
    }
    if ((seen.st_mode & S_IWOTH) != 0) {
        return {
            "directory",
            Health::Doubtful,
            fmt::format("{} can be written by everybody", dir.string()),
            "chmod o-w it"
        };
    }
    return {"directory", Health::Good, dir.string()};
}

Finding look_at_disk(const std::filesystem::path& dir) {
    struct statvfs disk{};
    if (::statvfs(dir.c_str(), &disk) != 0) {
        return {"disk", Health::Bad, system_text(errno), "check the disk"};
    }
    return judge_disk(
        {static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / kGibibyte,
         disk.f_files == 0 ? 1.0
                           : static_cast<double>(disk.f_favail) / static_cast<double>(disk.f_files),
         (disk.f_flag & ST_RDONLY) != 0}
    );
}

Finding judge_disk(const DiskState& disk) {
    const std::string seen = fmt::format("{:.1f} GiB free", disk.free_gib);
    if (disk.read_only) {
        return {"disk", Health::Bad, "mounted read-only", "mount it writable"};
    }
    if (disk.free_gib < kLeastFree) {
        return {"disk", Health::Bad, seen, "free some space: nothing can be captured soon"};
    }
    if (disk.free_files < kScarceFiles) {
        return {
            "disk",
            Health::Doubtful,
            fmt::format("{}, but only {:.1f} % of its files", seen, disk.free_files * 100),
            "delete small files: no segment can be made without one"
        };
    }
    if (disk.free_gib < kScarceFree) {
        return {"disk", Health::Doubtful, seen, "free some space"};
    }
    return {"disk", Health::Good, seen};
}

Finding look_at_clock(const std::filesystem::path& dir) {
    timex time{};
    const int state = ::adjtimex(&time);
    ClockState clock;
    clock.now = SystemClock().now();
    clock.last_write = last_write_in(dir);
    clock.pace = pace_now();
    clock.synchronised = state != TIME_ERROR && (time.status & STA_UNSYNC) == 0;
    return judge_clock(clock);
}

Finding judge_clock(const ClockState& clock) {
    const std::string now = to_rfc3339(clock.now).substr(0, 19) + "Z";
    if (clock.last_write > clock.now + kAhead) {
        return {
            "clock",
            Health::Bad,
            fmt::format("{}, but the project was written at {}", now, to_rfc3339(clock.last_write)),
            "set the clock before you serve: ids and joins follow it, and it has gone back"
        };
    }
    if (std::abs(clock.pace - 1) > kPaceOff) {
        return {
            "clock",
            Health::Doubtful,
            fmt::format("{}, runs {:.0f} % of the monotonic clock", now, clock.pace * 100),
            "it is being set; look again when it is"
        };
    }
    if (!clock.synchronised) {
        return {
            "clock",
            Health::Doubtful,
            now + ", not synchronised",
            "run a time service (chrony, systemd-timesyncd): ids and joins follow the clock"
        };
    }
    return {"clock", Health::Good, now + ", synchronised"};
}

Finding look_at_open_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return judge_open_files(limit.rlim_max);  // the server takes what it may have
}

Finding judge_open_files(std::uint64_t allowed) {
    const std::string seen = fmt::format("{} open files allowed", allowed);
    if (allowed < kLeastFiles) {
        return {"limits", Health::Doubtful, seen, "raise it (LimitNOFILE=, ulimit -Hn)"};
    }
    return {"limits", Health::Good, seen};
}

Finding look_at_port(const std::string& address, std::uint16_t port) {
    const std::string seen = fmt::format("{} port {}", address, port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return {
            "port",
            Health::Bad,
            seen + ": that is no IP address",
            "set [serve] address in flywheel.toml, for example to \"127.0.0.1\""
        };
    }
    const int failed = try_to_listen(*found);
    ::freeaddrinfo(found);
    if (failed == 0) {
        return {"port", Health::Good, seen + " is free"};
    }
    if (failed == EADDRINUSE) {
        return {
            "port",
            Health::Bad,
            seen + " is taken by another program",
            "set [serve] port in flywheel.toml, or serve with --port"
        };
    }
    return {
        "port",
        Health::Bad,
        fmt::format("{}: {}", seen, system_text(failed)),
        failed == EACCES ? "take a port above 1023, or give the program the right to this one"
                         : "set [serve] address to one of this machine"
    };
}

}  // namespace flywheel::app
