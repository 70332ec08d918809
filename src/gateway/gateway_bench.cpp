// SPDX-License-Identifier: Apache-2.0
// The request path as a whole, over loopback: connections with one request under way each, against
// one server thread. Bars: infer of one text p50 <= 300 us alone, >= 40,000 requests a server
// core-second at 64 connections; 384 floats in and 10 out >= 35,000 as JSON and
// >= 60,000 in binary form; 16 in and 7 out <= 20 us and p99 <= 2 ms. The server's CPU is that of
// its own threads; the client runs on another core.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "bare_server.h"
#include "base/log.h"
#include "gateway/infer/infer_answer.h"
#include "gateway/v2_routes.h"
#include "load_peers.h"
#include "raw_client.h"
#include "serving_world.h"

namespace flywheel::gateway {
namespace {

/// Answers like the linear engine: 7 classes, 128 dimensions, about 5 us of arithmetic.
class BusyModel final : public Model {
  public:
    [[nodiscard]] std::int32_t classes() const override { return 7; }

    [[nodiscard]] std::int32_t embedding_size() const override { return 128; }

    [[nodiscard]] std::size_t memory_bytes() const override { return 0; }

    void predict(std::string_view text, std::span<float> scores, std::span<float> embedding)
        const override {
        const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(5);
        std::fill(scores.begin(), scores.end(), 0.1F);
        scores[text.size() % 7] = 0.4F;
        std::fill(embedding.begin(), embedding.end(), 0.088388F);
        while (std::chrono::steady_clock::now() < until) {
        }
    }
};

/// Floats in, fewer floats out, next to no arithmetic: what is measured is the protocol.
class ScaledFloats final : public TensorModel {
  public:
    ScaledFloats(std::int64_t in, std::int64_t out)
        : in_(static_cast<std::size_t>(in)), out_(static_cast<std::size_t>(out)) {
        signature_.inputs = {{"x", DataType::Fp32, {-1, in}}};
        signature_.outputs = {{"y", DataType::Fp32, {-1, out}}};
    }

    [[nodiscard]] std::size_t memory_bytes() const override { return 0; }

    [[nodiscard]] const Signature& signature() const override { return signature_; }

    [[nodiscard]] bool runs_at_once() const override { return true; }

    Result<std::vector<Tensor>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> /*wanted*/
    ) const override {
        std::vector<Tensor> outputs(1);
        outputs[0].shape = {inputs[0].shape[0], static_cast<std::int64_t>(out_)};
        const auto rows = static_cast<std::size_t>(inputs[0].shape[0]);
        const auto bytes = outputs[0].bytes.resize(rows * out_ * sizeof(float));
        const std::span<const float> values = inputs[0].as<float>();
        for (std::size_t i = 0; i < rows * out_; ++i) {
            const float value = values[i / out_ * in_ + i % out_] * 0.3F;
            std::memcpy(bytes.data() + i * sizeof(float), &value, sizeof(value));
        }
        return outputs;
    }

  private:
    std::size_t in_;
    std::size_t out_;
    Signature signature_;
};

class BusyEngine final : public testing::HandEngine {
  public:
    Result<std::shared_ptr<const Model>> load(std::string_view artefact) const override {
        if (artefact == "384 to 10") {
            return std::shared_ptr<const Model>(std::make_shared<ScaledFloats>(384, 10));
        }
        if (artefact == "16 to 7") {
            return std::shared_ptr<const Model>(std::make_shared<ScaledFloats>(16, 7));
        }
        return std::shared_ptr<const Model>(std::make_shared<BusyModel>());
    }
};

/// Takes the row and lets it go: what capture costs the request thread at the least.
class DroppingRecorder final : public Recorder {
  public:
    void record(Prediction&& row) override {
        const Prediction taken = std::move(row);
        benchmark::DoNotOptimize(taken.label);
    }
};

struct World {
    testing::PlainLedger ledger;
    testing::MemoryVault vault;
    BusyEngine engine;
    DroppingRecorder recorder;
    SystemClock clock;
    Rng rng{1};
    serving::Serving serving{
        Reader<Rollout>(ledger),
        Reader<ModelVersion>(ledger),
        Reader<Correction>(ledger),
        vault,
        engine,
        recorder,
        clock
    };
    Gateway gateway;

    World() {
        serve("m", "any", {"IT", "economy", "society", "culture", "world", "sports", "politics"});
        serve("f", "384 to 10", {});
        serve("s", "16 to 7", {});
        CHECK(serving.refresh_all().has_value());
        add_v2_routes(gateway, {&serving, "bench"});
        CHECK(gateway.start({.port = 0, .threads = 1, .time_outs = {}}).has_value());
    }

