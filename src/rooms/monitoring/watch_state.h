#pragma once
// SPDX-License-Identifier: Apache-2.0
// The evidence of a champion's watch between two windows, and what a Profile's `content` holds.
// Used inside monitoring only; plain values, one thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ports/columns/columns.h"
#include "records/field.h"
#include "rooms/monitoring/detectors.h"
#include "stats/evidence.h"

namespace flywheel::monitoring {

/// The chains, in the order of arrays below.
inline constexpr std::array<std::string_view, 2> kFamilies = {"classes", "embedding"};
inline constexpr std::size_t kChains = kFamilies.size();
/// An Incident closes after so many quiet windows in a row.
inline constexpr int kQuietWindows = 3;

struct ChainState {
    stats::EvidenceChain evidence;
    Time onset;     ///< Begin of the first window after `evidence.onset` last was at or below 1.
    int quiet = 0;  ///< Windows in a row with e < 1 and no effect to speak of.
    bool excluded = false;   ///< Named by an open Incident: adds nothing to S.
    bool applicable = true;  ///< The last window could be tested.
};

/// All chains of one champion.
struct WatchState {
    std::array<ChainState, kChains> chains;
    Time run_begin;     ///< Begin of the champion's first window.
    Time reset;         ///< When all M were last zero.
    Time carried_from;  ///< Begin of the first window not yet tested.

    /// Starts all chains again from zero.
    void reset_chains(Time at);
    /// Weight of a chain: equal parts over those that can be tested.
    [[nodiscard]] double weight(std::size_t chain) const;
    /// S in days, over the chains that no open Incident names.
    [[nodiscard]] double evidence() const;
    /// Takes a tested window. `gates`: effects worth an Incident, one per chain.
    void add(TimeRange window, const Readings& readings, const std::array<double, kChains>& gates);
    /// Chains an alarm at `now` names: e-BH at level .1, else those that carry 80 % of S.
    [[nodiscard]] std::vector<std::size_t> named(Time now) const;
};

/// Everything in Profile.content.
struct Content {
    WindowSums sums;
    bool tested = false;
    WatchState state;
    std::array<Reading, kChains> readings;
    std::optional<Reference> reference;  ///< On the profile that completes the reference.
};

[[nodiscard]] JsonText to_content(const Content& content);
/// Corrupt when it is not what to_content makes.
Result<Content> from_content(const JsonText& text);

}  // namespace flywheel::monitoring
