#pragma once
// SPDX-License-Identifier: Apache-2.0
// RowIntake: decides on the request's thread which served rows are kept, and with which
// probability, and leaves those in the buffers. Any thread.

#include <atomic>
#include <cstdint>

#include "rooms/capture/intake/capture_policy.h"
#include "rooms/capture/intake/key_quotas.h"
#include "rooms/capture/intake/pressure.h"
#include "rooms/capture/privacy/secret_key.h"
#include "rooms/capture/staging/row_buffers.h"

namespace flywheel {

class RowIntake {
  public:
    /// All outlive it.
    struct Plan {
        const CapturePolicy& policy;
        const SecretKey& key;  ///< Under which subjects are hashed.
        Uuid instance;
        std::uint64_t key_rows_per_hour = 0;
    };

    RowIntake(Plan plan, RowBuffers& buffers, const Pressure& pressure)
        : plan_(plan), buffers_(buffers), pressure_(pressure), quotas_(plan.key_rows_per_hour) {}

    enum class Outcome { Taken, TakenHalfFull, SampledAway, Dropped };

    /// TakenHalfFull: the writer should come.
    Outcome take(Prediction&& row);

    /// Rules of the policy may ask whether an Incident is open.
    void set_incident(bool open) { incident_ = open; }

    /// Keys whose rows are scaled down by their quota now.
    [[nodiscard]] std::size_t scaled_keys(Time now) const { return quotas_.scaled(now); }

  private:
    [[nodiscard]] CapturePolicy::Verdict judge(const Prediction& row);
    void thin(Prediction& row) const;

    const Plan plan_;
    RowBuffers& buffers_;
    const Pressure& pressure_;
    KeyQuotas quotas_;
    std::atomic<bool> incident_ = false;
};

}  // namespace flywheel
