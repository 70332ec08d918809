// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/chunked_body.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace flywheel::http {

void ChunkedBody::begin(std::uint64_t limit, std::size_t most_chunks) {
    stage_ = Stage::Size;
    limit_ = limit;
    left_ = 0;
    chunks_ = 0;
    most_chunks_ = most_chunks;
    trailer_bytes_ = 0;
    body_.clear();
}

std::optional<Refusal> ChunkedBody::feed(std::string_view bytes, std::size_t& used) {
    used = 0;
    while (!done() && used < bytes.size()) {
        const std::size_t before = used;
        const bool data = stage_ == Stage::Bytes;
        auto refused = data ? read_data(bytes, used) : read_line(bytes, used);
        if (refused) {
            return refused;
        }
        if (used == before) {
            break;  // a line that has not come to its end
        }
    }
    return {};
}

std::optional<Refusal> ChunkedBody::read_data(std::string_view bytes, std::size_t& used) {
    const std::size_t take = std::min<std::uint64_t>(left_, bytes.size() - used);
    body_.append(bytes, used, take);
    used += take;
    left_ -= take;
    if (left_ == 0) {
        stage_ = Stage::BytesEnd;
    }
    return {};
}

std::optional<Refusal> ChunkedBody::read_line(std::string_view bytes, std::size_t& used) {
    const std::string_view rest = bytes.substr(used);
    const std::size_t end = rest.find('\n');
    const std::size_t longest = stage_ == Stage::Trailer ? kMaxTrailerBytes : kMaxChunkLine;
    if (std::min(end, rest.size()) > longest) {
        return Refusal{
            400, fmt::format("Chunk line is longer than the limit of {} bytes", longest)
        };
    }
    if (end == std::string_view::npos) {
        return {};
    }
    if (end == 0 || rest[end - 1] != '\r') {
        return Refusal{400, "Chunk line ends with a bare LF instead of CR LF"};
    }
    used += end + 1;
    const std::string_view line = rest.substr(0, end - 1);
    if (stage_ == Stage::Size) {
        return read_size(line);
    }
    if (stage_ == Stage::BytesEnd) {
        stage_ = Stage::Size;
        return line.empty() ? std::nullopt
                            : std::optional(Refusal{400, "Chunk is longer than its size says"});
    }
    trailer_bytes_ += line.size();
    if (trailer_bytes_ > kMaxTrailerBytes) {
        return Refusal{
            431, fmt::format("Trailer is larger than the limit of {} bytes", kMaxTrailerBytes)
        };
    }
    if (line.empty()) {
        stage_ = Stage::Done;  // trailer fields before it are read and dropped
    }
    return {};
}

std::optional<Refusal> ChunkedBody::read_size(std::string_view line) {
    const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
    const std::string_view behind = line.substr(digits.size());
    const bool controls = std::any_of(behind.begin(), behind.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\t';
    });
    std::uint64_t size = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    const bool whole = error == std::errc() && stop == digits.data() + digits.size();
    if (digits.empty() || digits.size() > 16 || !whole || controls) {
        return Refusal{400, "Chunk size is not a plain hexadecimal number of at most 16 digits"};
    }
    if (!behind.empty() && behind.find(';') == std::string_view::npos) {
        return Refusal{400, "Chunk size has something behind it that is no extension"};
    }
    chunks_ += size > 0 ? 1 : 0;  // the last one only ends the body
    if (chunks_ > most_chunks_) {
        return Refusal{413, fmt::format("Body has more chunks than the limit of {}", most_chunks_)};
    }
    if (size > limit_ - std::min<std::uint64_t>(limit_, body_.size())) {
        return Refusal{413, fmt::format("Body is larger than the limit of {} bytes", limit_)};
    }
    left_ = size;
    stage_ = size == 0 ? Stage::Trailer : Stage::Bytes;
    return {};
}

}  // namespace flywheel::http
