#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the server counts about requests, and the /metrics page (Prometheus text 0.0.4). Counting
// takes no lock: each thread has a shard of its own; a scrape adds the shards up.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/http_server.h"
#include "gateway/http/router.h"

namespace flywheel::gateway {

/// Upper bounds of latency histograms, seconds.
constexpr std::array<double, 16> kSecondsBounds = {
    .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10
};

/// Writes lines of the text format. Several parts of the program may add to one family: it stands
/// on the page once, as the format demands.
class MetricsPage {
  public:
    /// "# HELP" and "# TYPE" of the family that follows. `type` is counter, gauge or histogram.
    void family(std::string_view name, std::string_view type, std::string_view help);
    /// One line. `labels` as {{"code","200"}}.
    void sample(
        std::string_view name,
        std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
        double value
    );

    /// The lines of one histogram: counts by bucket, not cumulated, one more than `bounds` has.
    void histogram(
        std::string_view name,
        std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
        std::span<const double> bounds,
        std::span<const std::int64_t> counts,
        double sum
    );

    [[nodiscard]] std::string text() const;

  private:
    using Label = std::pair<std::string_view, std::string_view>;

    void line(std::string_view name, std::span<const Label> labels, double value);

    struct Family {
        std::string name;
        std::string lines;
    };

    std::vector<Family> families_;
    std::size_t current_ = 0;  // in families_
};

/// Adds families of another part of the program to the page. Called at each scrape, on a server
/// thread.
using MetricsSource = std::function<void(MetricsPage&)>;

class Metrics final : public http::HttpObserver {
  public:
    Metrics() = default;

    /// Call once, when all routes are there and before the server starts.
    void prepare(const http::Router& router);
    /// Call before the server starts.
    void add_source(MetricsSource source);

    void answered(const http::HttpTrace& trace) override;

    [[nodiscard]] std::string page() const;

  private:
    static constexpr std::size_t kShards = 16;
    static constexpr std::size_t kCodes = 24;

    /// Counts of one route on some threads.
    struct RouteCounts {
        std::array<std::atomic<std::uint64_t>, kCodes> by_code{};
        std::array<std::atomic<std::uint64_t>, kSecondsBounds.size() + 1> by_duration{};
        std::atomic<std::uint64_t> nanos = 0;
    };

    struct alignas(64) Shard {
        std::unique_ptr<RouteCounts[]>
            routes;  // one a route, one more for requests without a route
    };

    [[nodiscard]] std::uint64_t total(
        std::size_t route, const std::function<std::uint64_t(const RouteCounts&)>& pick
    ) const;
    void append_requests(MetricsPage& page) const;
    void append_durations(MetricsPage& page) const;

    std::vector<std::string> names_;  // of routes, then "none"
    std::array<Shard, kShards> shards_;
    std::vector<MetricsSource> sources_;
};

/// CPU seconds and resident bytes of this process.
void append_process_metrics(MetricsPage& page);

}  // namespace flywheel::gateway
