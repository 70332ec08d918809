// SPDX-License-Identifier: Apache-2.0
#include "ports/notify/log/log_notifier.h"

#include "base/log.h"

namespace flywheel::notify {

bool LogNotifier::is_repeat(const std::string& key) {
    const Time now = clock_.now();
    const std::lock_guard lock(mutex_);
    // A clock that was set back must not keep a key quiet until it has caught up.
    std::erase_if(told_, [&](const auto& entry) {
        return now - entry.second >= kQuiet || entry.second > now;
    });
    return !told_.emplace(key, now).second;
}

Result<void> LogNotifier::tell(const Notice& notice) {
    if (!is_repeat(notice.key)) {
        log_info("notice", {{"key", notice.key}, {"model", notice.model}, {"text", notice.text}});
    }
    return {};
}

}  // namespace flywheel::notify
