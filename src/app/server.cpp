// SPDX-License-Identifier: Apache-2.0
#include "app/server.h"

#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/captured/erasure.h"
#include "app/captured/row_roller.h"
#include "app/captured/truth_table.h"
#include "app/imports/row_upload.h"
#include "app/operations/settings_edit.h"
#include "app/version.h"
#include "base/json_value.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "gateway/capture_metrics.h"
#include "gateway/capture_routes.h"
#include "gateway/page/page.h"
#include "gateway/v1/news.h"
#include "gateway/v1/routes.h"
#include "gateway/v2_routes.h"

namespace flywheel::app {

namespace {

constexpr auto kFinishWithin = std::chrono::seconds(30);
constexpr const char* kUrlFile = "server.url";
constexpr const char* kKeyFile = "server.key";

std::string url_of(const std::string& scheme, const std::string& address, std::uint16_t port) {
    // Whoever listens everywhere is asked here.
    std::string host = address == "0.0.0.0" ? "127.0.0.1" : address == "::" ? "::1" : address;
    if (host.find(':') != std::string::npos) {
        host = "[" + host + "]";
    }
    return fmt::format("{}://{}:{}", scheme, host, port);
}

bool is_loopback(const std::string& address) {
    return address.starts_with("127.") || address == "::1";
}

/// A connection is an open file, and shells allow 1,024 unless a program asks for what it may have.
void allow_many_connections() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// For other commands on this machine, and for nobody else: mode 0600.
void write_line(const std::filesystem::path& file, const std::string& line) {
    ::unlink(file.c_str());
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const std::string text = line + "\n";
    const bool written =
        fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (fd >= 0) {
        ::close(fd);
    }
    if (!written) {
        log_warn("not written; other commands will not find the server", {{"file", file.string()}});
    }
}

Result<Json> settings_json(const std::filesystem::path& file) {
    return Json{
        {"settings", TRY(editable_settings(file))}, {"toml", TRY(settings_file_text(file))}
    };
}

/// They count from the next start on: what runs was made from the old ones.
Result<Json> change_settings(const std::filesystem::path& file, const Json& changes, bool check) {
    const std::string before = TRY(settings_file_text(file));
    const std::string text = TRY(edited_text(file, changes));
    if (!check) {
        TRY(write_settings(file, before, text));
    }
    return Json{
        {"before", before}, {"toml", text}, {"written", !check}, {"from", "the next start"}
    };
}

}  // namespace

std::optional<http::TlsPlan> tls_plan(const std::filesystem::path& dir, const Settings& settings) {
    if (settings.tls_key.empty()) {
        return {};
    }
    return http::TlsPlan{dir / settings.tls_certificate, dir / settings.tls_key};
}

gateway::V1Rooms v1_rooms(Project& project) {
    return {
        .labeling = project.labeling(),
        .datasets = project.datasets(),
        .release = project.release(),
        .serving = project.serving(),
        .conductor = project.conductor(),
        .vault = project.vault(),
        .clock = project.clock(),
        .records = gateway::V1Records(project.ledger()),
        .captured =
            [&project] {
                const auto counters = project.capture().counters();
                const auto settled = counters.captured + counters.sampled_away + counters.dropped;
                return gateway::CapturedCounts{
                    .rows = static_cast<std::int64_t>(counters.recorded),
                    .feedback = static_cast<std::int64_t>(counters.feedback_accepted),
                    .dropped = static_cast<std::int64_t>(counters.dropped),
                    .waiting = static_cast<std::int64_t>(
                        counters.recorded > settled ? counters.recorded - settled : 0
                    ),
                    .failure = counters.failure,
                };
            },
        .keys = std::make_shared<gateway::Keys>(Writer<ApiKey>(project.ledger()), project.clock()),
        .audit = &project.audit(),
        .capture = &project.capture(),
        .evaluation = &project.evaluation(),
        .neighbourhood = &project.neighbourhood(),
        .compression = &project.compression(),
        .engines = &project.engines(),
        .erase = [&project](const std::string& subject) { return erase_subject(project, subject); },
        .truth = [&project](const Json& wanted) { return write_truth_table(project, wanted); },
        .import_rows = [&project](const gateway::RowUpload& upload
                       ) { return take_upload(project, upload); },
        .settings = [&project] { return settings_json(project.dir() / "flywheel.toml"); },
        .change_settings =
            [&project](const Json& changes, bool check) {
                return change_settings(project.dir() / "flywheel.toml", changes, check);
            },
        .guideline = project.dir() / "guideline.md",
        .wake_loop = {},
    };
}

Server::Server(Project& project, Options options)
    : project_(project),
      options_(std::move(options)),
      local_key_("fwk_" + random_secret(32)),
      access_(
          {.open_read = options_.open_read, .hosts = options_.hosts, .refusals = &refusals_},
          project.clock(),
          local_key_
      ),
      gateway_(options_.limits) {}

void Server::add_routes() {
    gateway_.keep_audit(project_.audit());
    gateway::add_v2_routes(
        gateway_,
        {&project_.serving(),
         std::string(kVersion),
         std::make_shared<const gateway::RepositoryRooms>(gateway::RepositoryRooms{
             project_.compression(), project_.release(), project_.clock(), project_.engines()
         }),
         options_.triton_names}
    );
    gateway::add_capture_routes(
        gateway_,
        {.serving = &project_.serving(),
         .feedback = &project_.capture(),
         .captured = &project_.capture(),
         .clock = &project_.clock(),
         .access = &access_,
         .refusals = &refusals_}
    );
    gateway::add_capture_metrics(gateway_, [this] {
        CaptureCounters counters = project_.capture().counters();
        counters.coverage = coverage_.last();
        return counters;
    });
    gateway::V1Rooms rooms = v1_rooms(project_);
    rooms.access = &access_;
    rooms.refusals = &refusals_;
    rooms.wake_loop = [this] { wake_loop(); };
    news_ = std::make_unique<gateway::News>([seen = gateway::V1Rooms(rooms)] {
        return gateway::marks_of(seen);
    });
    rooms.news = news_.get();
    gateway::add_v1_routes(gateway_, rooms);
    gateway::add_page(gateway_);
    gateway_.add_metrics([this](gateway::MetricsPage& page) { access_.append_metrics(page); });
}

Result<void> Server::open_access_log() {
    if (!options_.access_log) {
        return {};
    }
    access_log_ = TRY(trail::AccessLog::open(*options_.access_log, project_.clock()));
    gateway_.add_observer(*access_log_);
    gateway_.add_metrics([this](gateway::MetricsPage& page) {
        const trail::AccessLogCounts counts = access_log_->counts();
        page.family("fw_access_log_lines_total", "counter", "Lines of the access log, by fate.");
        for (const auto& [fate, lines] :
             {std::pair("written", counts.written),
              std::pair("dropped_buffer", counts.dropped_buffer),
              std::pair("dropped_disk", counts.dropped_disk)}) {
            page.sample("fw_access_log_lines_total", {{"fate", fate}}, static_cast<double>(lines));
        }
    });
    return {};
}

/// Whoever can reach the server from elsewhere must show a key.
Result<void> Server::check_address() const {
    if (access_.guarded() || is_loopback(options_.address)) {
        return {};
    }
    return invalid_argument(fmt::format(
        "Listening on {} without any key would let everybody in; make one with `flywheel key add "
        "NAME --roles infer`, or listen on 127.0.0.1",
        options_.address
    ));
}

Result<std::unique_ptr<Server>> Server::start(Project& project, Options options) {
    auto server = std::make_unique<Server>(project, std::move(options));
    server->access_.refresh(TRY(Reader<ApiKey>(project.ledger()).select()));
    TRY(server->check_address());
    TRY(project.audit().settings_read("local", TRY(sha256_of_file(project.dir() / "flywheel.toml")))
    );
    server->add_routes();
    TRY(server->open_access_log());
    allow_many_connections();
    http::HttpServerPlan plan;
    plan.address = server->options_.address;
    plan.port = server->options_.port;
    plan.threads = server->options_.threads;
    plan.guard = &server->access_;
    plan.tls = server->options_.tls;
    plan.max_connections = server->options_.max_connections;
    plan.head = server->options_.head;
    plan.max_chunks = server->options_.max_chunks;
    plan.time_outs = server->options_.time_outs;
    TRY(server->gateway_.start(std::move(plan)));
    project.serving().start();
    loop::Pace pace;
    pace.opens_turns = server->options_.opens_turns;
    server->background_ =
        std::make_unique<loop::Background>(project.conductor(), project.clock(), pace);
    server->loop_ = server->background_.get();
    server->roller_ = std::make_unique<RowRoller>(project, server->coverage_);
    server->clerk_ = std::make_unique<gateway::Clerk>(
        gateway::ClerkDoors{
            server->access_,
            gateway::Keys(Writer<ApiKey>(project.ledger()), project.clock()),
            project.audit(),
            server->refusals_
        },
        gateway::Clerk::Plan{}
    );
    write_line(project.dir() / kKeyFile, server->local_key_);
    write_line(project.dir() / kUrlFile, server->url());
    return server;
}

Server::~Server() {
    stop();
}

void Server::announce_stop() {
    gateway_.announce_stop();
}

void Server::stop() {
    if (stopped_) {
        return;
    }
    stopped_ = true;
    const bool listened = background_ != nullptr;
    if (news_) {
        news_->stop();  // its streams would be in flight for ever
    }
    gateway_.stop(kFinishWithin);
    loop_ = nullptr;
    background_.reset();
    project_.serving().stop();
    if (auto flushed = project_.capture().flush(); !flushed) {
        log_error("captured rows not flushed", {{"error", flushed.error().message}});
    }
    roller_.reset();
    clerk_.reset();
    if (access_log_) {
        access_log_->flush();
    }
    std::error_code ignored;
    if (listened) {
        std::filesystem::remove(project_.dir() / kUrlFile, ignored);
        std::filesystem::remove(project_.dir() / kKeyFile, ignored);
    }
}

void Server::hurry() {
    gateway_.hurry();
}

void Server::reopen_logs() {
    if (access_log_) {
        access_log_->reopen();
    }
}

void Server::wake_loop() {
    if (loop::Background* loop = loop_) {
        loop->wake();
    }
}

std::uint16_t Server::port() const {
    return gateway_.port();
}

std::string Server::url() const {
    return url_of(options_.tls ? "https" : "http", options_.address, port());
}

RunningServer running_server(const std::filesystem::path& dir, const Settings& settings) {
    const auto tls = tls_plan(dir, settings);
    RunningServer found{
        url_of(tls ? "https" : "http", settings.address, settings.port),
        "",
        tls ? tls->certificate : std::filesystem::path()
    };
    std::ifstream url(dir / kUrlFile);
    std::string line;
    if (std::getline(url, line) && line.starts_with("http")) {
        found.url = line;
    }
    std::ifstream key(dir / kKeyFile);
    std::getline(key, found.key);
    return found;
}

}  // namespace flywheel::app
