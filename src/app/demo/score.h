#pragma once
// SPDX-License-Identifier: Apache-2.0
// Score: accuracy and balanced recall of a stream of answers against the truth, as the demo prints
// them.

#include <cstdint>
#include <vector>

namespace flywheel::app {

class Score {
  public:
    explicit Score(std::size_t classes) : right_(classes), seen_(classes) {}

    void add(std::int64_t truth, std::int64_t answer) {
        const auto at = static_cast<std::size_t>(truth);
        ++seen_[at];
        right_[at] += truth == answer ? 1 : 0;
    }

    void add(const Score& other) {
        for (std::size_t k = 0; k < seen_.size(); ++k) {
            seen_[k] += other.seen_[k];
            right_[k] += other.right_[k];
        }
    }

    [[nodiscard]] std::int64_t rows() const { return sum(seen_); }

    [[nodiscard]] std::int64_t right() const { return sum(right_); }

    /// 0 when nothing was added.
    [[nodiscard]] double accuracy() const {
        return rows() == 0 ? 0 : static_cast<double>(right()) / static_cast<double>(rows());
    }

    /// Mean recall of the classes that occurred; 0 when none did.
    [[nodiscard]] double balanced_recall() const {
        double recalls = 0;
        int classes = 0;
        for (std::size_t k = 0; k < seen_.size(); ++k) {
            if (seen_[k] > 0) {
                recalls += static_cast<double>(right_[k]) / static_cast<double>(seen_[k]);
                ++classes;
            }
        }
        return classes == 0 ? 0 : recalls / classes;
    }

  private:
    static std::int64_t sum(const std::vector<std::int64_t>& counts) {
        std::int64_t total = 0;
        for (const auto count : counts) {
            total += count;
        }
        return total;
    }

    std::vector<std::int64_t> right_;
    std::vector<std::int64_t> seen_;
};

}  // namespace flywheel::app
