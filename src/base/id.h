#pragma once
// SPDX-License-Identifier: Apache-2.0
// Id<Record>: a UUIDv7 (RFC 9562) that cannot be mistaken for the id of another record. The first
// 48 bits are milliseconds of UTC, so ids sort by time and the time finds the partition.

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace flywheel {

class Rng;

struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const Uuid&) const = default;

    static constexpr std::size_t kTextBytes = 36;

    [[nodiscard]] std::string text() const;
    /// Is it what text() says?
    [[nodiscard]] bool is_text(std::string_view text) const;

    [[nodiscard]] bool is_zero() const { return bytes == std::array<std::uint8_t, 16>{}; }

    /// The time in the id, to the millisecond.
    [[nodiscard]] Time time() const;
    static Result<Uuid> parse(std::string_view text);
    /// Time, then 74 bits from `rng`.
    static Uuid random(Time time, Rng& rng);
    /// Time, then 74 bits from SHA-256 of `key`: the same step makes the same ids when it runs
    /// again.
    static Uuid derived(Time time, std::string_view key);
    /// The same id with its lowest 16 bits replaced by `row` (rows of one request).
    [[nodiscard]] Uuid with_row(std::uint16_t row) const;
    [[nodiscard]] std::uint16_t row() const;
};

template <class Record>
struct Id {
    Uuid uuid;

    auto operator<=>(const Id&) const = default;

    [[nodiscard]] std::string text() const { return uuid.text(); }

    [[nodiscard]] bool is_zero() const { return uuid.is_zero(); }

    static Result<Id> parse(std::string_view text) { return Id{TRY(Uuid::parse(text))}; }

    static Id random(Time time, Rng& rng) { return Id{Uuid::random(time, rng)}; }

    static Id derived(Time time, std::string_view key) { return Id{Uuid::derived(time, key)}; }
};

}  // namespace flywheel

template <class Record>
struct std::hash<flywheel::Id<Record>> {
    std::size_t operator()(const flywheel::Id<Record>& id) const noexcept {
        std::uint64_t tail = 0;
        for (std::size_t i = 8; i < 16; ++i) {
            tail = tail << 8U | id.uuid.bytes[i];
        }
        std::uint64_t head = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            head = head << 8U | id.uuid.bytes[i];
        }
        return tail * 0x9E3779B97F4A7C15ULL ^ head;
    }
};
