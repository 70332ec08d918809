#pragma once
// SPDX-License-Identifier: Apache-2.0
// SimulatedStream: served rows whose topics and embeddings come from a known law, for the tests of
// this room. One thread.

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "records/prediction.h"

namespace flywheel::monitoring {

class SimulatedStream {
  public:
    double share_of_first = 0.14;  ///< The other six topics share the rest equally.
    int burst = 1;                 ///< Rows of one topic in a row.
    std::string version = "1";

    explicit SimulatedStream(std::uint64_t seed) : rng_(seed) {
        for (auto& centre : centres_) {
            for (double& x : centre) {
                x = rng_.normal();
            }
        }
    }

    [[nodiscard]] static std::int32_t classes() { return kTopics; }

    /// The next rows; times are for the caller to set.
    std::vector<Prediction> rows(int count) {
        std::vector<Prediction> made;
        made.reserve(static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) {
            if (i % burst == 0) {
                topic_ = rng_.uniform() < share_of_first ? 0 : 1 + rng_.below(kTopics - 1);
            }
            Prediction row;
            row.id = Id<Prediction>::random(Time(), rng_);
            row.model = "news";
            row.version = version;
            row.label = static_cast<std::int64_t>(topic_);
            row.embedding = embedding();
            made.push_back(std::move(row));
        }
        return made;
    }

  private:
    static constexpr std::int32_t kTopics = 7;
    static constexpr std::size_t kWidth = 24;

    std::vector<std::uint16_t> embedding() {
        std::array<double, kWidth> point{};
        double squares = 0;
        for (std::size_t j = 0; j < kWidth; ++j) {
            point[j] = centres_[topic_][j] + rng_.normal();
            squares += point[j] * point[j];
        }
        std::vector<std::uint16_t> halves;
        for (const double x : point) {
            halves.push_back(to_half(x / std::sqrt(squares)));
        }
        return halves;
    }

    /// Nearest half-precision number; 2^-14 <= |value| < 1 or the value is taken as zero.
    static std::uint16_t to_half(double value) {
        int exponent = 0;
        const double fraction = std::frexp(std::abs(value), &exponent);
        if (value == 0 || exponent < -13) {
            return 0;
        }
        const long bits = std::lround(fraction * 2048) - 1024 + ((exponent + 14L) << 10);
        return static_cast<std::uint16_t>(bits | (value < 0 ? 0x8000 : 0));
    }

    Rng rng_;
    std::array<std::array<double, kWidth>, kTopics> centres_{};
    std::size_t topic_ = 0;
};

}  // namespace flywheel::monitoring
