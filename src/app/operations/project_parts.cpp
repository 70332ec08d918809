// SPDX-License-Identifier: Apache-2.0
// The project itself: certificate, keys, journal, logs, model, trail, programs.
#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "app/operations/findings.h"
#include "app/server.h"
#include "app/version.h"
#include "base/json_value.h"
#include "gateway/http/tls_identity.h"

namespace flywheel::app {

namespace {

constexpr auto kSoon = std::chrono::hours(24 * 14);

bool is_loopback(const std::string& address) {
    return address.starts_with("127.") || address == "::1";
}

}  // namespace

Finding look_at_tls(const std::filesystem::path& dir, const Settings& settings, Time now) {
    const auto plan = tls_plan(dir, settings);
    if (!plan) {
        return is_loopback(settings.address)
                   ? Finding{"tls", Health::Good, "off; only this machine is served"}
                   : Finding{
                         "tls",
                         Health::Doubtful,
                         fmt::format("off, but the address is {}", settings.address),
                         "set [serve] tls_certificate and tls_key, or put a proxy that speaks TLS "
                         "before it: keys travel in the clear"
                     };
    }
    if (const auto opened = http::TlsIdentity::open(*plan); !opened) {
        return {
            "tls",
            Health::Bad,
            opened.error().message,
            "chmod 600 the key; both PEM files must be readable here"
        };
    }
    const auto facts = http::read_certificate(plan->certificate);
    if (!facts) {
        return {"tls", Health::Bad, facts.error().message, "see the message"};
    }
    const Time end{std::chrono::seconds(facts->expires)};
    const auto days = std::chrono::floor<std::chrono::days>(end - now).count();
    const std::string seen =
        fmt::format("{}; good until {}, {} days", facts->names, to_date(end), days);
    if (end <= now) {
        return {
            "tls", Health::Bad, seen, "renew the certificate; the server shows a new file by itself"
        };
    }
    if (end - now < kSoon) {
        return {"tls", Health::Doubtful, seen, "renew the certificate soon"};
    }
    return {"tls", Health::Good, seen};
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

Finding look_at_logs(const std::filesystem::path& dir, const Settings& settings) {
    const AccessLogSettings& log = settings.access_log;
    if (log.to != AccessLogTo::File) {
        return {"log", Health::Good, log.to == AccessLogTo::Off ? "off" : "on standard output"};
    }
    const auto folder = dir / "log";
    std::error_code failed;
    const bool there = std::filesystem::exists(folder, failed);
    if (there && ::access(folder.c_str(), W_OK | X_OK) != 0) {
        return {
            "log",
            Health::Bad,
            fmt::format("{} cannot be written", folder.string()),
            "make it writable for this user, or set [serve] access_log = \"off\""
        };
    }
    return {
        "log",
        Health::Good,
        fmt::format("log/access.jsonl, {} MiB at the most", log.mib * log.files)
    };
}

Finding look_at_keys(const Settings& settings, const Json& keys, Time now) {
    std::size_t in_use = 0;
    std::string soon;
    for (const Json& key : keys) {
        if (!key.at("revoked").is_null()) {
            continue;
        }
        const auto expires = key.at("expires").is_null() ? Result<Time>(Time::max())
                                                         : parse_time(key.value("expires", ""));
        const bool good = !expires || *expires > now;
        in_use += good ? 1 : 0;
        if (expires && good && *expires < now + kSoon) {
            soon += (soon.empty() ? "" : ", ") + key.value("name", "");
        }
    }
    if (in_use == 0 && !is_loopback(settings.address)) {
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

Finding look_at_audit(const Json& told) {
    if (!told.value("intact", false)) {
        return {
            "audit",
            Health::Bad,
            told.value("reason", ""),
            "somebody changed the ledger: compare it with a backup"
        };
    }
    return {
        "audit",
        Health::Good,
        fmt::format("{} events, each as it was written", told.value("events", std::int64_t{0}))
    };
}

Finding look_at_workers(
    const std::vector<std::filesystem::path>& folders, const std::vector<std::string>& engines
) {
    constexpr const char* kProgram = "flywheel-openvino";
    const bool needed = std::find(engines.begin(), engines.end(), "openvino") != engines.end();
    for (const auto& folder : folders) {
        if (!folder.empty() && ::access((folder / kProgram).c_str(), X_OK) == 0) {
            return {"workers", Health::Good, (folder / kProgram).string()};
        }
    }
    if (!needed) {
        return {"workers", Health::Good, fmt::format("no {}, and no model needs it", kProgram)};
    }
    return {
        "workers",
        Health::Bad,
        fmt::format("{} is not there, but a model needs it", kProgram),
        "put it beside this program, or say where it is: [engines] folder in flywheel.toml"
    };
}

Finding look_at_versions(std::string_view serving) {
    if (serving.empty() || serving == kVersion) {
        return {"program", Health::Good, "flywheel " + std::string(kVersion)};
    }
    return {
        "program",
        Health::Doubtful,
        fmt::format("flywheel {}, but the server that runs is {}", kVersion, serving),
        "restart the server when you can"
    };
}

}  // namespace flywheel::app
