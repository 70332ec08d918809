// SPDX-License-Identifier: Apache-2.0
#include "rooms/monitoring/watch_state.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/json_value.h"

namespace flywheel::monitoring {

namespace {

constexpr int kContentVersion = 1;
constexpr double kNamedShare = 0.8;

double days(Duration span) {
    return std::chrono::duration<double, std::ratio<86'400>>(span).count();
}

Time time_of(const Json& value) {
    return Time(Duration(value.get<std::int64_t>()));
}

Json sums_json(const WindowSums& sums) {
    return {
        {"rows", sums.rows},
        {"class_counts", sums.class_counts},
        {"embedding_rows", sums.embedding_rows},
        {"embedding_sums", sums.embedding_sums}
    };
}

WindowSums sums_from(const Json& json) {
    WindowSums sums;
    sums.rows = json.at("rows").get<std::int64_t>();
    sums.class_counts = json.at("class_counts").get<std::vector<std::int64_t>>();
    sums.embedding_rows = json.at("embedding_rows").get<std::int64_t>();
    sums.embedding_sums = json.at("embedding_sums").get<std::vector<std::int64_t>>();
    return sums;
}

Json reference_json(const Reference& reference) {
    std::vector<std::int64_t> basis;
    for (const double cell : reference.frame.basis) {
        basis.push_back(std::llround(cell * kBasisQuantum));
    }
    return {
        {"sums", sums_json(reference.sums)},
        {"class_design_effect", reference.class_design_effect},
        {"embedding_design_effect", reference.embedding_design_effect},
        {"frame",
         {{"width", reference.frame.width},
          {"covariance_rows", reference.frame.covariance_rows},
          {"basis", basis}}}
    };
}

Reference reference_from(const Json& json) {
    Reference reference;
    reference.sums = sums_from(json.at("sums"));
    reference.class_design_effect = json.at("class_design_effect").get<double>();
    reference.embedding_design_effect = json.at("embedding_design_effect").get<double>();
    const Json& frame = json.at("frame");
    reference.frame.width = frame.at("width").get<std::size_t>();
    reference.frame.covariance_rows = frame.at("covariance_rows").get<double>();
    for (const auto& cell : frame.at("basis")) {
        reference.frame.basis.push_back(
            static_cast<double>(cell.get<std::int64_t>()) / kBasisQuantum
        );
    }
    return reference;
}

Json chain_json(const ChainState& chain, const Reading& reading) {
    return {
        {"m", chain.evidence.m},
        {"w", chain.evidence.onset},
        {"onset", micros(chain.onset)},
        {"quiet", chain.quiet},
        {"excluded", chain.excluded},
        {"applicable", chain.applicable},
        {"p", reading.p},
        {"e", reading.e},
        {"effect", reading.effect},
        {"noise", reading.noise},
        {"n_used", reading.rows_used},
        {"category", reading.category}
    };
}

void chain_from(const Json& json, ChainState& chain, Reading& reading) {
    chain.evidence.m = json.at("m").get<double>();
    chain.evidence.onset = json.at("w").get<double>();
    chain.onset = time_of(json.at("onset"));
    chain.quiet = json.at("quiet").get<int>();
    chain.excluded = json.at("excluded").get<bool>();
    chain.applicable = json.at("applicable").get<bool>();
    reading.applicable = chain.applicable;
    reading.p = json.at("p").get<double>();
    reading.e = json.at("e").get<double>();
    reading.effect = json.at("effect").get<double>();
    reading.noise = json.at("noise").get<double>();
    reading.rows_used = json.at("n_used").get<double>();
    reading.category = json.at("category").get<std::int64_t>();
}

Content content_from(const Json& json) {
    Content content;
    content.sums = sums_from(json.at("sums"));
    content.tested = json.at("tested").get<bool>();
    content.state.run_begin = time_of(json.at("run_begin"));
    content.state.reset = time_of(json.at("reset"));
    content.state.carried_from = time_of(json.at("carried_from"));
    for (std::size_t i = 0; i < kChains; ++i) {
        const Json& chain = json.at("chains").at(std::string(kFamilies[i]));
        chain_from(chain, content.state.chains[i], content.readings[i]);
    }
    if (json.contains("reference")) {
        content.reference = reference_from(json.at("reference"));
    }
    return content;
}

}  // namespace

void WatchState::reset_chains(Time at) {
    for (auto& chain : chains) {
        chain = {};
        chain.onset = at;
    }
    reset = at;
}

double WatchState::weight(std::size_t chain) const {
    const auto testable = std::count_if(chains.begin(), chains.end(), [](const ChainState& each) {
        return each.applicable;
    });
    return chains[chain].applicable ? 1 / static_cast<double>(testable) : 0;
}

double WatchState::evidence() const {
    double sum = 0;
    for (std::size_t i = 0; i < kChains; ++i) {
        sum += chains[i].excluded ? 0 : weight(i) * chains[i].evidence.m;
    }
    return sum;
}

void WatchState::add(
    TimeRange window, const Readings& readings, const std::array<double, kChains>& gates
) {
    const std::array<const Reading*, kChains> by_chain = {&readings.classes, &readings.embedding};
    for (std::size_t i = 0; i < kChains; ++i) {
        ChainState& chain = chains[i];
        const Reading& reading = *by_chain[i];
        chain.applicable = reading.applicable;
        if (!reading.applicable) {
            continue;
        }
        if (chain.evidence.onset <= 1) {
            chain.onset = window.begin;
        }
        chain.evidence.add(reading.e, days(window.end - window.begin));
        const bool small = reading.effect < std::max(gates[i] / 2, reading.noise);
        chain.quiet = reading.e < 1 && small ? chain.quiet + 1 : 0;
    }
}

std::vector<std::size_t> WatchState::named(Time now) const {
    std::vector<std::size_t> candidates;
    std::vector<double> evidence_at_day;
    for (std::size_t i = 0; i < kChains; ++i) {
        if (!chains[i].excluded && chains[i].applicable) {
            candidates.push_back(i);
            evidence_at_day.push_back(chains[i].evidence.m / std::max(1e-9, days(now - reset)));
        }
    }
    std::vector<std::size_t> names;
    for (const std::size_t at : stats::e_benjamini_hochberg(evidence_at_day)) {
        names.push_back(candidates[at]);
    }
    std::stable_sort(candidates.begin(), candidates.end(), [&](std::size_t a, std::size_t b) {
        return weight(a) * chains[a].evidence.m > weight(b) * chains[b].evidence.m;
    });
    double covered = 0;
    for (std::size_t i = 0; names.size() <= i && i < candidates.size(); ++i) {
        if (covered >= kNamedShare * evidence()) {
            break;
        }
        names.push_back(candidates[i]);
        covered += weight(candidates[i]) * chains[candidates[i]].evidence.m;
    }
    std::sort(names.begin(), names.end());
    return names;
}

JsonText to_content(const Content& content) {
    Json json = {
        {"format", kContentVersion},
        {"sums", sums_json(content.sums)},
        {"tested", content.tested},
        {"run_begin", micros(content.state.run_begin)},
        {"reset", micros(content.state.reset)},
        {"carried_from", micros(content.state.carried_from)}
    };
    for (std::size_t i = 0; i < kChains; ++i) {
        json["chains"][std::string(kFamilies[i])] =
            chain_json(content.state.chains[i], content.readings[i]);
    }
    if (content.reference) {
        json["reference"] = reference_json(*content.reference);
    }
    return {canonical(json)};
}

Result<Content> from_content(const JsonText& text) {
    auto parsed = parse_json(text.text);
    if (!parsed) {
        return corrupt("Profile content is not JSON: " + parsed.error().message);
    }
    try {
        return content_from(*parsed);
    } catch (const Json::exception& wrong) {
        return corrupt(std::string("Profile content lacks a part: ") + wrong.what());
    }
}

}  // namespace flywheel::monitoring
