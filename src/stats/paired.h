#pragma once
// SPDX-License-Identifier: Apache-2.0
// Two models judged on the same items. Used by the gate of the room evaluation; pure functions, any
// thread.

#include <cstdint>

namespace flywheel::stats {

/// Outcome of a paired comparison: only the items where exactly one side is right can decide
/// anything.
struct PairedCounts {
    std::int64_t only_first = 0;   ///< b: first right, second wrong.
    std::int64_t only_second = 0;  ///< c: the reverse.
    std::int64_t items = 0;        ///< n >= b + c

    [[nodiscard]] double delta() const {
        return items > 0
                   ? static_cast<double>(only_first - only_second) / static_cast<double>(items)
                   : 0;
    }

    [[nodiscard]] PairedCounts swapped() const { return {only_second, only_first, items}; }
};

/// Exact one-sided McNemar test that the first is better: P(Bin(b+c, 1/2) >= b); 1 when b + c = 0.
[[nodiscard]] double mcnemar_better(const PairedCounts& counts);

/// Lower bound, one-sided at level `alpha`, of the difference of the shares right, by Tango's score
/// (Stat. Med. 17, 1998, p. 891): the d with Z(d) = z(1 - alpha), by bisection. -1 without items.
[[nodiscard]] double tango_lower(const PairedCounts& counts, double alpha = 0.05);

}  // namespace flywheel::stats
