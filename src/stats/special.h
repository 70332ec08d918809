#pragma once

// SPDX-License-Identifier: Apache-2.0
// The special functions that the tests and intervals of this folder stand on: incomplete gamma and
// beta, their tails, the normal law. Used by the rest of stats/ and by rooms; pure functions, any
// thread.

namespace flywheel::stats {

/// ln of the gamma function, x > 0 (std::lgamma writes a global sign; this does not).
[[nodiscard]] double log_gamma(double x);

/// Regularised lower incomplete gamma P(a, x), a > 0, x >= 0. Series below a + 1, Lentz's continued
/// fraction above (Numerical Recipes, 3rd ed., 6.2; DLMF 8.7.1, 8.9.2). Relative error about 1e-13.
[[nodiscard]] double gamma_p(double a, double x);
/// 1 - P(a, x), without cancellation in the far tail.
[[nodiscard]] double gamma_q(double a, double x);

/// Regularised incomplete beta I_x(a, b), a, b > 0, x in [0, 1], by Lentz's continued fraction
/// (DLMF 8.17.22).
[[nodiscard]] double beta_i(double a, double b, double x);
/// The x with I_x(a, b) = p; by bisection, then Newton. p in [0, 1].
[[nodiscard]] double beta_quantile(double a, double b, double p);

/// P(Z <= z) of the standard normal law.
[[nodiscard]] double normal_cdf(double z);
/// The z with P(Z <= z) = p, p in (0, 1): Acklam's rational start, one step of Halley. Relative
/// error < 1e-12.
[[nodiscard]] double normal_quantile(double p);

/// P(X > x) for X ~ chi-square with `freedom` degrees of freedom.
[[nodiscard]] double chi_square_survival(double x, double freedom);
/// P(X > x) for X ~ F(numerator, denominator).
[[nodiscard]] double f_survival(double x, double numerator, double denominator);

/// P(X >= k) for X ~ Bin(n, p): I_p(k, n - k + 1).
[[nodiscard]] double binomial_at_least(double k, double n, double p);

}  // namespace flywheel::stats
