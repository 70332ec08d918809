// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <cstring>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/rng.h"

namespace flywheel {

namespace {

Uuid assemble(Time time, const std::array<std::uint8_t, 10>& random_bytes) {
    Uuid id;
    const auto millis = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count()
    );
    for (std::size_t i = 0; i < 6; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
    }
    std::memcpy(id.bytes.data() + 6, random_bytes.data(), 10);
    id.bytes[6] = static_cast<std::uint8_t>(0x70U | (id.bytes[6] & 0x0FU));  // version 7
    id.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.bytes[8] & 0x3FU));  // variant 10
    return id;
}

constexpr std::array<std::size_t, 4> kDashBefore = {4, 6, 8, 10};

bool dash_before(std::size_t byte) {
    return byte == kDashBefore[0] || byte == kDashBefore[1] || byte == kDashBefore[2] ||
           byte == kDashBefore[3];
}

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const char lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

Uuid Uuid::random(Time time, Rng& rng) {
    std::array<std::uint8_t, 10> tail{};
    const std::uint64_t first = rng.next();
    const std::uint64_t second = rng.next();
    std::memcpy(tail.data(), &first, 8);
    std::memcpy(tail.data() + 8, &second, 2);
    return assemble(time, tail);
}

Uuid Uuid::derived(Time time, std::string_view key) {
    std::array<std::uint8_t, 10> tail{};
    std::memcpy(tail.data(), sha256(key).bytes.data(), 10);
    return assemble(time, tail);
}

Time Uuid::time() const {
    std::uint64_t millis = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        millis = millis << 8U | bytes[i];
    }
    return Time(std::chrono::milliseconds(millis));
}

Uuid Uuid::with_row(std::uint16_t row) const {
    Uuid id = *this;
    id.bytes[14] = static_cast<std::uint8_t>(row >> 8U);
    id.bytes[15] = static_cast<std::uint8_t>(row);
    return id;
}

std::uint16_t Uuid::row() const {
    return static_cast<std::uint16_t>(bytes[14] << 8U | bytes[15]);
}

namespace {

std::array<char, Uuid::kTextBytes> digits_of(const Uuid& id) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::array<char, Uuid::kTextBytes> digits{};
    char* to = digits.data();
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        if (dash_before(i)) {
            *to++ = '-';
        }
        *to++ = kHex[id.bytes[i] >> 4U];
        *to++ = kHex[id.bytes[i] & 15U];
    }
    return digits;
}

}  // namespace

std::string Uuid::text() const {
    const auto digits = digits_of(*this);
    return {digits.data(), digits.size()};
}

bool Uuid::is_text(std::string_view text) const {
    if (text.size() != kTextBytes) {
        return false;
    }
    const auto digits = digits_of(*this);
    return text == std::string_view(digits.data(), digits.size());
}

Result<Uuid> Uuid::parse(std::string_view text) {
    const auto refuse = [&] {
        return invalid_argument(
            fmt::format("An id is a UUID such as 0193a5c8-....-7...-....-............: '{}'", text)
        );
    };
    if (text.size() != kTextBytes) {
        return refuse();
    }
    Uuid id;
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (dash_before(i) && text[at++] != '-') {
            return refuse();
        }
        const int high = hex_value(text[at]);
        const int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) {
            return refuse();
        }
        id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
        at += 2;
    }
    return id;
}

}  // namespace flywheel
