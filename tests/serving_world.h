#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the room serving needs, small and in memory, for its own tests and the gateway's: an engine
// whose answers can be computed by hand, a vault, a recorder, and records put into a ledger.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/rng.h"
#include "plain_ledger.h"
#include "ports/engine/engine.h"
#include "ports/recorder.h"
#include "ports/vault/vault.h"
#include "rooms/serving/serving.h"

namespace flywheel::testing {

/// Artefact "p0,p1,...": these scores for every text, but a text that begins with a digit d gets
/// class d with .75. The embedding's first place is the text's length, not of unit length, so that
/// it can be recognised.
class HandModel final : public Model {
  public:
    explicit HandModel(std::vector<float> scores) : scores_(std::move(scores)) {}

    [[nodiscard]] std::int32_t classes() const override {
        return static_cast<std::int32_t>(scores_.size());
    }

    [[nodiscard]] std::int32_t embedding_size() const override { return 4; }

    [[nodiscard]] std::size_t memory_bytes() const override { return 1000; }

    void predict(std::string_view text, std::span<float> scores, std::span<float> embedding)
        const override {
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
};

class HandEngine final : public Engine {
  public:
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
        return std::shared_ptr<const Model>(std::make_shared<HandModel>(std::move(scores)));
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

/// Keeps what it is given; also looks rows up and takes feedback, as capture does.
class MemoryCapture final : public Recorder, public FeedbackSink, public CapturedRows {
  public:
    void record(Prediction&& row) override {
        const std::scoped_lock lock(mutex_);
        rows_.push_back(std::move(row));
    }

    Result<FeedbackReceipt> submit_feedback(std::vector<Feedback> feedback) override {
        const std::scoped_lock lock(mutex_);
        if (disk_full) {
            return make_error(
                Code::Unavailable, "Feedback cannot be stored: no space left on the disk"
            );
        }
        FeedbackReceipt receipt;
        for (Feedback& one : feedback) {
            receipt.accepted += 1;
            feedback_.push_back(std::move(one));
        }
        return receipt;
    }

    Result<std::vector<Prediction>> predictions(const std::string& /*model*/, TimeRange /*range*/)
        const override {
        const std::scoped_lock lock(mutex_);
        return rows_;
    }

    Result<std::vector<Feedback>> feedback(const std::string& /*model*/, TimeRange /*arrived*/)
        const override {
        const std::scoped_lock lock(mutex_);
        return feedback_;
    }

    Result<CapturedRequest> find(const std::string& model, const std::string& id) const override {
        const std::scoped_lock lock(mutex_);
        CapturedRequest found;
        for (const Prediction& row : rows_) {
            if (row.model == model && (row.request_id == id || row.id.text() == id)) {
                found.rows.push_back(row);
            }
        }
        for (const Feedback& one : feedback_) {
            if (one.target == id) {
                found.feedback.push_back(one);
            }
        }
        if (found.rows.empty()) {
            return not_found("Nothing was captured under this id: '" + id + "'");
        }
        return found;
    }

    Result<void> flush() const override { return {}; }

    [[nodiscard]] std::vector<Prediction> rows() const {
        const std::scoped_lock lock(mutex_);
        return rows_;
    }

    [[nodiscard]] std::vector<Feedback> said() const {
        const std::scoped_lock lock(mutex_);
        return feedback_;
    }

    bool disk_full = false;

  private:
    mutable std::mutex mutex_;
    std::vector<Prediction> rows_;
    std::vector<Feedback> feedback_;
};

/// A served model "m" with labels a, b, c and whatever a test adds.
struct ServingWorld {
    PlainLedger ledger;
    MemoryVault vault;
    HandEngine engine;
    MemoryCapture capture;
    ManualClock clock{*parse_time("2026-03-01T12:00:00Z")};
    Rng rng{1};
    serving::Serving serving{
        Reader<Rollout>(ledger),
        Reader<ModelVersion>(ledger),
        Reader<Correction>(ledger),
        vault,
        engine,
        capture,
        clock
    };

    void add_version(const std::string& model, std::int64_t number, const std::string& artefact) {
        ModelVersion version;
        version.id = Id<ModelVersion>::random(clock.now(), rng);
        version.model = model;
        version.number = number;
        version.engine = "hand";
        version.artefact = *vault.put(artefact);
        version.labels = {"a", "b", "c"};
        CHECK(Writer<ModelVersion>(ledger).insert(version).has_value());
    }

    void roll_out(const std::string& model, std::int64_t number) {
        Rollout rollout;
        rollout.id = Id<Rollout>::random(clock.now(), rng);
        rollout.model = model;
        rollout.seq = ++rollouts_;
        rollout.to_version = number;
        CHECK(Writer<Rollout>(ledger).insert(rollout).has_value());
    }

    void add_correction(std::int64_t version, std::vector<double> current, bool enabled) {
        clock.advance(std::chrono::seconds(1));
        Correction correction;
        correction.id = Id<Correction>::random(clock.now(), rng);
        correction.model = "m";
        correction.version = version;
        correction.trained_prior = {0.25, 0.25, 0.5};
        correction.current_prior = std::move(current);
        correction.enabled = enabled;
        correction.created = clock.now();
        CHECK(Writer<Correction>(ledger).insert(correction).has_value());
    }

  private:
    std::int64_t rollouts_ = 0;
};

}  // namespace flywheel::testing
