#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the room serving needs, small and in memory, for its own tests and the gateway's: a
// recorder, and records put into a ledger.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/rng.h"
#include "hand_engine.h"
#include "plain_ledger.h"
#include "ports/recorder.h"
#include "records/feedback.h"
#include "rooms/serving/serving.h"

namespace flywheel::testing {

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

    Result<std::vector<CapturedPayload>> recent_payloads(const std::string& model, std::size_t most)
        const override {
        const std::scoped_lock lock(mutex_);
        std::vector<CapturedPayload> payloads;
        for (auto row = rows_.rbegin(); row != rows_.rend() && payloads.size() < most; ++row) {
            if (row->model == model && row->status == 200 && !row->payload.empty()) {
                payloads.push_back({row->media_type, row->payload});
            }
        }
        return payloads;
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
                const Prediction* row = row_meant(one, found.rows);
                found.about.push_back(row != nullptr ? row->id : Id<Prediction>{});
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
    explicit ServingWorld(const serving::Plan& wanted = {}) : plan(wanted) {}

    serving::Plan plan;
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
        clock,
        warmed_by(plan, capture)
    };

    void add_version(const std::string& model, std::int64_t number, const std::string& artefact) {
        ModelVersion version;
        version.id = Id<ModelVersion>::random(clock.now(), rng);
        version.model = model;
        version.number = number;
        version.engine = "hand";
        version.artefact = *vault.put(artefact);
        if (artefact.find(' ') == std::string::npos) {  // a model over tensors has no labels
            version.labels = {"a", "b", "c"};
        }
        CHECK(Writer<ModelVersion>(ledger).insert(version).has_value());
    }

    void roll_out(const std::string& model, std::int64_t number) {
        Rollout rollout;
        rollout.id = Id<Rollout>::random(clock.now(), rng);
        rollout.model = model;
        rollout.rollout = rollout.id;
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
    static serving::Plan warmed_by(serving::Plan plan, const MemoryCapture& capture) {
        plan.captured = &capture;
        return plan;
    }

    std::int64_t rollouts_ = 0;
};

}  // namespace flywheel::testing
