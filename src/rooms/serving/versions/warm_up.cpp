// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/versions/warm_up.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "records/payload.h"
#include "rooms/serving/versions/warm_up_rows.h"

namespace flywheel::serving {

namespace {

/// A model that takes long for a row is warm after fewer of them.
constexpr std::chrono::seconds kEnough{10};

Result<void> try_text(const ServedVersion& version, std::string_view text) {
    std::vector<float> scores(version.classes());
    std::vector<float> embedding(version.embedding_size());
    version.weights->predict(text, scores, embedding);
    const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
    if (std::abs(sum - 1.0) < 1e-3) {
        return {};
    }
    return corrupt(fmt::format(
        "Model's scores do not sum to 1: {} version {}, sum {}", version.model, version.number, sum
    ));
}

bool has_free_dimension(const TensorSpec& spec, bool batches) {
    return std::any_of(spec.shape.begin() + (batches ? 1 : 0), spec.shape.end(), [](auto size) {
        return size < 0;
    });
}

Result<void> run(const ServedVersion& version, const WarmUpBatch& batch) {
    std::vector<std::size_t> wanted(version.signature.outputs.size());
    std::iota(wanted.begin(), wanted.end(), std::size_t{0});
    TRY(version.tensors()->run(batch.views(), wanted));
    return {};
}

/// An error of a model that says nothing of its sizes may be one of the sizes that were tried.
Result<void> unless_free(const ServedVersion& version, Result<void> ran) {
    const Signature& signature = version.signature;
    if (ran || std::ranges::none_of(signature.inputs, [&](const TensorSpec& spec) {
            return has_free_dimension(spec, signature.batches);
        })) {
        return ran;
    }
    log_warn(
        "model not warmed up: its free dimensions do not take what was tried",
        {{"model", version.model}, {"error", ran.error().message}}
    );
    return {};
}

/// Rows that were answered before, each alone: places of those that this version answers too, at
/// least one. That others fail says more of them than of it: a version that is served must start
/// again whatever it was asked.
Result<std::vector<std::size_t>> run_alone(const ServedVersion& version, const WarmUpRows& rows) {
    const auto begun = std::chrono::steady_clock::now();
    std::vector<std::size_t> good;
    Result<void> failed;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto ran = run(version, rows.batch(std::span(&row, 1), 1));
        if (ran) {
            good.push_back(row);
        } else if (failed) {
            failed = ran;
        }
        if (!good.empty() && std::chrono::steady_clock::now() - begun > kEnough) {
            break;
        }
    }
    if (good.empty()) {
        return failed.error();
    }
    if (!failed) {
        log_warn(
            "warm-up: the model does not answer some captured rows",
            {{"model", version.model}, {"error", failed.error().message}}
        );
    }
    return good;
}

Result<void> warm_tensors(
    const ServedVersion& version, std::span<const CapturedPayload> captured, std::int64_t max_batch
) {
    const Signature& signature = version.signature;
    const WarmUpRows rows(signature, captured);
    std::vector<std::size_t> good;
    if (rows.size() > 0) {
        good = TRY(run_alone(version, rows));
    } else {
        TRY(unless_free(version, run(version, zeros(signature, 1))));
    }
    if (!signature.batches) {
        return {};
    }
    for (const std::int64_t size : {std::min<std::int64_t>(8, max_batch), max_batch}) {
        const WarmUpBatch batch = good.empty() ? zeros(signature, size)
                                               : rows.batch(good, static_cast<std::size_t>(size));
        TRY(unless_free(version, run(version, batch)));
    }
    return {};
}

}  // namespace

Result<void> warm_up(
    const ServedVersion& version, std::span<const CapturedPayload> captured, std::int64_t max_batch
) {
    if (version.tensors() != nullptr) {
        return warm_tensors(version, captured, max_batch);
    }
    for (const std::string_view text : {"a", "warm up", "\xEC\x98\x88\xEC\x97\xB4 2020"}) {
        TRY(try_text(version, text));
    }
    for (const CapturedPayload& payload : captured) {
        if (payload.media_type.empty() || payload.media_type == kTextPayload) {
            TRY(try_text(version, payload.bytes));
        }
    }
    return {};
}

}  // namespace flywheel::serving