    void serve(std::string model, std::string_view artefact, std::vector<std::string> labels) {
        ModelVersion version;
        version.id = Id<ModelVersion>::random(clock.now(), rng);
        version.model = std::move(model);
        version.number = 1;
        version.engine = "hand";
        version.artefact = *vault.put(artefact);
        version.labels = std::move(labels);
        Rollout rollout;
        rollout.id = Id<Rollout>::random(clock.now(), rng);
        rollout.model = version.model;
        rollout.to_version = 1;
        CHECK(Writer<ModelVersion>(ledger).insert(version).has_value());
        CHECK(Writer<Rollout>(ledger).insert(rollout).has_value());
    }
};

/// As many connections as the state says against the server at `port`.
void measure_at(benchmark::State& state, std::uint16_t port, const std::string& request) {
    std::vector<std::int64_t> nanos;
    constexpr std::size_t kRequests = 50'000;
    std::uint64_t cpu = 0;
    for (auto _ : state) {
        testing::LoadPeers peers(port, static_cast<int>(state.range(0)), request);
        const std::uint64_t before = testing::thread_cpu_nanos("fw-http");
        peers.run(kRequests);
        CHECK(peers.refused().empty());
        nanos.insert(nanos.end(), peers.answered().begin(), peers.answered().end());
        cpu += testing::thread_cpu_nanos("fw-http") - before;
    }
    std::sort(nanos.begin(), nanos.end());
    const auto count = static_cast<double>(nanos.size());
    state.counters["p50_us"] = static_cast<double>(nanos[nanos.size() / 2]) * 1e-3;
    state.counters["p99_us"] = static_cast<double>(nanos[nanos.size() * 99 / 100]) * 1e-3;
    state.counters["server_cpu_us"] = static_cast<double>(cpu) * 1e-3 / count;
    state.counters["per_core_second"] = count / (static_cast<double>(cpu) * 1e-9);
    state.counters["requests_per_s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
}

void measure(benchmark::State& state, const std::string& request) {
    set_log_level(LogLevel::Off);
    World world;
    measure_at(state, world.gateway.port(), request);
}

void health(benchmark::State& state) {
    measure(state, testing::get_request("/v2/health/live"));
}

void infer_one_text(benchmark::State& state) {
    measure(
        state,
        testing::post_request(
            "/v2/models/m/infer",
            R"({"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["유튜브 내달 2일까지 크리에이터 지원 공간 운영"]}]})",
            "Content-Type: application/json\r\n"
        )
    );
}

std::vector<float> floats(std::size_t count) {
    std::vector<float> values;
    Rng rng(4);
    for (std::size_t i = 0; i < count; ++i) {
        values.push_back(static_cast<float>(rng.normal()));
    }
    return values;
}

std::string json_request(const std::string& model, std::size_t count) {
    std::string body = R"({"inputs":[{"name":"x","shape":[1,)" + std::to_string(count) +
                       R"(],"datatype":"FP32","data":[)";
    for (const float value : floats(count)) {
        append_float(body, value);
        body += ',';
    }
    body.back() = ']';
    return testing::post_request("/v2/models/" + model + "/infer", body + "}]}");
}

/// 384 floats as JSON, 10 back as JSON.
void infer_floats_json(benchmark::State& state) {
    measure(state, json_request("f", 384));
}

/// 16 floats as JSON, 7 back as JSON.
void infer_sixteen_json(benchmark::State& state) {
    measure(state, json_request("s", 16));
}

std::string binary_request() {
    const std::string head =
        R"({"inputs":[{"name":"x","shape":[1,384],"datatype":"FP32","parameters":{"binary_data_size":1536}}],"parameters":{"binary_data_output":true}})";
    const std::vector<float> values = floats(384);
    const std::string body =
        head + std::string(reinterpret_cast<const char*>(values.data()), 384 * sizeof(float));
    return testing::post_request(
        "/v2/models/f/infer",
        body,
        "Inference-Header-Content-Length: " + std::to_string(head.size()) + "\r\n"
    );
}

/// The same in binary form, both ways.
void infer_floats_binary(benchmark::State& state) {
    measure(state, binary_request());
}

/// What the machine takes for it: a server that only receives and sends as many bytes.
void measure_bare(benchmark::State& state, const std::string& request, std::size_t body) {
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body) +
                               "\r\n\r\n" + std::string(body, 'x');
    const testing::BareServer server(request.size(), answer);
    measure_at(state, server.port(), request);
}

void bare_health(benchmark::State& state) {
    measure_bare(state, testing::get_request("/v2/health/live"), 13);
}

void bare_floats_json(benchmark::State& state) {
    measure_bare(state, json_request("f", 384), 400);
}

void bare_sixteen_json(benchmark::State& state) {
    measure_bare(state, json_request("s", 16), 370);
}

void bare_floats_binary(benchmark::State& state) {
    measure_bare(state, binary_request(), 400);
}

BENCHMARK(health)->Arg(1)->Arg(64)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(infer_one_text)
    ->Arg(1)
    ->Arg(64)
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

BENCHMARK(infer_sixteen_json)->Arg(64)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(infer_floats_json)->Arg(64)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(bare_health)->Arg(64)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(bare_floats_json)->Arg(64)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(bare_sixteen_json)->Arg(64)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(bare_floats_binary)->Arg(64)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(infer_floats_binary)
    ->Arg(64)
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flywheel::gateway

BENCHMARK_MAIN();
