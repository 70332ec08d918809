#pragma once
// SPDX-License-Identifier: Apache-2.0
// Randomness enters the program only here. Rng is xoshiro256** seeded by SplitMix64 (Blackman,
// Vigna 2021): small, fast, the same numbers on every machine. One Rng, one thread.

#include <array>
#include <cstdint>
#include <string_view>

namespace flywheel {

class Rng {
  public:
    explicit Rng(std::uint64_t seed);
    /// A generator of its own for one named use, so that uses do not disturb each other.
    [[nodiscard]] static Rng named(std::uint64_t seed, std::string_view use);

    std::uint64_t next();

    /// Uniform in [0, 1).
    double uniform() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

    /// Uniform integer in [0, bound), bound > 0, without modulo bias (Lemire 2019).
    std::uint64_t below(std::uint64_t bound);
    /// Standard normal (polar method, Marsaglia and Bray 1964).
    double normal();

    template <class Container>
    void shuffle(Container& items) {
        for (std::size_t i = items.size(); i > 1; --i) {
            using std::swap;
            swap(items[i - 1], items[below(i)]);
        }
    }

  private:
    std::array<std::uint64_t, 4> state_{};
};

/// One step of SplitMix64: a well-mixed 64-bit number from another.
[[nodiscard]] std::uint64_t mix64(std::uint64_t value);

/// A seed from the operating system; for runs that were given none (the seed is then recorded).
[[nodiscard]] std::uint64_t fresh_seed();

}  // namespace flywheel
