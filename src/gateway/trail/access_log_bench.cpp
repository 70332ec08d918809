// SPDX-License-Identifier: Apache-2.0
// What a request thread pays for its line in the access log. Bar: <= 0.5 us.
#include <benchmark/benchmark.h>

#include "gateway/trail/access_log.h"
#include "temp_folder.h"

namespace flywheel::trail {
namespace {

void answer_one(benchmark::State& state) {
    testing::TempFolder folder;
    const SystemClock clock;
    http::Route route{.method = http::Method::Post, .pattern = "/x", .name = "infer", .run = {}};
    const std::array<http::HeaderField, 6> fields = {{
        {"Host", "127.0.0.1:8000"},
        {"User-Agent", "bench"},
        {"Accept", "*/*"},
        {"Content-Type", "application/json"},
        {"Content-Length", "4096"},
        {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    }};
    http::HttpRequest request;
    request.method = http::Method::Post;
    request.headers = fields;
    request.parameters[0] = {"model", "news"};
    request.caller = "shop";
    const http::AnswerNotes notes{
        "019b0000-0000-7000-8000-000000000000",
        "stable",
        3,
        1,
        std::chrono::microseconds(4),
        std::chrono::microseconds(7)
    };
    const auto log = AccessLog::open(
                         {.file = {.path = folder.path() / "access.jsonl"},
                          .buffer_bytes = static_cast<std::size_t>(state.range(0))},
                         clock
    )
                         .value();
    for (auto _ : state) {
        log->answered(
            {.route = &route,
             .status = 200,
             .duration = std::chrono::microseconds(50),
             .request = &request,
             .notes = &notes,
             .remote = "127.0.0.1",
             .bytes_in = 4096,
             .bytes_out = 300}
        );
    }
    const AccessLogCounts counts = log->counts();
    state.counters["dropped_share"] =
        static_cast<double>(counts.dropped_buffer) / static_cast<double>(state.iterations());
}

// The second takes so many that none is dropped: the whole price of a line.
BENCHMARK(answer_one)->Arg(256 * 1024)->Arg(1024 * 1024 * 1024)->Iterations(500'000);

}  // namespace
}  // namespace flywheel::trail

BENCHMARK_MAIN();
