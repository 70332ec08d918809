#pragma once
// SPDX-License-Identifier: Apache-2.0
// KeyQuotas: how much each caller's key may add to what is captured. Scales the probability of
// keeping a row by what the key's earlier rows asked for; the chance of a row never depends on that
// row's own draw, so totals over traffic stay unbiased sums of value/propensity. Any thread.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace flywheel {

class KeyQuotas {
  public:
    /// No share is smaller, so that no traffic is without weight.
    static constexpr double kLeastShare = 0.001;
    /// Keys beyond so many share one quota.
    static constexpr std::size_t kKeysMax = 10'000;

    /// Rows an hour for each key; 0 = no limit.
    explicit KeyQuotas(std::uint64_t rows_per_hour)
        : rows_per_hour_(static_cast<double>(rows_per_hour)) {}

    [[nodiscard]] bool are_set() const { return rows_per_hour_ > 0; }

    /// With what the probability `wanted` of keeping the next row of this key is multiplied, from
    /// kLeastShare to 1. An hour begins with quota / (what the hour before wanted); each time the
    /// rows expected of the running hour reach the quota once more, the share halves. Counts the
    /// row.
    double share(std::string_view key, Time time, double wanted);
    /// Keys that have a share below 1 in this hour.
    [[nodiscard]] std::size_t scaled(Time now) const;

  private:
    /// One key in one hour.
    struct Hour {
        std::int64_t number = 0;  ///< Hours since 1970.
        double wanted = 0;        ///< Sum of the probabilities before scaling.
        double expected = 0;      ///< Sum after it: rows kept, on average.
        double first_share = 1;
    };

    [[nodiscard]] double share_now(const Hour& hour) const;

    const double rows_per_hour_;
    mutable std::mutex mutex_;
    std::map<std::string, Hour, std::less<>> hours_;
};

}  // namespace flywheel
