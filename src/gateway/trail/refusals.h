#pragma once
// SPDX-License-Identifier: Apache-2.0
// Refusals: what was turned away at the door, waiting to be written into the audit trail.
// Connection threads add, a background thread takes; bounded, so that who knocks a million times
// fills no disk.

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flywheel::trail {

enum class Offence { WrongKey, WrongRole, PathTrick, Replay, OtherSite };

inline std::span<const std::string_view> names_of(Offence) {
    static constexpr std::array<std::string_view, 5> kNames = {
        "wrong_key", "wrong_role", "path_trick", "replayed_feedback", "other_site"
    };
    return kNames;
}

/// The same offence of the same caller from the same address, since the last take().
struct RefusalTally {
    Offence offence = Offence::WrongKey;
    std::string who;    ///< Name of the key; "" = none that is known.
    std::string from;   ///< Address; "" with `others`.
    std::string about;  ///< The route it was first tried on.
    std::int64_t count = 0;
    bool others = false;  ///< Those for whom there was no line any more.
};

class Refusals {
  public:
    /// Lines between two take()s; what comes beyond is counted by offence.
    static constexpr std::size_t kLines = 16;

    /// Any thread; waits for nobody who waits.
    void add(
        Offence offence,
        std::string_view who,
        std::string_view from,
        std::string_view about,
        std::int64_t count = 1
    );

    /// All of them, once.
    [[nodiscard]] std::vector<RefusalTally> take();

  private:
    std::mutex mutex_;
    std::vector<RefusalTally> lines_;
    std::array<std::int64_t, 4> beyond_{};
};

}  // namespace flywheel::trail
