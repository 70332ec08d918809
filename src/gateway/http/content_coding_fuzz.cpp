// SPDX-License-Identifier: Apache-2.0
// Compressed bodies: any bytes are inflated within the limit or refused, what was compressed comes
// back, and Accept-Encoding is understood or not. libFuzzer.

#include "fuzz_input.h"
#include "gateway/http/content_coding.h"

namespace flywheel::http {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint64_t kLimit = 1 << 20;
    flywheel::testing::FuzzInput input(data, size);
    const Coding coding = input.choose(2) == 0 ? Coding::Gzip : Coding::Deflate;
    const std::string_view bytes = input.rest();
    std::string out;
    const auto refused = inflate_body(coding, bytes, kLimit, out);
    CHECK(!refused || refused->status == 400 || refused->status == 413);
    CHECK(out.size() <= kLimit + 1 && (refused || out.size() <= kLimit));
    CHECK(out.capacity() <= 2 * kLimit);
    std::string compressed;
    deflate_body(coding, bytes, compressed);
    CHECK(!inflate_body(coding, compressed, kLimit, out) && out == bytes);
    const Coding chosen = choose_coding(bytes);
    CHECK(chosen == Coding::Identity || bytes.size() > 0);
    static_cast<void>(coding_named(bytes));
    return 0;
}

}  // namespace flywheel::http
