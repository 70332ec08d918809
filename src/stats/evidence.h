#pragma once
// SPDX-License-Identifier: Apache-2.0
// Evidence that adds up over time under a false-alarm budget in days: p-values become e-values,
// e-values feed an e-Shiryaev-Roberts chain. Used by monitoring; plain values, one thread each.

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace flywheel::stats {

/// The e-value (1 - p + p ln p) / (p ln^2 p), the integral of k p^(k-1) over k in (0, 1) (Vovk,
/// Wang, Ann. Stat. 49, 2021). p is floored at 1e-12; above 1 - 1e-9 it is the limit .5.
[[nodiscard]] double e_from_p(double p);

/// One chain M_t = (D_t + M_(t-1)) e_t, M_0 = 0 (Shin, Ramdas, Rinaldo 2022, "E-detectors"; D_t in
/// days). While E[e_t | past] <= 1, E[M_t] <= elapsed days, so an alarm at S >= N for S = sum of
/// w_c M_c, weights of sum 1, comes at most once in N days on average, whatever the dependence
/// between chains.
struct EvidenceChain {
    double m = 0;      ///< M, in days.
    double onset = 1;  ///< W_t = max(1, W_(t-1)) e_t: the change began when it last rose above 1.

    /// Takes the e-value of a window of `days`.
    void add(double e, double days);
};

/// The same for labelled errors or losses x in [0, 1], row by row, valid while E[x | past] <= m0:
/// the mean of six chains M_l <- (D + M_l)(1 + l' (x - m0)), l' = min(l, .9/m0), l in {1/4, 1/2, 1,
/// 3/2, 5/2, 4}.
class ErrorEvidence {
  public:
    static constexpr std::array<double, 6> kBets = {0.25, 0.5, 1, 1.5, 2.5, 4};

    /// m0 in (0, 1): the largest error rate that is no alarm.
    explicit ErrorEvidence(double m0);

    /// `days` is added before the row: the window's length for its first row, 0 for the others.
    void add(double x, double days);

    [[nodiscard]] double mean() const;

    /// M of one bet, index into kBets.
    [[nodiscard]] double member(std::size_t bet) const { return members_[bet]; }

  private:
    double m0_;
    std::array<double, 6> members_{};
};

/// Which chains an alarm may name: e-BH (Wang, Ramdas, JRSS B 84, 2022). With E_(1) >= E_(2) >=
/// ..., the first k* = max{k : E_(k) >= C / (alpha k)}; valid under any dependence. Returns
/// positions in `evidence`, largest first.
[[nodiscard]] std::vector<std::size_t> e_benjamini_hochberg(
    std::span<const double> evidence, double alpha = 0.1
);

}  // namespace flywheel::stats
