// SPDX-License-Identifier: Apache-2.0
#include "rooms/selection/arms.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "vectors/dot.h"
#include "vectors/half.h"

namespace flywheel::selection {

namespace {

std::uint64_t audit_hash(const Id<Prediction>& id, std::uint64_t seed) {
    const auto& bytes = id.uuid.bytes;
    return xxh3({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, seed);
}

/// Embeddings of the rows picked so far, decoded.
class Picked {
  public:
    explicit Picked(double duplicate_cosine) : limit_(duplicate_cosine) {}

    void add(const Prediction& row) {
        if (!row.embedding.empty()) {
            embeddings_.push_back(decoded(row));
        }
    }

    [[nodiscard]] bool has_near(const Prediction& row) const {
        if (row.embedding.empty()) {
            return false;
        }
        const auto mine = decoded(row);
        return std::any_of(embeddings_.begin(), embeddings_.end(), [&](const auto& other) {
            return other.size() == mine.size() && vectors::dot(mine, other) > limit_;
        });
    }

  private:
    static std::vector<float> decoded(const Prediction& row) {
        std::vector<float> values(row.embedding.size());
        vectors::from_half(row.embedding, values);
        vectors::normalise(values);
        return values;
    }

    double limit_;
    std::vector<std::vector<float>> embeddings_;
};

}  // namespace

std::vector<std::size_t> audit_sample(
    const std::vector<Candidate>& rows, std::size_t count, std::uint64_t seed
) {
    using Ranked = std::tuple<std::uint64_t, Id<Prediction>, std::size_t>;
    std::vector<Ranked> ranked;
    ranked.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        ranked.emplace_back(audit_hash(rows[i].row.id, seed), rows[i].row.id, i);
    }
    const auto end = ranked.begin() + static_cast<std::ptrdiff_t>(std::min(count, rows.size()));
    std::partial_sort(ranked.begin(), end, ranked.end());
    std::vector<std::size_t> sample;
    for (auto place = ranked.begin(); place != end; ++place) {
        sample.push_back(std::get<2>(*place));
    }
    return sample;
}

double margin_of(const Prediction& row) {
    const auto& scores = row.calibrated();
    if (scores.size() < 2) {
        return 1.0;
    }
    std::pair<float, float> top = {scores[0], -1.0F};
    for (std::size_t k = 1; k < scores.size(); ++k) {
        if (scores[k] > top.first) {
            top = {scores[k], top.first};
        } else {
            top.second = std::max(top.second, scores[k]);
        }
    }
    return static_cast<double>(top.first) - static_cast<double>(top.second);
}

std::vector<std::size_t> smallest_margins(
    const std::vector<Candidate>& rows, std::vector<std::size_t> pool, const MarginPlan& plan
) {
    std::vector<double> margins(rows.size(), 1.0);
    for (const std::size_t place : pool) {
        margins[place] = margin_of(rows[place].row);
    }
    std::sort(pool.begin(), pool.end(), [&](std::size_t a, std::size_t b) {
        return std::tie(margins[a], rows[a].row.payload_digest, rows[a].row.id) <
               std::tie(margins[b], rows[b].row.payload_digest, rows[b].row.id);
    });
    Picked picked(plan.duplicate_cosine);
    for (const std::size_t place : plan.picked) {
        picked.add(rows[place].row);
    }
    std::vector<std::size_t> picks;
    std::vector<std::size_t> left_out;
    for (const std::size_t place : pool) {
        if (picks.size() == plan.count) {
            break;
        }
        if (picked.has_near(rows[place].row)) {
            left_out.push_back(place);
            continue;
        }
        picked.add(rows[place].row);
        picks.push_back(place);
    }
    const std::size_t missing = std::min(plan.count - picks.size(), left_out.size());
    picks.insert(
        picks.end(), left_out.begin(), left_out.begin() + static_cast<std::ptrdiff_t>(missing)
    );
    return picks;
}

}  // namespace flywheel::selection
