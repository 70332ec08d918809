// SPDX-License-Identifier: Apache-2.0
// Reference values: SciPy 1.17 (Cephes and Boost underneath).
#include "stats/special.h"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flywheel::stats {
namespace {

void expect_close(double got, double wanted, double relative = 1e-11) {
    EXPECT_NEAR(got, wanted, std::abs(wanted) * relative + 1e-300);
}

TEST(Special, IncompleteGammaAgreesWithPublishedValues) {
    struct Row {
        double a, x, lower, upper;
    };

    for (const auto& row : {
             Row{0.5, 0.5, 0.6826894921370859, 0.31731050786291115},
             Row{3, 2, 0.32332358381693654, 0.6766764161830634},
             Row{10, 20, 0.9950045876916924, 0.0049954123083075785},
             Row{64, 50, 0.03184344175073805, 0.968156558249262},
             Row{64, 110, 0.9999992125929099, 7.87407090125784e-07},
             Row{500, 400, 8.109381078799146e-07, 0.9999991890618921},
             Row{0.1, 0.001, 0.526768568392445, 0.473231431607555},
         }) {
        SCOPED_TRACE(row.x);
        expect_close(gamma_p(row.a, row.x), row.lower);
        expect_close(gamma_q(row.a, row.x), row.upper);
    }
    EXPECT_EQ(gamma_p(2, 0), 0);
    EXPECT_EQ(gamma_q(2, 0), 1);
}

TEST(Special, IncompleteBetaAgreesWithPublishedValues) {
    struct Row {
        double a, b, x, wanted;
    };

    for (const auto& row : {
             Row{2, 3, 0.4, 0.5248},
             Row{0.5, 0.5, 0.3, 0.36901011956554536},
             Row{10, 1, 0.9, 0.34867844010000004},
             Row{100, 200, 0.3, 0.10884306564490986},
             Row{1, 1, 0.25, 0.25},
             Row{5000, 3000, 0.62, 0.1777320662420826},
             Row{0.1, 20, 1e-4, 0.5632532439852128},
         }) {
        SCOPED_TRACE(row.x);
        expect_close(beta_i(row.a, row.b, row.x), row.wanted, 1e-9);
    }
}

TEST(Special, BetaQuantileAgreesWithPublishedValues) {
    expect_close(beta_quantile(2, 3, 0.4), 0.3291665033784079);
    expect_close(beta_quantile(1, 300, 0.95), 0.009936081944457708);
    expect_close(beta_quantile(10, 5, 0.025), 0.4189647428163391);
    expect_close(beta_quantile(0.5, 0.5, 0.1), 0.024471741852423214);
    EXPECT_EQ(beta_quantile(2, 2, 0), 0);
    EXPECT_EQ(beta_quantile(2, 2, 1), 1);
}

TEST(Special, NormalLawAgreesWithPublishedValues) {
    expect_close(normal_cdf(-1.96), 0.024997895148220435);
    expect_close(normal_quantile(0.975), 1.959963984540054);
    expect_close(normal_quantile(0.95), 1.6448536269514722);
    expect_close(normal_quantile(0.6), 0.2533471031357997);
    expect_close(normal_quantile(1e-6), -4.753424308822899);
    EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
}

TEST(Special, TailsOfTheTestsAgreeWithPublishedValues) {
    expect_close(chi_square_survival(3.84145882069412, 1), 0.05);
    expect_close(chi_square_survival(11.0705, 5), 0.0499999554280436);
    expect_close(chi_square_survival(200, 128), 4.872583660281225e-05);
    expect_close(chi_square_survival(30, 1), 4.3204630578274955e-08);
    EXPECT_EQ(chi_square_survival(0, 3), 1);
    expect_close(f_survival(2, 16, 134), 0.0172289807149604, 1e-10);
    expect_close(f_survival(1, 3, 7), 0.44707961346848374, 1e-10);
    expect_close(f_survival(4, 16, 300), 6.767130067628843e-07, 1e-9);
}

TEST(Special, BinomialTailMatchesItsSum) {
    expect_close(binomial_at_least(2, 3, 0.5), 0.5);
    expect_close(binomial_at_least(5, 5, 0.5), 0.03125);
    EXPECT_EQ(binomial_at_least(0, 5, 0.5), 1);
    EXPECT_EQ(binomial_at_least(6, 5, 0.5), 0);
}

RC_GTEST_PROP(Special, BetaQuantileInvertsTheBetaFunction, ()) {
    const double a = *rc::gen::inRange(1, 400) / 7.0;
    const double b = *rc::gen::inRange(1, 400) / 7.0;
    const double p = *rc::gen::inRange(1, 999) / 1000.0;
    RC_ASSERT(std::abs(beta_i(a, b, beta_quantile(a, b, p)) - p) < 1e-9);
}

RC_GTEST_PROP(Special, GammaTailsSumToOne, ()) {
    const double a = *rc::gen::inRange(1, 4000) / 10.0;
    const double x = *rc::gen::inRange(0, 8000) / 10.0;
    RC_ASSERT(std::abs(gamma_p(a, x) + gamma_q(a, x) - 1) < 1e-12);
}

}  // namespace
}  // namespace flywheel::stats
