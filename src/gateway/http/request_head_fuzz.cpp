// SPDX-License-Identifier: Apache-2.0
// Heads of requests: read in pieces as in one, and a head that is accepted can be read in one way
// only. libFuzzer.

#include <algorithm>

#include "fuzz_input.h"
#include "gateway/http/request_head.h"

namespace flywheel::http {
namespace {

/// As a connection does, with more bytes each time.
std::optional<Refusal> find_in_pieces(
    std::string_view bytes, std::size_t piece, HeadSearch& search
) {
    for (std::size_t here = piece; search.end == 0; here += piece) {
        if (auto refused = find_head_end(bytes.substr(0, here), search)) {
            return refused;
        }
        if (here >= bytes.size()) {
            break;
        }
    }
    return {};
}

void check_accepted(const RequestHead& head, std::string_view bytes) {
    CHECK(head.path == "/" || testing::is_within(head.path, bytes));
    CHECK(head.path.starts_with('/'));
    CHECK(testing::is_within(head.query, bytes));
    CHECK(head.fields.size() <= kMaxHeaderFields);
    std::size_t lengths = 0;
    for (const HeaderField& field : head.fields) {
        CHECK(testing::is_within(field.name, bytes) && !field.name.empty());
        CHECK(field.name.find_first_of(" \t:\r\n") == std::string_view::npos);
        CHECK(testing::is_within(field.value, bytes));
        CHECK(field.value.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos);
        lengths += same_token(field.name, "Content-Length") ? 1 : 0;
    }
    CHECK(lengths <= 1 && (lengths == 1) == head.has_content_length);
    CHECK(!head.chunked || !head.has_content_length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    flywheel::testing::FuzzInput input(data, size);
    const std::size_t piece = 1 + input.choose(32);
    const std::string_view bytes = input.rest();
    HeadSearch whole;
    const auto refused = find_head_end(bytes, whole);
    HeadSearch pieces;
    const auto refused_in_pieces = find_in_pieces(bytes, piece, pieces);
    CHECK(whole.end <= std::min(bytes.size(), kMaxHeadBytes));
    if (!refused) {
        CHECK(!refused_in_pieces && pieces.end == whole.end);
    }
    if (refused || whole.end == 0) {
        return 0;
    }
    const std::string_view text = bytes.substr(0, whole.end);
    RequestHead head;
    if (!parse_head(text, head)) {
        check_accepted(head, text);
    }
    return 0;
}

}  // namespace flywheel::http
