// SPDX-License-Identifier: Apache-2.0
// Bodies in chunks: whatever the pieces in which they arrive, the same bytes or the same refusal
// come out, and never more than the limit. libFuzzer.

#include "fuzz_input.h"
#include "gateway/http/chunked_body.h"

namespace flywheel::http {
namespace {

struct Outcome {
    int refused = 0;  // its status; 0 = not refused
    std::size_t used = 0;
    bool done = false;
    std::string body;

    bool operator==(const Outcome&) const = default;
};

/// As a connection does: what was not used comes again, with more behind it.
Outcome read(std::string_view bytes, std::size_t piece, std::uint64_t limit) {
    ChunkedBody chunks;
    chunks.begin(limit);
    Outcome outcome;
    std::size_t here = 0;
    while (!outcome.done && outcome.refused == 0 && here < bytes.size()) {
        here = std::min(here + piece, bytes.size());
        std::size_t used = 0;
        const auto refused = chunks.feed(bytes.substr(outcome.used, here - outcome.used), used);
        CHECK(used <= here - outcome.used && chunks.body().size() <= limit);
        outcome.used += used;
        outcome.refused = refused ? refused->status : 0;
        outcome.done = chunks.done();
    }
    outcome.body = chunks.body();
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    flywheel::testing::FuzzInput input(data, size);
    const std::size_t piece = 1 + input.choose(16);
    const std::uint64_t limit = input.choose(2) == 0 ? 64 : 1 << 20;
    auto whole = read(input.rest(), input.rest().size(), limit);
    auto pieces = read(input.rest(), piece, limit);
    if (whole.refused != 0) {
        // What stood before the fault may have been taken in other steps.
        CHECK(pieces.refused == whole.refused);
        return 0;
    }
    CHECK(pieces == whole);
    return 0;
}

}  // namespace flywheel::http
