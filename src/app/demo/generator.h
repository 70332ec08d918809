#pragma once
// SPDX-License-Identifier: Apache-2.0
// A seeded look-alike of a news stream for machines without the real one: topics in Korean-like
// syllables whose mix moves month by month, vocabulary that turns over, duplicates, wrong labels,
// and three annotators a row. Pure.

#include <cstdint>

#include "app/demo/stream.h"

namespace flywheel::app {

struct GeneratorPlan {
    std::uint64_t seed = 1;
    std::size_t rows = 12'736;
    int topics = 7;
    int years = 5;  ///< From 2016-01-01.
    double duplicates =
        0.10;  ///< Share of rows that repeat or nearly repeat an earlier text of their month.
    double wrong_labels = 0.026;  ///< Share of rows whose recorded truth is wrong.
};

[[nodiscard]] Stream generate_stream(const GeneratorPlan& plan);

}  // namespace flywheel::app
