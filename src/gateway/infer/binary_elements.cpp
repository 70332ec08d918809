// SPDX-License-Identifier: Apache-2.0
#include "gateway/infer/binary_elements.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace flywheel::gateway {

namespace {

Result<void> check_flags(const InputSlot& slot, std::string_view bytes) {
    const auto wrong = std::find_if(bytes.begin(), bytes.end(), [](char c) {
        return static_cast<unsigned char>(c) > 1;
    });
    if (wrong == bytes.end()) {
        return {};
    }
    return slot.refuse(fmt::format(
        "BOOL element {} is neither 0 nor 1: {}",
        wrong - bytes.begin(),
        static_cast<unsigned>(static_cast<unsigned char>(*wrong))
    ));
}

Result<void> read_strings(InputSlot& slot, std::string_view bytes) {
    const std::size_t whole = bytes.size();
    while (!bytes.empty()) {
        std::uint32_t length = 0;
        if (bytes.size() >= sizeof(length)) {
            std::memcpy(&length, bytes.data(), sizeof(length));
        }
        if (bytes.size() < sizeof(length) || bytes.size() - sizeof(length) < length) {
            return slot.refuse(fmt::format(
                "length of BYTES element {} runs past the end of its {} bytes",
                slot.strings.size(),
                whole
            ));
        }
        if (slot.strings.size() == slot.count) {
            return slot.refuse(fmt::format(
                "binary data has more BYTES elements than shape {} says", slot.sent.text()
            ));
        }
        slot.strings.push_back(bytes.substr(sizeof(length), length));
        bytes.remove_prefix(sizeof(length) + length);
    }
    if (slot.strings.size() != slot.count) {
        return slot.refuse(fmt::format(
            "binary data has {} BYTES elements, but shape is {}",
            slot.strings.size(),
            slot.sent.text()
        ));
    }
    return {};
}

}  // namespace

Result<void> read_binary(InputSlot& slot, std::string_view bytes) {
    if (slot.type == DataType::Bytes) {
        return read_strings(slot, bytes);
    }
    const std::size_t item = item_size(slot.type);
    if (bytes.size() != slot.count * item) {
        return slot.refuse(fmt::format(
            "binary data has {} bytes, but {} {} needs {}",
            bytes.size(),
            name_of(slot.type),
            slot.sent.text(),
            slot.count * item
        ));
    }
    if (slot.type == DataType::Bool) {
        TRY(check_flags(slot, bytes));
    }
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % item == 0) {
        slot.bytes = std::as_bytes(std::span(bytes.data(), bytes.size()));
        return {};
    }
    const std::span<std::byte> copy = slot.numbers.resize(bytes.size());
    std::memcpy(copy.data(), bytes.data(), bytes.size());
    slot.bytes = slot.numbers.bytes();
    return {};
}

std::uint64_t binary_size_of(const TensorView& tensor) {
    if (tensor.type != DataType::Bytes) {
        return tensor.bytes.size();
    }
    std::uint64_t size = 0;
    for (const std::string_view text : tensor.strings) {
        size += sizeof(std::uint32_t) + text.size();
    }
    return size;
}

void append_binary(std::string& out, const TensorView& tensor) {
    out.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    for (const std::string_view text : tensor.strings) {
        const auto length = static_cast<std::uint32_t>(text.size());
        out.append(reinterpret_cast<const char*>(&length), sizeof(length));
        out += text;
    }
}

}  // namespace flywheel::gateway
