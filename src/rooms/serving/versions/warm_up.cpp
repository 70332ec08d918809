// SPDX-License-Identifier: Apache-2.0
#include "rooms/serving/versions/warm_up.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"

namespace flywheel::serving {

namespace {

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

/// Zeros, or empty byte strings, for every input.
class Zeros {
  public:
    Zeros(const Signature& signature, std::int64_t rows) {
        tensors_.reserve(signature.inputs.size());
        for (const TensorSpec& spec : signature.inputs) {
            Tensor& tensor = tensors_.emplace_back();
            tensor.type = spec.type;
            for (const std::int64_t size : spec.shape) {
                const bool batch = signature.batches && tensor.shape.empty();
                CHECK(tensor.shape.push_back(batch ? rows : std::max<std::int64_t>(size, 1)));
            }
            const std::size_t count = element_count(tensor.shape).value_or(0);
            if (tensor.type == DataType::Bytes) {
                strings_.emplace_back(count);
                views_.push_back({tensor.type, tensor.shape, {}, strings_.back()});
                continue;
            }
            const auto bytes = tensor.bytes.resize(count * item_size(tensor.type));
            std::fill(bytes.begin(), bytes.end(), std::byte{0});
            views_.push_back({tensor.type, tensor.shape, bytes, {}});
        }
    }

    [[nodiscard]] std::span<const TensorView> views() const { return views_; }

  private:
    std::vector<Tensor> tensors_;
    std::vector<std::vector<std::string_view>> strings_;
    std::vector<TensorView> views_;
};

Result<void> try_tensors(const ServedVersion& version, std::int64_t rows) {
    const Signature& signature = version.signature;
    std::vector<std::size_t> wanted(signature.outputs.size());
    std::iota(wanted.begin(), wanted.end(), std::size_t{0});
    const Zeros zeros(signature, rows);
    const auto ran = version.tensors()->run(zeros.views(), wanted);
    if (ran) {
        return {};
    }
    const bool free =
        std::any_of(signature.inputs.begin(), signature.inputs.end(), [&](const TensorSpec& spec) {
            return has_free_dimension(spec, signature.batches);
        });
    if (!free) {
        return ran.error();
    }
    log_warn(
        "model not warmed up: its free dimensions take no zeros of size 1",
        {{"model", version.model}, {"error", ran.error().message}}
    );
    return {};
}

}  // namespace

Result<void> warm_up(
    const ServedVersion& version, std::span<const std::string> texts, std::int64_t max_batch
) {
    if (version.tensors() == nullptr) {
        for (const std::string_view text : {"a", "warm up", "\xEC\x98\x88\xEC\x97\xB4 2020"}) {
            TRY(try_text(version, text));
        }
        for (const std::string& text : texts) {
            TRY(try_text(version, text));
        }
        return {};
    }
    if (!version.signature.batches) {
        return try_tensors(version, 1);
    }
    for (const std::int64_t rows :
         {std::int64_t{1}, std::min<std::int64_t>(8, max_batch), max_batch}) {
        TRY(try_tensors(version, rows));
    }
    return {};
}

}  // namespace flywheel::serving
