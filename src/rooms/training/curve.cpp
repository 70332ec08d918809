// SPDX-License-Identifier: Apache-2.0
#include "rooms/training/curve.h"

#include <cmath>

#include "base/json_value.h"

namespace flywheel::training {

namespace {

/// A screen shows no more, and the record stays small.
double to_six_digits(double value) {
    if (value == 0 || !std::isfinite(value)) {
        return value;
    }
    const double unit = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
    return std::round(value * unit) / unit;
}

}  // namespace

Curve thinned(const Curve& curve, std::size_t most) {
    if (curve.size() <= most) {
        return curve;
    }
    Curve kept;
    kept.reserve(most);
    for (std::size_t i = 0; i < most; ++i) {
        kept.push_back(curve[i * (curve.size() - 1) / (most - 1)]);
    }
    return kept;
}

Json curve_json(const Curve& curve) {
    Json points = Json::array();
    for (const CurvePoint& point : curve) {
        points.push_back(Json::array({point.step, to_six_digits(point.loss)}));
    }
    return points;
}

Result<Curve> curve_from(const Json& json) {
    Curve curve;
    if (!json.is_array()) {
        return make_error(Code::Corrupt, "A curve is not a list");
    }
    for (const Json& point : json) {
        if (!point.is_array() || point.size() != 2 || !point[0].is_number_integer() ||
            !point[1].is_number()) {
            return make_error(Code::Corrupt, "A point of a curve is not [step, loss]");
        }
        curve.push_back({point[0].get<std::int64_t>(), point[1].get<double>()});
    }
    return curve;
}

}  // namespace flywheel::training
