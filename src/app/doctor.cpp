// SPDX-License-Identifier: Apache-2.0
// doctor: what a server needs, looked at one by one, each with what to do.
#include <cerrno>
#include <fstream>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "app/commands_parts.h"
#include "app/screen.h"
#include "app/version.h"
#include "base/json_value.h"

namespace flywheel::app {

namespace {

constexpr double kGibibyte = 1024.0 * 1024.0 * 1024.0;
constexpr double kLeastFree = 0.25;   // GiB: the journal's next segments and the ledger's log
constexpr double kScarceFree = 2.0;   // GiB
constexpr rlim_t kLeastFiles = 4096;  // connections, segments and a margin
constexpr auto kSoon = std::chrono::hours(24 * 14);

enum class Health { Good, Doubtful, Bad };

struct Finding {
    std::string part;
    Health health = Health::Good;
    std::string seen;
    std::string advice = {};  ///< What to do; "" when it is good.
};

std::string_view name_of(Health health) {
    return health == Health::Good ? "ok" : (health == Health::Doubtful ? "look" : "BAD");
}

Finding look_at_directory(const std::filesystem::path& dir) {
    struct stat seen{};
    if (::stat(dir.c_str(), &seen) != 0) {
        return {
            "directory",
            Health::Bad,
            fmt::format("{}: {}", dir.string(), std::generic_category().message(errno)),
            "make a project with `flywheel init DIR`"
        };
    }
    if (::access(dir.c_str(), W_OK) != 0) {
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
        return {"disk", Health::Bad, std::generic_category().message(errno), "check the disk"};
    }
    const double free =
        static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / kGibibyte;
    const std::string seen = fmt::format("{:.1f} GiB free", free);
    if ((disk.f_flag & ST_RDONLY) != 0) {
        return {"disk", Health::Bad, "mounted read-only", "mount it writable"};
    }
    if (free < kLeastFree) {
        return {"disk", Health::Bad, seen, "free some space: nothing can be captured soon"};
    }
    return {
        "disk",
        free < kScarceFree ? Health::Doubtful : Health::Good,
        seen,
        free < kScarceFree ? "free some space" : ""
    };
}

Finding look_at_clock() {
    timex time{};
    const int state = ::adjtimex(&time);
    const std::string now = to_rfc3339(SystemClock().now());
    if (state == TIME_ERROR || (time.status & STA_UNSYNC) != 0) {
        return {
            "clock",
            Health::Doubtful,
            now + ", not synchronised",
            "run a time service (chrony, systemd-timesyncd): ids and joins follow the clock"
        };
    }
    return {"clock", Health::Good, now + ", synchronised"};
}

Finding look_at_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    // The server takes what it may have.
    const std::string seen = fmt::format("{} open files allowed", limit.rlim_max);
    if (limit.rlim_max < kLeastFiles) {
        return {"limits", Health::Doubtful, seen, "raise it (LimitNOFILE=, ulimit -Hn)"};
    }
    return {"limits", Health::Good, seen};
}

bool can_bind(const std::string& address, std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(address == "0.0.0.0" ? INADDR_ANY : INADDR_LOOPBACK);
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    ::close(fd);
    return bound;
}

Finding look_at_port(const Settings& settings, Door* door) {
    if (door != nullptr && door->project() == nullptr) {
        return {"port", Health::Good, door->source() + " answers"};
    }
    const std::string seen = fmt::format("{} port {}", settings.address, settings.port);
    if (settings.port != 0 && !can_bind(settings.address, settings.port)) {
        return {
            "port",
            Health::Bad,
            seen + " is taken by another program",
            "set [serve] port in flywheel.toml, or serve with --port"
        };
    }
    return {"port", Health::Good, seen + " is free"};
}

Finding look_at_keys(const Settings& settings, const Json& keys) {
    const bool loopback = settings.address.starts_with("127.") || settings.address == "::1";
    const Time now = SystemClock().now();
    std::size_t in_use = 0;
    std::string soon;
    for (const Json& key : keys) {
        if (!key.at("revoked").is_null()) {
            continue;
        }
        const auto expires = parse_time(key.value("expires", ""));
        in_use += !expires || *expires > now ? 1 : 0;
        if (expires && *expires > now && *expires - now < kSoon) {
            soon += (soon.empty() ? "" : ", ") + key.value("name", "");
        }
    }
    if (in_use == 0 && !loopback) {
        return {
            "keys",
            Health::Bad,
            fmt::format("none, but the address is {}", settings.address),
            "make one with `flywheel key add`; the server will not start without"
        };
    }
    if (!soon.empty()) {
        return {"keys", Health::Doubtful, "expire within two weeks: " + soon, "make new ones"};
    }
    return {
        "keys",
        Health::Good,
        in_use == 0 ? "none; only this machine is served" : fmt::format("{} in use", in_use)
    };
}

Finding look_at_journal(const std::filesystem::path& dir) {
    std::error_code failed;
    std::size_t damaged = 0;
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(dir / "journal", failed)) {
        damaged += file.path().extension() == ".bad" ? 1 : 0;
        bytes += file.is_regular_file(failed) ? file.file_size(failed) : 0;
    }
    if (damaged > 0) {
        return {
            "journal",
            Health::Doubtful,
            fmt::format("{} segments with a damaged header were set aside", damaged),
            "keep the *.bad files and check the disk's health"
        };
    }
    return {
        "journal",
        Health::Good,
        fmt::format("{:.1f} MiB wait for the columns", static_cast<double>(bytes) / (1024.0 * 1024))
    };
}

