// SPDX-License-Identifier: Apache-2.0
#include "app/captured/trace_scan.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include <fmt/format.h>

namespace flywheel::app {

namespace {

constexpr std::uint64_t kBase = 0x9E37'79B9'7F4A'7C15;
constexpr unsigned kMaybeBits = 20;
constexpr std::size_t kReadBytes = 1U << 20U;

std::uint64_t byte_of(char c) {
    return static_cast<unsigned char>(c) + 1U;
}

std::size_t upper_bits(std::uint64_t hash) {
    return hash >> (64U - kMaybeBits);
}

}  // namespace

TraceScan::TraceScan(std::vector<std::string> pieces, std::size_t length)
    : length_(length), maybe_(std::size_t{1} << kMaybeBits) {
    for (std::size_t i = 1; i < length_; ++i) {
        oldest_ *= kBase;
    }
    for (std::string& piece : pieces) {
        CHECK(piece.size() == length_);
        const std::uint64_t value = hash(piece);
        maybe_[upper_bits(value)] = true;
        pieces_.emplace(value, std::move(piece));
    }
}

std::uint64_t TraceScan::hash(std::string_view window) const {
    std::uint64_t value = 0;
    for (const char c : window) {
        value = value * kBase + byte_of(c);
    }
    return value;
}

bool TraceScan::is_piece(std::uint64_t hash, std::string_view window) const {
    const auto [first, last] = pieces_.equal_range(hash);
    for (auto piece = first; piece != last; ++piece) {
        if (piece->second == window) {
            return true;
        }
    }
    return false;
}

std::uint64_t TraceScan::count(std::string_view bytes) const {
    if (bytes.size() < length_ || pieces_.empty()) {
        return 0;
    }
    std::uint64_t found = 0;
    std::uint64_t value = hash(bytes.substr(0, length_));
    for (std::size_t at = 0;; ++at) {
        if (maybe_[upper_bits(value)] && is_piece(value, bytes.substr(at, length_))) {
            ++found;
        }
        if (at + length_ == bytes.size()) {
            return found;
        }
        value = (value - byte_of(bytes[at]) * oldest_) * kBase + byte_of(bytes[at + length_]);
    }
}

Result<TraceScan::FileFinding> TraceScan::look_into(const std::filesystem::path& file) const {
    std::ifstream stream(file, std::ios::binary);
    std::error_code ignored;
    if (!stream) {
        return std::filesystem::exists(file, ignored)
                   ? Result<FileFinding>(
                         make_error(Code::Unavailable, fmt::format("Cannot read {}", file.string()))
                     )
                   : FileFinding{};
    }
    FileFinding finding;
    std::string bytes;
    while (stream) {
        // The end of the last read may be the beginning of a piece.
        const std::size_t kept = std::min(bytes.size(), length_ - 1);
        bytes.erase(0, bytes.size() - kept);
        bytes.resize(kept + kReadBytes);
        stream.read(bytes.data() + kept, kReadBytes);
        const auto read = static_cast<std::size_t>(stream.gcount());
        bytes.resize(kept + read);
        finding.bytes += read;
        finding.found += count(bytes);
    }
    return finding;
}

}  // namespace flywheel::app
