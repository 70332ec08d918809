// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/bundle.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "ports/engine/worker/message.h"

namespace flywheel::worker {

namespace {

constexpr std::string_view kBundleMagic = "FWBUND01";
constexpr std::size_t kPartsMax = 16;
constexpr std::size_t kTableBegin = 16;
constexpr std::size_t kNameBytes = 48;
constexpr std::size_t kEntryBytes = kNameBytes + 2 * sizeof(std::uint64_t);

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameBytes &&
           std::all_of(name.begin(), name.end(), [](char sign) {
               return (sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z') ||
                      (sign >= '0' && sign <= '9') || sign == '.' || sign == '-' || sign == '_';
           });
}

Error damaged(std::string_view what) {
    return corrupt(fmt::format("Model artefact is damaged: {}", what));
}

bool is_zero(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == '\0'; });
}

/// One entry of the table; nothing when its name is none.
std::string entry_name(std::string_view entry) {
    const std::string_view field = entry.substr(0, kNameBytes);
    const std::string_view name = field.substr(0, field.find('\0'));
    return is_name(name) && is_zero(field.substr(name.size())) ? std::string(name) : std::string();
}

}  // namespace

Result<std::string> write_bundle(const Parts& parts) {
    if (parts.empty() || parts.size() > kPartsMax) {
        return invalid_argument(
            fmt::format("A model artefact has 1 to {} parts, not {}", kPartsMax, parts.size())
        );
    }
    std::string table(kTableBegin + parts.size() * kEntryBytes, '\0');
    std::uint64_t offset = table.size();
    char* to = put_bytes(table.data(), kBundleMagic);
    put_bytes(to, static_cast<std::uint32_t>(parts.size()));
    char* entry = table.data() + kTableBegin;
    for (const auto& [name, bytes] : parts) {
        if (!is_name(name)) {
            return invalid_argument(fmt::format("Name of a part has other signs: '{}'", name));
        }
        offset = aligned(offset);
        put_bytes(entry, name);
        put_bytes(entry + kNameBytes, offset);
        put_bytes(entry + kNameBytes + sizeof offset, static_cast<std::uint64_t>(bytes.size()));
        entry += kEntryBytes;
        offset += bytes.size();
    }
    std::string blob;
    blob.reserve(offset);
    blob = table;
    for (const auto& [name, bytes] : parts) {
        blob.resize(aligned(blob.size()));
        blob += bytes;
    }
    return blob;
}

Result<Parts> read_bundle(std::string_view blob) {
    ByteReader reader(blob);
    const std::string_view magic = reader.take_bytes(kBundleMagic.size());
    const auto count = reader.take<std::uint32_t>();
    const auto zero = reader.take<std::uint32_t>();
    if (!reader.ok() || magic != kBundleMagic || count == 0 || count > kPartsMax || zero != 0) {
        return damaged(fmt::format("no bundle of 1 to {} parts, {} bytes", kPartsMax, blob.size()));
    }
    Parts parts;
    std::uint64_t end = kTableBegin + count * kEntryBytes;
    for (std::uint32_t i = 0; i < count; ++i) {
        std::string name = entry_name(reader.take_bytes(kNameBytes));
        const auto offset = reader.take<std::uint64_t>();
        const auto size = reader.take<std::uint64_t>();
        const bool in_order = parts.empty() || parts.rbegin()->first < name;
        if (!reader.ok() || name.empty() || !in_order || offset != aligned(end) ||
            offset > blob.size() || size > blob.size() - offset ||
            !is_zero(blob.substr(end, offset - end))) {
            return damaged(fmt::format("part {}, {} bytes in all", i, blob.size()));
        }
        parts.emplace(std::move(name), blob.substr(offset, size));
        end = offset + size;
    }
    if (end != blob.size()) {
        return damaged(fmt::format("{} bytes behind its last part", blob.size() - end));
    }
    return parts;
}

}  // namespace flywheel::worker
