// SPDX-License-Identifier: Apache-2.0
// Accuracy of what was served, from the uniform audit arm only.
#include <algorithm>

#include "ports/ledger/current_label.h"
#include "rooms/monitoring/monitoring.h"
#include "stats/interval.h"

namespace flywheel::monitoring {

AuditedAccuracy accuracy_of(const AuditedRows& audited) {
    AuditedAccuracy result;
    result.missing = audited.missing;
    std::vector<stats::Drawn> sample;
    for (const auto& row : audited.rows) {
        const bool right = row.answer == row.label;
        result.right += right ? 1 : 0;
        sample.push_back({right ? 1.0 : 0.0, row.probability});
    }
    const auto mean = stats::hajek(sample);
    result.n = mean.n;
    result.accuracy = mean.mean;
    result.n_effective = mean.n_effective;
    const double shown = std::clamp(mean.mean, 0.0, 1.0);
    const auto interval = stats::wilson({shown * mean.n_effective, mean.n_effective});
    result.lower = interval.lower;
    result.upper = interval.upper;
    return result;
}

Result<AuditedRows> Monitoring::audited_rows(const std::string& model, TimeRange window) const {
    const auto audits = TRY(tasks_.select(Where<LabelTask>()
                                              .eq(&LabelTask::model, model)
                                              .eq(&LabelTask::arm, Arm::Audit)
                                              .gt(&LabelTask::window_end, window.begin)
                                              .le(&LabelTask::window_end, window.end)
                                              .ge(&LabelTask::window_begin, window.begin)));
    AuditedRows audited;
    for (const auto& task : audits) {
        if (!task.probability || !(*task.probability > 0 && *task.probability <= 1)) {
            return corrupt("An audit task has no usable probability: " + task.id.text());
        }
        const auto label = TRY(current_label(events_, task.model, task.item));
        if (label) {
            audited.rows.push_back({task.item, *task.probability, *label, task.suggested});
        } else {
            ++audited.missing;
        }
    }
    return audited;
}

Result<AuditedAccuracy> Monitoring::audited_accuracy(const std::string& model, TimeRange window)
    const {
    return accuracy_of(TRY(audited_rows(model, window)));
}

Result<std::vector<int>> Monitoring::last_audits(
    const std::string& model, Time until, std::int64_t count
) const {
    auto audits = TRY(tasks_.select(Where<LabelTask>()
                                        .eq(&LabelTask::model, model)
                                        .eq(&LabelTask::arm, Arm::Audit)
                                        .le(&LabelTask::window_end, until)));
    // Ids of predictions begin with the time of serving.
    std::sort(audits.begin(), audits.end(), [](const LabelTask& a, const LabelTask& b) {
        return a.prediction > b.prediction;
    });
    std::vector<int> bits;
    for (const auto& task : audits) {
        if (static_cast<std::int64_t>(bits.size()) >= count) {
            break;
        }
        if (const auto label = TRY(current_label(events_, task.model, task.item))) {
            bits.push_back(*label == task.suggested ? 1 : 0);
        }
    }
    std::reverse(bits.begin(), bits.end());
    return bits;
}

}  // namespace flywheel::monitoring
