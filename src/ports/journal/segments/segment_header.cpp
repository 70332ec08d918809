// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/segments/segment_header.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/hash.h"

namespace flywheel {

namespace {

constexpr std::string_view kMagic = "FWSEG001";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kCheckedBytes = 56;
constexpr std::size_t kDigits = 12;

}  // namespace

std::string encode_header(const SegmentHeader& header) {
    std::string bytes(kSegmentHeaderBytes, '\0');
    char* to = put_bytes(bytes.data(), kMagic);
    to = put_bytes(to, kVersion);
    to = put_bytes(to, std::uint32_t{0});
    to = put_bytes(to, header.segment);
    to = put_bytes(to, micros(header.created));
    put_bytes(to, header.instance);
    put_bytes(bytes.data() + kCheckedBytes, xxh3({bytes.data(), kCheckedBytes}));
    return bytes;
}

Result<SegmentHeader> decode_header(std::string_view bytes) {
    if (bytes.size() < kSegmentHeaderBytes) {
        return corrupt(fmt::format("Segment header is too short: {} of 64 bytes", bytes.size()));
    }
    if (bytes.substr(0, kMagic.size()) != kMagic) {
        return corrupt("Segment header does not begin with FWSEG001");
    }
    if (bytes_at<std::uint64_t>(bytes.data() + kCheckedBytes) !=
        xxh3(bytes.substr(0, kCheckedBytes))) {
        return corrupt("Segment header does not match its checksum");
    }
    const auto version = bytes_at<std::uint32_t>(bytes.data() + 8);
    if (version != kVersion || bytes_at<std::uint32_t>(bytes.data() + 12) != 0) {
        return make_error(
            Code::Unsupported,
            fmt::format("Segment was written by a newer program: version {}", version)
        );
    }
    SegmentHeader header;
    header.segment = bytes_at<std::uint64_t>(bytes.data() + 16);
    header.created = Time(Duration(bytes_at<std::int64_t>(bytes.data() + 24)));
    header.instance = bytes_at<std::array<std::uint8_t, 16>>(bytes.data() + 32);
    return header;
}

std::string segment_name(std::uint64_t segment, std::string_view ending) {
    return fmt::format("{:012}.{}", segment, ending);
}

std::optional<SegmentName> parse_segment_name(std::string_view name) {
    const auto dot = name.find('.');
    if (dot == std::string_view::npos || dot < kDigits) {
        return std::nullopt;
    }
    SegmentName parsed;
    const auto digits = name.substr(0, dot);
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, parsed.segment);
    if (read.ec != std::errc() || read.ptr != end || parsed.segment == 0) {
        return std::nullopt;
    }
    parsed.ending = std::string(name.substr(dot + 1));
    return parsed;
}

}  // namespace flywheel
