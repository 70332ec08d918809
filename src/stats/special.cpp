// SPDX-License-Identifier: Apache-2.0
#include "stats/special.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/result.h"

namespace flywheel::stats {

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
// Stands for zero in Lentz's method, where a denominator may vanish.
constexpr double kTiny = 1e-300;
// Both expansions need about sqrt(max(a, b)) terms; this is enough for a = 1e10.
constexpr int kTermsMax = 500'000;

double away_from_zero(double value) {
    return std::abs(value) < kTiny ? kTiny : value;
}

/// x^a e^-x / Gamma(a), what both expansions of the incomplete gamma are multiplied by.
double gamma_front(double a, double x) {
    return std::exp(a * std::log(x) - x - log_gamma(a));
}

double gamma_p_series(double a, double x) {
    double term = 1 / a;
    double sum = term;
    for (int n = 1; n < kTermsMax; ++n) {
        term *= x / (a + n);
        sum += term;
        if (term < sum * kEpsilon) {
            break;
        }
    }
    return sum * gamma_front(a, x);
}

double gamma_q_fraction(double a, double x) {
    double b = x + 1 - a;
    double c = 1 / kTiny;
    double d = 1 / away_from_zero(b);
    double fraction = d;
    for (int i = 1; i < kTermsMax; ++i) {
        const double term = -i * (i - a);
        b += 2;
        d = 1 / away_from_zero(term * d + b);
        c = away_from_zero(b + term / c);
        fraction *= d * c;
        if (std::abs(d * c - 1) < kEpsilon) {
            break;
        }
    }
    return fraction * gamma_front(a, x);
}

double beta_fraction(double a, double b, double x) {
    double c = 1;
    double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
    double fraction = d;
    for (int m = 1; m < kTermsMax; ++m) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        fraction *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        fraction *= d * c;
        if (std::abs(d * c - 1) < 4 * kEpsilon) {
            break;
        }
    }
    return fraction;
}

/// ln of x^a (1-x)^b / B(a, b).
double log_beta_front(double a, double b, double x) {
    return log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) + b * std::log1p(-x);
}

}  // namespace

double log_gamma(double x) {
    int sign = 0;
    return lgamma_r(x, &sign);
}

double gamma_p(double a, double x) {
    CHECK(a > 0 && x >= 0);
    if (x == 0) {
        return 0;
    }
    return x < a + 1 ? gamma_p_series(a, x) : 1 - gamma_q_fraction(a, x);
}

double gamma_q(double a, double x) {
    CHECK(a > 0 && x >= 0);
    if (x == 0) {
        return 1;
    }
    return x < a + 1 ? 1 - gamma_p_series(a, x) : gamma_q_fraction(a, x);
}

double beta_i(double a, double b, double x) {
    CHECK(a > 0 && b > 0 && x >= 0 && x <= 1);
    if (x == 0 || x == 1) {
        return x;
    }
    const double front = std::exp(log_beta_front(a, b, x));
    // The fraction converges fast only below the mean; above it the symmetric form is used.
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                     : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double beta_quantile(double a, double b, double p) {
    CHECK(p >= 0 && p <= 1);
    if (p == 0 || p == 1) {
        return p;
    }
    double low = 0;
    double high = 1;
    double x = a / (a + b);
    for (int round = 0; round < 200 && high - low > 2 * kEpsilon * x; ++round) {
        const double miss = beta_i(a, b, x) - p;
        (miss > 0 ? high : low) = x;
        const double slope = std::exp(log_beta_front(a, b, x)) / (x * (1 - x));
        const double newton = x - miss / slope;
        // Newton where it stays inside the bracket, bisection where it does not (also for NaN).
        x = newton > low && newton < high ? newton : (low + high) / 2;
    }
    return x;
}

double normal_cdf(double z) {
    return std::erfc(-z / std::numbers::sqrt2) / 2;
}

double normal_quantile(double p) {
    CHECK(p > 0 && p < 1);
    // P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution
    // function", 2003.
    constexpr std::array<double, 6> kA = {
        -3.969683028665376e+01,
        2.209460984245205e+02,
        -2.759285104469687e+02,
        1.383577518672690e+02,
        -3.066479806614716e+01,
        2.506628277459239e+00
    };
    constexpr std::array<double, 5> kB = {
        -5.447609879822406e+01,
        1.615858368580409e+02,
        -1.556989798598866e+02,
        6.680131188771972e+01,
        -1.328068155288572e+01
    };
    constexpr std::array<double, 6> kC = {
        -7.784894002430293e-03,
        -3.223964580411365e-01,
        -2.400758277161838e+00,
        -2.549732539343734e+00,
        4.374664141464968e+00,
        2.938163982698783e+00
    };
    constexpr std::array<double, 4> kD = {
        7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00
    };
    constexpr double kTail = 0.02425;
    double z = 0;
    if (p < kTail || p > 1 - kTail) {
        const double q = std::sqrt(-2 * std::log(std::min(p, 1 - p)));
        const double tail =
            (((((kC[0] * q + kC[1]) * q + kC[2]) * q + kC[3]) * q + kC[4]) * q + kC[5]) /
            ((((kD[0] * q + kD[1]) * q + kD[2]) * q + kD[3]) * q + 1);
        z = p < kTail ? tail : -tail;
    } else {
        const double q = p - 0.5;
        const double r = q * q;
        z = (((((kA[0] * r + kA[1]) * r + kA[2]) * r + kA[3]) * r + kA[4]) * r + kA[5]) * q /
            (((((kB[0] * r + kB[1]) * r + kB[2]) * r + kB[3]) * r + kB[4]) * r + 1);
    }
    const double miss = normal_cdf(z) - p;
    const double step = miss * std::sqrt(2 * std::numbers::pi) * std::exp(z * z / 2);
    return z - step / (1 + z * step / 2);
}

double chi_square_survival(double x, double freedom) {
    return x <= 0 ? 1 : gamma_q(freedom / 2, x / 2);
}

double f_survival(double x, double numerator, double denominator) {
    return x <= 0 ? 1
                  : beta_i(
                        denominator / 2, numerator / 2, denominator / (denominator + numerator * x)
                    );
}

double binomial_at_least(double k, double n, double p) {
    if (k <= 0) {
        return 1;
    }
    return k > n ? 0 : beta_i(k, n - k + 1, p);
}

}  // namespace flywheel::stats
