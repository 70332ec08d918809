// SPDX-License-Identifier: Apache-2.0
#include "gateway/metrics.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"

namespace flywheel::gateway {

namespace {

/// Codes that are counted by themselves; others count as the last one, 0.
constexpr std::array<int, 24> kCounted = {200, 201, 202, 204, 302, 304, 400, 401,
                                          403, 404, 405, 408, 409, 413, 415, 417,
                                          422, 429, 431, 499, 500, 501, 503, 0};

std::size_t code_slot(int status) {
    const auto* found = std::find(kCounted.begin(), kCounted.end() - 1, status);
    return static_cast<std::size_t>(found - kCounted.begin());
}

/// Threads take shards in turn; two threads may share one, which costs time and loses no count.
std::size_t this_shard(std::size_t shards) {
    static std::atomic<std::size_t> next = 0;
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
    return mine % shards;
}

}  // namespace

void MetricsPage::family(std::string_view name, std::string_view type, std::string_view help) {
    const auto known = std::find_if(families_.begin(), families_.end(), [&](const Family& one) {
        return one.name == name;
    });
    current_ = static_cast<std::size_t>(known - families_.begin());
    if (known == families_.end()) {
        families_.push_back(
            {std::string(name), fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help)}
        );
    }
}

std::string MetricsPage::text() const {
    std::string all;
    for (const Family& family : families_) {
        all += family.lines;
    }
    return all;
}

void MetricsPage::sample(
    std::string_view name,
    std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
    double value
) {
    line(name, {labels.begin(), labels.size()}, value);
}

void MetricsPage::histogram(
    std::string_view name,
    std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
    std::span<const double> bounds,
    std::span<const std::int64_t> counts,
    double sum
) {
    CHECK(counts.size() == bounds.size() + 1);
    std::vector<Label> all(labels.begin(), labels.end());
    const std::string text(name);
    std::int64_t below = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        below += counts[i];
        const std::string bound = i < bounds.size() ? fmt::format("{}", bounds[i]) : "+Inf";
        all.emplace_back("le", bound);
        line(text + "_bucket", all, static_cast<double>(below));
        all.pop_back();
    }
    line(text + "_sum", all, sum);
    line(text + "_count", all, static_cast<double>(below));
}

void MetricsPage::line(std::string_view name, std::span<const Label> labels, double value) {
    std::string& out = families_.at(current_).lines;
    out += name;
    char before = '{';
    for (const auto& [label, text] : labels) {
        out += before;
        out += label;
        out += "=\"";
        for (const char c : text) {
            out += c == '\\' || c == '"' ? "\\" : "";
            out += c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1);
        }
        out += '"';
        before = ',';
    }
    out += labels.empty() ? " " : "} ";
    fmt::format_to(std::back_inserter(out), "{}\n", value);
}

void Metrics::prepare(const http::Router& router) {
    CHECK(names_.empty());
    for (const auto& route : router.routes()) {
        names_.push_back(route->name);
    }
    names_.emplace_back("none");
    for (Shard& shard : shards_) {
        shard.routes = std::make_unique<RouteCounts[]>(names_.size());
    }
}

void Metrics::add_source(MetricsSource source) {
    sources_.push_back(std::move(source));
}

void Metrics::answered(const http::HttpTrace& trace) {
    const std::size_t route = trace.route == nullptr ? names_.size() - 1 : trace.route_index;
    RouteCounts& counts = shards_[this_shard(kShards)].routes[route];
    const double seconds = std::chrono::duration<double>(trace.duration).count();
    const auto* bound = std::lower_bound(kSecondsBounds.begin(), kSecondsBounds.end(), seconds);
    const auto bucket = static_cast<std::size_t>(bound - kSecondsBounds.begin());
    counts.by_code[code_slot(trace.status)].fetch_add(1, std::memory_order_relaxed);
    counts.by_duration[bucket].fetch_add(1, std::memory_order_relaxed);
    counts.nanos.fetch_add(
        static_cast<std::uint64_t>(trace.duration.count()), std::memory_order_relaxed
    );
}

std::uint64_t Metrics::total(
    std::size_t route, const std::function<std::uint64_t(const RouteCounts&)>& pick
) const {
    std::uint64_t sum = 0;
    for (const Shard& shard : shards_) {
        sum += pick(shard.routes[route]);
    }
    return sum;
}

void Metrics::append_requests(MetricsPage& page) const {
    page.family("fw_requests_total", "counter", "Answered requests by route and status code.");
    for (std::size_t route = 0; route < names_.size(); ++route) {
        for (std::size_t slot = 0; slot < kCodes; ++slot) {
            const std::uint64_t count = total(route, [&](const RouteCounts& counts) {
                return counts.by_code[slot].load(std::memory_order_relaxed);
            });
            if (count > 0) {
                const std::string code =
                    kCounted[slot] == 0 ? "other" : std::to_string(kCounted[slot]);
                page.sample(
                    "fw_requests_total",
                    {{"route", names_[route]}, {"code", code}},
                    static_cast<double>(count)
                );
            }
        }
    }
}

void Metrics::append_durations(MetricsPage& page) const {
    page.family(
        "fw_http_request_seconds",
        "histogram",
        "From the last byte read to the answer written, by route of the server."
    );
    for (std::size_t route = 0; route < names_.size(); ++route) {
        std::array<std::int64_t, kSecondsBounds.size() + 1> counts{};
        std::int64_t all = 0;
        for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) {
            counts[bucket] = static_cast<std::int64_t>(total(route, [&](const RouteCounts& one) {
                return one.by_duration[bucket].load(std::memory_order_relaxed);
            }));
            all += counts[bucket];
        }
        if (all == 0) {
            continue;
        }
        const std::uint64_t nanos = total(route, [](const RouteCounts& one) {
            return one.nanos.load(std::memory_order_relaxed);
        });
        page.histogram(
            "fw_http_request_seconds",
            {{"route", names_[route]}},
            kSecondsBounds,
            counts,
            static_cast<double>(nanos) * 1e-9
        );
    }
}

std::string Metrics::page() const {
    MetricsPage page;
    append_requests(page);
    append_durations(page);
    for (const MetricsSource& source : sources_) {
        source(page);
    }
    append_process_metrics(page);
    return page.text();
}

void append_process_metrics(MetricsPage& page) {
    page.family("process_cpu_seconds_total", "counter", "User and system CPU seconds.");
    page.sample("process_cpu_seconds_total", {}, process_cpu_seconds());
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    if (file >> pages >> resident) {
        page.family("process_resident_memory_bytes", "gauge", "Resident memory.");
        page.sample(
            "process_resident_memory_bytes",
            {},
            static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE))
        );
    }
}

}  // namespace flywheel::gateway
