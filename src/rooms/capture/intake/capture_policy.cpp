// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/intake/capture_policy.h"

#include <array>
#include <cstring>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"

namespace flywheel {

namespace {

/// XXH3_64 of the seed's 8 bytes and the id, as a number in [0, 1).
double uniform_of(std::uint64_t seed, const Id<Prediction>& id) {
    std::array<char, sizeof seed + 16> bytes{};
    std::memcpy(bytes.data(), &seed, sizeof seed);
    std::memcpy(bytes.data() + sizeof seed, id.uuid.bytes.data(), id.uuid.bytes.size());
    return unit_interval(xxh3({bytes.data(), bytes.size()}));
}

/// So that thinning does not depend on sampling.
constexpr std::uint64_t kThinSeed = 0x7468'696E'6E65'6421;

}  // namespace

CapturePolicy::CapturePolicy() : names_{"default"}, rules_{Rule{}}, keeps_all_(true) {}

Result<CapturePolicy> CapturePolicy::make(
    const std::vector<CaptureRule>& rules, std::uint64_t seed
) {
    CapturePolicy policy;
    policy.seed_ = seed;
    if (rules.empty()) {
        return policy;
    }
    policy.names_.clear();
    policy.rules_.clear();
    std::set<std::string> names;
    for (const CaptureRule& rule : rules) {
        if (rule.name.empty() || !names.insert(rule.name).second) {
            return invalid_argument(
                fmt::format("A capture rule needs a name of its own: '{}'", rule.name)
            );
        }
        if (!(rule.keep >= 0 && rule.keep <= 1)) {
            return invalid_argument(fmt::format(
                "A capture rule keeps a share from 0 to 1: '{}' keeps {}", rule.name, rule.keep
            ));
        }
        auto when = RowCondition::parse(rule.when);
        if (!when) {
            return std::move(when).error().within(fmt::format("capture rule '{}'", rule.name));
        }
        policy.names_.push_back(rule.name);
        policy.rules_.push_back({*std::move(when), rule.keep});
    }
    TRY(policy.check_coverage());
    policy.keeps_all_ = policy.rules_[0].when.matches_all() && policy.rules_[0].keep == 1;
    return policy;
}

Result<void> CapturePolicy::check_coverage() const {
    std::vector<const RowCondition*> conditions;
    for (const Rule& rule : rules_) {
        if (rule.keep > 0 && rule.when.matches_all()) {
            return {};
        }
        if (rule.keep > 0) {
            conditions.push_back(&rule.when);
        }
    }
    bool covered = !conditions.empty();
    const bool tried = RowCondition::each_kind_of_row(conditions, [&](const RowFacts& facts) {
        bool matched = false;
        for (const RowCondition* condition : conditions) {
            matched = matched || condition->matches(facts);
        }
        covered = covered && matched;
    });
    if (!tried || !covered) {
        return invalid_argument(
            "A row could match no capture rule with keep > 0, so totals over traffic could not be "
            "estimated; add a rule with when = \"\" and a small keep"
        );
    }
    return {};
}

CapturePolicy::Verdict CapturePolicy::judge(const Prediction& row, double factor, bool incident)
    const {
    Verdict verdict{true, 0, 0};
    if (keeps_all_) {
        verdict.probability = factor;
    } else {
        const RowFacts facts = RowFacts::of(row, incident);
        double most = 0;
        for (std::size_t i = 0; i < rules_.size(); ++i) {
            if (rules_[i].keep > most && rules_[i].when.matches(facts)) {
                most = rules_[i].keep;
                verdict.rule = i;
            }
        }
        verdict.probability = most * factor;
    }
    verdict.kept = verdict.probability >= 1 || uniform_of(seed_, row.id) < verdict.probability;
    return verdict;
}

bool CapturePolicy::keeps_payload(const Id<Prediction>& id) const {
    return uniform_of(seed_ ^ kThinSeed, id) < Prediction::kThinShare;
}

}  // namespace flywheel
