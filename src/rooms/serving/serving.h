#pragma once
// SPDX-License-Identifier: Apache-2.0
// The room serving: answers texts with the version that the newest Rollout names, and hands every
// row to the Recorder. infer() may be called by any thread, also while refresh() swaps versions;
// refresh() by any thread, one at a time goes through.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ports/engine/engine.h"
#include "ports/ledger/ledger.h"
#include "ports/recorder.h"
#include "ports/vault/vault.h"
#include "records/correction.h"
#include "records/model_version.h"
#include "records/prediction.h"
#include "records/rollout.h"
#include "rooms/serving/served_version.h"

namespace flywheel::serving {

struct Plan {
    std::size_t max_rows = 4096;               ///< Texts a request; never above 65,536.
    std::size_t max_text_bytes = 1024 * 1024;  ///< One text.
    double prior_discount =
        0.25;  ///< While no class mix is measured, scores are divided by prior^this.
    std::optional<std::uint64_t>
        id_seed;  ///< Set: ids follow from it, the time and the request id (replays).
};

struct InferRequest {
    std::string_view model;
    std::string_view version;     ///< "" or "stable", "previous", or a version's number.
    std::string_view request_id;  ///< "" = the base id becomes it.
    std::span<const std::string_view> texts;  ///< 1 to max_rows, each valid UTF-8 and not empty.
    bool keep_payload = true;                 ///< False: only the digest of each text is recorded.
};

struct InferAnswer {
    std::shared_ptr<const ServedVersion> served;  ///< The version that ran, with its label names.
    Route route = Route::Stable;
    Uuid base_id;  ///< Prediction id of row 0; row r has base_id.with_row(r).
    std::string request_id;
    std::vector<std::int32_t> labels;  ///< [n] class index.
    std::vector<float> scores;         ///< [n, K] as served.
    std::vector<float> embeddings;     ///< [n, E] unit length.

    [[nodiscard]] std::size_t rows() const { return labels.size(); }
};

/// One model as it stands now; for readiness and /v1/status.
struct ModelStatus {
    std::string model;
    std::int64_t stable = 0;          ///< Version number; 0 = nothing is loaded.
    std::int64_t previous = 0;        ///< Loaded for a quick rollback; 0 = none.
    std::vector<std::int64_t> known;  ///< Version numbers in the ledger, rising.
    std::map<std::int64_t, std::shared_ptr<ServedCounts>> counts;  ///< By version ever loaded.
    bool corrected = false;  ///< Label-shift correction is on.
    std::size_t memory_bytes = 0;
    std::int64_t swaps = 0;
    std::int64_t swap_failures = 0;
    std::string reason;  ///< Why the last refresh failed; empty when it did not.
    std::shared_ptr<const ServedVersion> served;  ///< Null when nothing is loaded.

    [[nodiscard]] bool ready() const { return served != nullptr; }
};

/// A pointer that is exchanged now and then while many threads read it. Not
/// std::atomic<std::shared_ptr>: in libstdc++ 12 its load() releases the lock bit relaxed, a race
/// that ThreadSanitizer reports.
template <class T>
class Published {
  public:
    explicit Published(std::shared_ptr<const T> first) : pointer_(std::move(first)) {}

    [[nodiscard]] std::shared_ptr<const T> load() const {
        const std::scoped_lock lock(mutex_);
        return pointer_;
    }

    void store(std::shared_ptr<const T> next) {
        const std::scoped_lock lock(mutex_);
        pointer_.swap(next);  // the old one goes after the lock, with `next`
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> pointer_;
};

class Serving {
  public:
    Serving(
        Reader<Rollout> rollouts,
        Reader<ModelVersion> versions,
        Reader<Correction> corrections,
        const Vault& vault,
        const Engine& engine,
        Recorder& recorder,
        const Clock& clock,
        Plan plan = {}
    );

    /// Loads what the newest Rollout of `model` names, with the newest Correction of that version
    /// if it is enabled, and swaps. Running requests keep what they have. Nothing new: no effect.
    /// On an error the old version serves on. NotFound: no Rollout.
    Result<void> refresh(const std::string& model);
    /// refresh() of every model that has a Rollout. Goes through all; the first error comes back.
    Result<void> refresh_all();

    /// Answers all texts or none. InvalidArgument names the row; NotFound for an unknown model or
    /// version, Unavailable for a version that is not loaded. Rows are recorded, also failed ones
    /// once the model was found.
    Result<InferAnswer> infer(const InferRequest& request);

    /// The version that `version` means; errors as in infer().
    [[nodiscard]] Result<std::shared_ptr<const ServedVersion>> find(
        std::string_view model, std::string_view version
    ) const;
    /// NotFound for an unknown model.
    [[nodiscard]] Result<ModelStatus> status(std::string_view model) const;
    /// All models, by name.
    [[nodiscard]] std::vector<ModelStatus> status() const;

  private:
    using VersionPointer = std::shared_ptr<const ServedVersion>;

    /// One model: what is loaded and what is known of it.
    struct Entry {
        VersionPointer stable;
        VersionPointer previous;
        std::vector<std::int64_t> known;
        std::map<std::int64_t, std::shared_ptr<ServedCounts>> counts;
        std::int64_t swaps = 0;
        std::int64_t swap_failures = 0;
        std::string reason;
    };

    /// Everything infer() looks at; immutable, exchanged as a whole.
    using Table = std::map<std::string, Entry, std::less<>>;

    struct Chosen {
        VersionPointer version;
        Route route = Route::Stable;
    };

    Result<void> load_newest(const Rollout& rollout, Entry& entry) const;
    Result<VersionPointer> load(const ModelVersion& record, Entry& entry) const;
    Result<VersionPointer> correct(VersionPointer version) const;
    Result<Chosen> choose(std::string_view model, std::string_view version) const;
    Result<void> check(std::span<const std::string_view> texts) const;
    [[nodiscard]] Uuid new_id(const InferRequest& request, Time now) const;
    InferAnswer begin_answer(const InferRequest& request, Chosen chosen, Time now) const;
    static ModelStatus status_of(const std::string& model, const Entry& entry);

    Reader<Rollout> rollouts_;
    Reader<ModelVersion> versions_;
    Reader<Correction> corrections_;
    const Vault* vault_;
    const Engine* engine_;
    Recorder* recorder_;
    const Clock* clock_;
    Plan plan_;
    std::mutex refreshing_;
    Published<Table> table_;
};

}  // namespace flywheel::serving
