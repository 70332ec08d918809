#pragma once
// SPDX-License-Identifier: Apache-2.0
// Compressed bodies: gzip, and deflate in its zlib wrapper (RFC 1950). A body that grows over its
// limit while it is inflated is refused before it does. Called by routes that take or give large
// bodies; pure functions, any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/request_head.h"

namespace flywheel::http {

enum class Coding { Identity, Gzip, Deflate };

[[nodiscard]] std::string_view name_of(Coding coding);

/// Of a Content-Encoding field; nothing for one that is not supported, lists included.
[[nodiscard]] std::optional<Coding> coding_named(std::string_view value);

/// What an Accept-Encoding field prefers (q-values; gzip before deflate); Identity without one.
[[nodiscard]] Coding choose_coding(std::string_view accepted);

/// Replaces `out` by the inflated bytes. Refuses what is damaged, cut off or followed by other
/// bytes (400), and what is over `limit` bytes (413). `coding` is not Identity.
[[nodiscard]] std::optional<Refusal> inflate_body(
    Coding coding, std::string_view bytes, std::uint64_t limit, std::string& out
);

/// Replaces `out` by the compressed bytes. `coding` is not Identity.
void deflate_body(Coding coding, std::string_view bytes, std::string& out);

}  // namespace flywheel::http
