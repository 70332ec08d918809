// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/staging/row_intake.h"

#include "base/hash.h"

namespace flywheel {

CapturePolicy::Verdict RowIntake::judge(const Prediction& row) {
    const double factor = pressure_.factor();
    const auto verdict = plan_.policy.judge(row, factor, incident_);
    if (!quotas_.are_set()) {
        return verdict;
    }
    const double share = quotas_.share(row.key_name, row.time, verdict.probability);
    return plan_.policy.judge(row, factor * share, incident_);
}

RowIntake::Outcome RowIntake::take(Prediction&& row) {
    if (pressure_.refuses_rows()) {
        buffers_.pass_over(RowBuffers::Reason::Disk);
        return Outcome::Dropped;
    }
    const auto verdict = judge(row);
    if (!verdict.kept) {
        buffers_.pass_over(RowBuffers::Reason::SampledAway);
        return Outcome::SampledAway;
    }
    // What serving sampled itself (a share of shadows) is in the row already.
    row.propensity *= verdict.probability;
    row.policy = plan_.policy.rules()[verdict.rule];
    row.instance = plan_.instance;
    if (!row.raw_subject.empty()) {
        row.subject = plan_.key.hmac(row.raw_subject);
    }
    if (pressure_.thins()) {
        thin(row);
    }
    switch (buffers_.add(std::move(row), verdict.rule)) {
        case RowBuffers::Outcome::Stored:
            return Outcome::Taken;
        case RowBuffers::Outcome::StoredHalfFull:
            return Outcome::TakenHalfFull;
        case RowBuffers::Outcome::Dropped:
            break;
    }
    return Outcome::Dropped;
}

/// A payload's digest stays: rows of one content are known by it.
void RowIntake::thin(Prediction& row) const {
    row.thin = true;
    if (plan_.policy.keeps_payload(row.id)) {
        return;
    }
    if (row.payload_digest.is_zero() && !row.payload.empty()) {
        row.payload_digest = sha256(row.payload);
    }
    row.payload = std::string();
    row.embedding = {};
}

}  // namespace flywheel
