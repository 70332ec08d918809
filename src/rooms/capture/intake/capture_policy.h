#pragma once
// SPDX-License-Identifier: Apache-2.0
// CapturePolicy: which served rows are kept, and with which probability. Rules say `when` a row
// matches and how much of such rows to `keep`; one uniform number per row decides, so the stored
// propensity is exact and totals over traffic are sums of value/propensity (Horvitz and Thompson,
// JASA 1952). Made from the settings by app/, asked by capture; immutable, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/prediction.h"
#include "rooms/capture/intake/row_condition.h"

namespace flywheel {

/// As it stands in the settings.
struct CaptureRule {
    std::string name;
    std::string when;  ///< See row_condition.h; "" = every row.
    double keep = 1;   ///< Probability, from 0 to 1.
};

class CapturePolicy {
  public:
    struct Verdict {
        bool kept = true;
        double probability = 1;
        std::size_t rule = 0;  ///< The matching rule that keeps most.
    };

    /// Keeps everything, by a rule named "default".
    CapturePolicy();
    /// InvalidArgument names the rule that is wrong, or says that a row could match no rule with
    /// keep > 0 (totals over such traffic could not be estimated).
    static Result<CapturePolicy> make(const std::vector<CaptureRule>& rules, std::uint64_t seed);

    /// The row is kept iff u < p: u = XXH3_64(seed, id) / 2^64, p = the greatest keep of the rules
    /// that match, times `factor`.
    [[nodiscard]] Verdict judge(const Prediction& row, double factor, bool incident) const;
    /// While rows are thinned: does this one keep its payload? Independent of judge().
    [[nodiscard]] bool keeps_payload(const Id<Prediction>& id) const;

    [[nodiscard]] const std::vector<std::string>& rules() const { return names_; }

  private:
    struct Rule {
        RowCondition when;
        double keep = 1;
    };

    [[nodiscard]] Result<void> check_coverage() const;

    std::vector<std::string> names_;
    std::vector<Rule> rules_;
    std::uint64_t seed_ = 0;
    bool keeps_all_ = false;  ///< The first rule matches every row and keeps it.
};

}  // namespace flywheel
