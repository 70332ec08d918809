// SPDX-License-Identifier: Apache-2.0
#include "records/rollout_fold.h"

namespace flywheel {

void RolloutFold::add(const Rollout& event) {
    newest_ = event;
    const bool of_live = live_ && live_->rollout == event.rollout;
    switch (event.state) {
        case RolloutState::Shadow:
        case RolloutState::Canary:
            live_ = event;
            return;
        case RolloutState::Done:
            live_.reset();
            standing_.push_back(event);
            moved_ = event;
            return;
        case RolloutState::RolledBack:
            if (!of_live && !standing_.empty()) {
                standing_.pop_back();
                moved_ = event;
            }
            break;
        case RolloutState::Cancelled:
            break;
    }
    if (of_live) {
        live_.reset();
    }
}

RolloutLabels RolloutFold::labels() const {
    RolloutLabels labels;
    const std::size_t count = standing_.size();
    labels.stable = count > 0 ? standing_[count - 1].to_version : 0;
    labels.previous = count > 1 ? standing_[count - 2].to_version : 0;
    if (live_) {
        auto& label = live_->state == RolloutState::Canary ? labels.canary : labels.shadow;
        label = live_->to_version;
    }
    return labels;
}

}  // namespace flywheel