Finding look_at_model(const Json& status) {
    const Json served = status.value("served", Json::object());
    if (served.is_object() && served.value("ready", false)) {
        return {
            "model",
            Health::Good,
            fmt::format("version {} is served", served.value("version", std::int64_t{0}))
        };
    }
    return {
        "model",
        Health::Doubtful,
        "nothing can be served yet",
        "import labelled rows, then `flywheel turn`"
    };
}

/// Everything that needs the project open, in this process or through its server.
void look_inside(
    const CommandScope& scope, const Settings& settings, std::vector<Finding>& findings
) {
    auto door = open_door(scope);
    if (!door) {
        findings.push_back({"project", Health::Bad, door.error().message, "see the message"});
        return;
    }
    findings.push_back({"project", Health::Good, "opened from " + (*door)->source()});
    findings.push_back(look_at_port(settings, door->get()));
    if (const auto keys = (*door)->get_json("/v1/keys")) {
        findings.push_back(look_at_keys(settings, keys->at("keys")));
    } else {
        findings.push_back({"keys", Health::Bad, keys.error().message, "see the message"});
    }
    if (const auto status = (*door)->get_json("/v1/status")) {
        findings.push_back(look_at_model(*status));
        const Json captured = status->value("captured", Json());
        const std::string failure =
            captured.is_object() ? captured.value("failure", "") : std::string();
        if (!failure.empty()) {
            findings.push_back({"capture", Health::Bad, failure, "rows are dropped until then"});
        }
    } else {
        findings.push_back({"status", Health::Bad, status.error().message, "see the message"});
    }
}

Json findings_json(const std::vector<Finding>& findings) {
    Json list = Json::array();
    for (const Finding& one : findings) {
        list.push_back(
            {{"part", one.part},
             {"health", name_of(one.health)},
             {"seen", one.seen},
             {"advice", one.advice}}
        );
    }
    return {{"version", kVersion}, {"findings", list}};
}

void print_findings(const std::vector<Finding>& findings) {
    Table table;
    for (const char* title : {"part", "", "seen", "what to do"}) {
        table.add_column(title);
    }
    for (const Finding& one : findings) {
        const Colour colour = one.health == Health::Good
                                  ? Colour::Green
                                  : (one.health == Health::Bad ? Colour::Red : Colour::Yellow);
        table.add_row({one.part, {std::string(name_of(one.health)), colour}, one.seen, one.advice});
    }
    print_out(
        table.to_text(terminal_width(STDOUT_FILENO, 140), Painter(wants_colour(STDOUT_FILENO)))
    );
}

}  // namespace

Result<void> run_doctor(const CommandScope& scope) {
    std::vector<Finding> findings = {
        {"program", Health::Good, "flywheel " + std::string(kVersion)},
        look_at_directory(scope.dir),
        look_at_disk(scope.dir),
        look_at_clock(),
        look_at_files()
    };
    if (const auto settings = read_settings(scope.dir / "flywheel.toml")) {
        findings.push_back({"settings", Health::Good, "flywheel.toml is read"});
        look_inside(scope, *settings, findings);
        findings.push_back(look_at_journal(scope.dir));
    } else {
        findings.push_back(
            {"settings", Health::Bad, settings.error().message, "mend it, or `flywheel init DIR`"}
        );
    }
    if (scope.json) {
        print_json(findings_json(findings));
    } else {
        print_findings(findings);
    }
    const auto bad = std::count_if(findings.begin(), findings.end(), [](const Finding& one) {
        return one.health == Health::Bad;
    });
    return bad == 0
               ? Result<void>()
               : Result<void>(make_error(
                     Code::Unavailable, fmt::format("{} of {} checks failed", bad, findings.size())
                 ));
}

}  // namespace flywheel::app
