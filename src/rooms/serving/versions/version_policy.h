#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which versions of a model are kept loaded beside those its labels point to. Set per model in the
// settings; plain values.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace flywheel::serving {

enum class Keep { Labels, Latest, All, Specific };

inline std::span<const std::string_view> names_of(Keep) {
    static constexpr std::array<std::string_view, 4> kNames = {
        "labels", "latest", "all", "specific"
    };
    return kNames;
}

struct VersionPolicy {
    Keep keep = Keep::Labels;
    std::int64_t count = 1;              ///< Of the latest.
    std::vector<std::int64_t> versions;  ///< The specific ones.

    /// Of the known versions (rising) those that it keeps, the newest first.
    [[nodiscard]] std::vector<std::int64_t> kept(const std::vector<std::int64_t>& known) const {
        std::vector<std::int64_t> kept;
        for (auto number = known.rbegin(); number != known.rend(); ++number) {
            const bool listed =
                std::find(versions.begin(), versions.end(), *number) != versions.end();
            const bool late = static_cast<std::int64_t>(kept.size()) < count;
            if (keep == Keep::All || (keep == Keep::Latest && late) ||
                (keep == Keep::Specific && listed)) {
                kept.push_back(*number);
            }
        }
        return kept;
    }
};

}  // namespace flywheel::serving
