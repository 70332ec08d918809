// SPDX-License-Identifier: Apache-2.0
// Requests that wait for batches, over loopback: what the queue costs, and overload. The engine
// sleeps 4 ms a call of up to 64 rows, as a process of its own would take them, so it costs no CPU
// here and its capacity is known: 16,000 rows a second. Bars at three times the connections that
// fill it: throughput >= 90 % of the peak, p99 of what is answered <= 2 times that at the peak, 503
// within 5 ms.
#include <algorithm>
#include <thread>

#include <benchmark/benchmark.h>

#include "base/log.h"
#include "gateway/http/http_server.h"
#include "gateway/inference/infer_exchange.h"
#include "load_peers.h"
#include "serving_world.h"

namespace flywheel::gateway {
namespace {

constexpr auto kCallTime = std::chrono::milliseconds(4);

/// 16 floats in, 7 out.
class SleepingModel final : public TensorModel {
  public:
    explicit SleepingModel(std::chrono::microseconds time) : time_(time) {
        signature_.inputs = {{"x", DataType::Fp32, {-1, 16}}};
        signature_.outputs = {{"y", DataType::Fp32, {-1, 7}}};
    }

    [[nodiscard]] std::size_t memory_bytes() const override { return 0; }

    [[nodiscard]] const Signature& signature() const override { return signature_; }

    Result<std::vector<Tensor>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> /*wanted*/
    ) const override {
        if (time_.count() > 0) {
            std::this_thread::sleep_for(time_);
        }
        std::vector<Tensor> outputs(1);
        outputs[0].shape = {inputs[0].shape[0], 7};
        const auto rows = static_cast<std::size_t>(inputs[0].shape[0]);
        const auto bytes = outputs[0].bytes.resize(rows * 7 * sizeof(float));
        std::fill(bytes.begin(), bytes.end(), std::byte{0});
        return outputs;
    }

  private:
    std::chrono::microseconds time_;
    Signature signature_;
};

/// Takes rows and lets them go.
class DroppingRecorder final : public Recorder {
  public:
    void record(Prediction&& row) override {
        const Prediction taken = std::move(row);
        benchmark::DoNotOptimize(taken.label);
    }
};

serving::Plan plan_of(std::int64_t queue_rows) {
    serving::Plan plan;
    plan.batching.queue_rows = queue_rows;
    return plan;
}

struct World {
    testing::ServingWorld made;
    DroppingRecorder recorder;
    serving::Serving serving;
    http::Router router;
    std::unique_ptr<http::HttpServer> server;

    World(std::chrono::microseconds time, std::int64_t queue_rows)
        : serving(
              Reader<Rollout>(made.ledger),
              Reader<ModelVersion>(made.ledger),
              Reader<Correction>(made.ledger),
              made.vault,
              made.engine,
              recorder,
              made.clock,
              plan_of(queue_rows)
          ) {
        set_log_level(LogLevel::Off);
        made.engine.own = std::make_shared<SleepingModel>(time);
        made.add_version("t", 1, "own model");
        made.roll_out("t", 1);
        CHECK(serving.refresh_all().has_value());
        http::Route route;
        route.method = http::Method::Post;
        route.pattern = "/v2/models/{model}/infer";
        route.name = "infer";
        route.run = [this](const http::HttpRequest& request, http::HttpResponse& response) {
            return std::make_shared<InferExchange>()->run(serving, request, response);
        };
        router.add(std::move(route));
        http::HttpServerPlan plan;
        plan.port = 0;
        plan.threads = 1;
        server = *http::HttpServer::start(router, std::move(plan));
    }
};

std::string request() {
    std::string body = R"({"inputs":[{"name":"x","shape":[1,16],"datatype":"FP32","data":[)";
    for (int i = 0; i < 16; ++i) {
        body += i == 0 ? "0.5" : ",-1.25";
    }
    return testing::post_request("/v2/models/t/infer", body + "]}]}");
}

double at_share(std::vector<std::int64_t> nanos, double share) {
    if (nanos.empty()) {
        return 0;
    }
    std::sort(nanos.begin(), nanos.end());
    return static_cast<double>(
               nanos[static_cast<std::size_t>(static_cast<double>(nanos.size() - 1) * share)]
           ) *
           1e-6;
}

void measure(
    benchmark::State& state,
    std::chrono::microseconds time,
    std::int64_t queue_rows,
    std::size_t count
) {
    World world(time, queue_rows);
    for (auto _ : state) {
        testing::LoadPeers peers(world.server->port(), static_cast<int>(state.range(0)), request());
        const auto http = testing::thread_cpu_nanos("fw-http");
        const auto batch = testing::thread_cpu_nanos("fw-batch");
        peers.run(count);
        const auto answered = static_cast<double>(peers.answered().size());
        const auto cpu = [&](std::string_view name, std::uint64_t before) {
            return static_cast<double>(testing::thread_cpu_nanos(name) - before) * 1e-3 / answered;
        };
        state.counters["http_cpu_us"] = cpu("fw-http", http);
        state.counters["batch_cpu_us"] = cpu("fw-batch", batch);
        state.counters["answered_per_s"] =
            benchmark::Counter(answered, benchmark::Counter::kIsRate);
        state.counters["p50_ms"] = at_share(peers.answered(), 0.5);
        state.counters["p99_ms"] = at_share(peers.answered(), 0.99);
        state.counters["refused"] = static_cast<double>(peers.refused().size());
        state.counters["refused_p99_ms"] = at_share(peers.refused(), 0.99);
        const auto& counts = *world.serving.find("t", "").value()->counts;
        state.counters["rows_a_call"] =
            static_cast<double>(counts.executed_rows) / static_cast<double>(counts.executions);
    }
}

/// An engine that takes no time: what queue, threads and late answers cost a request.
void queue_alone(benchmark::State& state) {
    measure(state, std::chrono::microseconds(0), 1024, 50'000);
}

/// 64 rows run and 64 wait: the peak at 128 connections, three times that at 384.
void overload(benchmark::State& state) {
    measure(state, kCallTime, 64, 40'000);
}

BENCHMARK(queue_alone)
    ->Arg(1)
    ->Arg(64)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(overload)->Arg(128)->Arg(384)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond
);

}  // namespace
}  // namespace flywheel::gateway

BENCHMARK_MAIN();
