#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads a body sent in chunks, as its bytes arrive, and refuses what is not strictly RFC 9112. One
// object a body; used by one connection.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/request_head.h"

namespace flywheel::http {

constexpr std::size_t kMaxChunks = 65'536;
constexpr std::size_t kMaxChunkLine = 256;
constexpr std::size_t kMaxTrailerBytes = 4 * 1024;

class ChunkedBody {
  public:
    /// Begins a body of at most `limit` bytes in at most `most_chunks` chunks.
    void begin(std::uint64_t limit, std::size_t most_chunks = kMaxChunks);
    /// Takes what it can from `bytes`; `used` says how much. Call again with more until done().
    [[nodiscard]] std::optional<Refusal> feed(std::string_view bytes, std::size_t& used);

    [[nodiscard]] bool done() const { return stage_ == Stage::Done; }

    /// Gives the memory back.
    void release() { std::string().swap(body_); }

    [[nodiscard]] std::size_t capacity() const { return body_.capacity(); }

    /// The body so far; the memory stays until the next begin().
    [[nodiscard]] std::string& body() { return body_; }

  private:
    enum class Stage { Size, Bytes, BytesEnd, Trailer, Done };

    std::optional<Refusal> read_size(std::string_view line);
    std::optional<Refusal> read_line(std::string_view bytes, std::size_t& used);
    std::optional<Refusal> read_data(std::string_view bytes, std::size_t& used);

    Stage stage_ = Stage::Done;
    std::uint64_t limit_ = 0;
    std::uint64_t left_ = 0;  // of the chunk under way
    std::size_t chunks_ = 0;
    std::size_t most_chunks_ = kMaxChunks;
    std::size_t trailer_bytes_ = 0;
    std::string body_;
};

}  // namespace flywheel::http
