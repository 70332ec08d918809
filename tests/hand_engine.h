#pragma once
// SPDX-License-Identifier: Apache-2.0
// An engine whose answers can be computed by hand, and a vault in memory.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "ports/engine/tensor_model.h"
#include "ports/vault/vault.h"

namespace flywheel::testing {

/// Counts a live model, or what models ran.
using SharedCount = std::shared_ptr<std::atomic<int>>;

/// One while it lives.
class CountedLife {
  public:
    explicit CountedLife(SharedCount count) : count_(std::move(count)) { ++*count_; }

    ~CountedLife() { --*count_; }

    CountedLife(const CountedLife&) = delete;
    CountedLife& operator=(const CountedLife&) = delete;

  private:
    SharedCount count_;
};

/// Artefact "p0,p1,...": these scores for every text, but a text that begins with a digit d gets
/// class d with .75. The embedding's first place is the text's length, not of unit length, so that
/// it can be recognised.
class HandModel final : public Model {
  public:
    HandModel(std::vector<float> scores, SharedCount alive, SharedCount predicted)
        : scores_(std::move(scores)), alive_(std::move(alive)), predicted_(std::move(predicted)) {}

    [[nodiscard]] std::int32_t classes() const override {
        return static_cast<std::int32_t>(scores_.size());
    }

    [[nodiscard]] std::int32_t embedding_size() const override { return 4; }

    [[nodiscard]] std::size_t memory_bytes() const override { return 1000; }

    void predict(std::string_view text, std::span<float> scores, std::span<float> embedding)
        const override {
        predicted_->fetch_add(1, std::memory_order_relaxed);
        std::copy(scores_.begin(), scores_.end(), scores.begin());
        const auto digit = static_cast<std::size_t>(text.empty() ? 99 : text.front() - '0');
        if (digit < scores.size()) {
            std::fill(scores.begin(), scores.end(), 0.25F / static_cast<float>(scores.size() - 1));
            scores[digit] = 0.75F;
        }
        std::fill(embedding.begin(), embedding.end(), 0.0F);
        if (!embedding.empty()) {
            embedding[0] = static_cast<float>(text.size());
        }
    }

  private:
    std::vector<float> scores_;
    CountedLife alive_;
    SharedCount predicted_;
};

/// Artefact "echo TYPE d1 d2 ...": output "y" is input "x", a row at a time; -1 is a free
/// dimension. "pair TYPE ..." also has an input "z", which it ignores; "break TYPE ..." gives no
/// output; "classes TYPE ..." says that "y" are scores of the classes 0, 1, ..., and has the same
/// again as "embedding".
class EchoModel final : public TensorModel {
  public:
    EchoModel(const std::string& artefact, SharedCount alive, SharedCount predicted)
        : alive_(std::move(alive)), predicted_(std::move(predicted)) {
        std::istringstream words(artefact);
        std::string type;
        words >> kind_ >> type;
        TensorSpec spec{"x", data_type_named(type).value(), {-1}};
        for (std::int64_t size = 0; words >> size;) {
            CHECK(spec.shape.push_back(size));
        }
        signature_.inputs = {spec};
        signature_.outputs = {spec};
        signature_.outputs[0].name = "y";
        if (kind_ == "classes") {
            for (std::int64_t label = 0; label < spec.shape[1]; ++label) {
                signature_.outputs[0].labels.push_back(std::to_string(label));
            }
            signature_.outputs.push_back(spec);
            signature_.outputs[1].name = "embedding";
            signature_.outputs[1].only_when_named = true;
        }
        if (kind_ == "pair") {
            signature_.inputs.push_back(spec);
            signature_.inputs[1].name = "z";
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override { return 10; }

    [[nodiscard]] const Signature& signature() const override { return signature_; }

    Result<std::vector<Tensor>> run(
        std::span<const TensorView> inputs, std::span<const std::size_t> wanted
    ) const override {
        CHECK(inputs.size() == signature_.inputs.size());
        predicted_->fetch_add(1, std::memory_order_relaxed);
        std::vector<Tensor> outputs;
        for (std::size_t i = 0; i < wanted.size() && kind_ != "break"; ++i) {
            Tensor& tensor = outputs.emplace_back();
            tensor.type = inputs[0].type;
            tensor.shape = inputs[0].shape;
            const auto bytes = tensor.bytes.resize(inputs[0].bytes.size());
            std::copy(inputs[0].bytes.begin(), inputs[0].bytes.end(), bytes.begin());
            tensor.strings.assign(inputs[0].strings.begin(), inputs[0].strings.end());
        }
        return outputs;
    }

  private:
    std::string kind_;
    Signature signature_;
    CountedLife alive_;
    SharedCount predicted_;
};

class HandEngine : public Engine {
  public:
    std::shared_ptr<const Model> own;  ///< What the artefact "own model" loads.
    SharedCount alive = std::make_shared<std::atomic<int>>(0);      ///< Models that are loaded.
    SharedCount predicted = std::make_shared<std::atomic<int>>(0);  ///< Engine calls.

    [[nodiscard]] std::string_view name() const override { return "hand"; }

    Result<FittedModel> fit(
        const TrainingSet& /*set*/,
        const EngineSettings& /*settings*/,
        std::uint64_t /*seed*/,
        const FitObserver& /*observer*/
    ) const override {
        return invalid_argument("This engine does not fit");
    }

    Result<std::string> pack(std::string_view weights) const override {
        return std::string(weights);
    }

    Result<std::shared_ptr<const Model>> load(std::string_view artefact) const override {
        for (const std::string_view kind : {"echo ", "pair ", "break "}) {
            if (artefact.starts_with(kind)) {
                return std::shared_ptr<const Model>(
                    std::make_shared<EchoModel>(std::string(artefact), alive, predicted)
                );
            }
        }
        if (artefact == "own model") {
            return own;
        }
        std::vector<float> scores;
        const std::string text(artefact);
        for (std::size_t at = 0; at < text.size(); at = text.find_first_of(",", at) + 1) {
            scores.push_back(std::strtof(text.c_str() + at, nullptr));
            if (text.find(',', at) == std::string::npos) {
                break;
            }
        }
        if (scores.size() < 2) {
            return corrupt("Artefact is damaged");
        }
        return std::shared_ptr<const Model>(
            std::make_shared<HandModel>(std::move(scores), alive, predicted)
        );
    }

    [[nodiscard]] std::vector<EngineSettings> suggest(std::uint64_t /*seed*/, int /*count*/)
        const override {
        return {};
    }

    [[nodiscard]] EngineSettings at_effort(const EngineSettings& settings, double /*effort*/)
        const override {
        return settings;
    }
};

class MemoryVault final : public Vault {
  public:
    Result<Digest> put(std::string_view bytes) override {
        const Digest digest = sha256(bytes);
        blobs_[digest] = bytes;
        return digest;
    }

    Result<std::string> get(const Digest& digest) const override {
        const auto found = blobs_.find(digest);
        if (found == blobs_.end()) {
            return not_found("No such blob: " + digest.hex());
        }
        return found->second;
    }

    Result<bool> has(const Digest& digest) const override { return blobs_.count(digest) > 0; }

    Result<std::filesystem::path> path_of(const Digest& /*digest*/) const override {
        return not_found("Blobs in memory have no path");
    }

  private:
    std::map<Digest, std::string> blobs_;
};

}  // namespace flywheel::testing
