#pragma once
// SPDX-License-Identifier: Apache-2.0
// Tells people through the log: the notifier that needs no setting. Made by app/. Any thread may
// call.

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "ports/notify/notifier.h"

namespace flywheel::notify {

class LogNotifier final : public Notifier {
  public:
    /// A notice whose key was told less than this ago is dropped.
    static constexpr Duration kQuiet = std::chrono::hours(1);

    /// `clock` must outlive it.
    explicit LogNotifier(const Clock& clock) : clock_(clock) {}

    /// One line "notice" with key, model and text. Never fails.
    Result<void> tell(const Notice& notice) override;

  private:
    [[nodiscard]] bool is_repeat(const std::string& key);

    const Clock& clock_;
    std::mutex mutex_;
    std::map<std::string, Time> told_;  ///< When each key was last told; old ones are forgotten.
};

}  // namespace flywheel::notify
