#pragma once
// SPDX-License-Identifier: Apache-2.0
// The head of an HTTP/1.1 request, read strictly: whatever two servers could read differently
// (request smuggling) is refused, not repaired. Pure functions over bytes that have arrived; the
// connection calls them, any thread may.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/message.h"

namespace flywheel::http {

constexpr std::size_t kMaxRequestLine = 8 * 1024;
constexpr std::size_t kMaxHeadBytes = 16 * 1024;
constexpr std::size_t kMaxHeaderFields = 100;

/// How large a head may be. Over it 431; the message names the number.
struct HeadLimits {
    std::size_t request_line = kMaxRequestLine;  ///< Bytes.
    std::size_t bytes = kMaxHeadBytes;           ///< Of all of it.
    std::size_t fields = kMaxHeaderFields;
};

/// Why a request is refused; the connection answers and closes.
struct Refusal {
    int status = 400;
    std::string message;
};

/// A parsed head. Views look into the bytes it was parsed from.
struct RequestHead {
    Method method = Method::Get;
    std::string_view path;
    std::string_view query;
    std::vector<HeaderField> fields;
    std::uint64_t content_length = 0;
    bool has_content_length = false;
    bool chunked = false;
    bool keep_alive = true;
    bool version_one_one = true;  ///< False: HTTP/1.0, which knows no interim answers.
    bool expects_continue = false;

    [[nodiscard]] bool has_body() const { return chunked || content_length > 0; }

    void clear();
};

/// How far a search for the end of the head has come.
struct HeadSearch {
    std::size_t scanned = 0;  ///< Bytes looked at so far.
    std::size_t end = 0;      ///< Length of the head with its empty line; 0 = not all here yet.
};

/// Looks for the end of the head in `bytes`, going on where `search` stopped. Refuses bare LF line
/// ends and what is over the limits at once, without waiting for the rest.
[[nodiscard]] std::optional<Refusal> find_head_end(
    std::string_view bytes, HeadSearch& search, const HeadLimits& limits = {}
);

/// Reads a whole head: request line, fields, empty line.
[[nodiscard]] std::optional<Refusal> parse_head(
    std::string_view bytes, RequestHead& head, const HeadLimits& limits = {}
);

}  // namespace flywheel::http
