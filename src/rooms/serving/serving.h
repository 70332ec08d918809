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
#include "ports/engine/engines.h"
#include "ports/ledger/ledger.h"
#include "ports/recorder.h"
#include "ports/vault/vault.h"
#include "records/correction.h"
#include "records/model_version.h"
#include "records/prediction.h"
#include "records/rollout.h"
#include "rooms/serving/infer_request.h"
#include "rooms/serving/inference.h"
#include "rooms/serving/published.h"
#include "rooms/serving/served_version.h"

namespace flywheel::serving {

struct Plan {
    std::size_t max_rows = 4096;               ///< Texts a request; never above 65,536.
    std::size_t max_text_bytes = 1024 * 1024;  ///< One text.
    double prior_discount =
        0.25;              ///< While no class mix is measured, scores are divided by prior^this.
    BatchLimits batching;  ///< Of models that run in batches.
    bool keep_outputs = false;  ///< Models over tensors: all outputs are computed and recorded.
    std::optional<std::uint64_t>
        id_seed;  ///< Set: ids follow from it, the time and the request id (replays).
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
    std::string reason;                 ///< Why the last refresh failed; empty when it did not.
    bool unloaded = false;              ///< By hand: it is not missing.
    std::int64_t loading = 0;           ///< Version that is being loaded now; 0 = none.
    std::vector<std::int64_t> leaving;  ///< Unloaded, but requests still run on them.
    std::shared_ptr<const ServedVersion> served;  ///< Null when nothing is loaded.
    std::shared_ptr<const ServedVersion> before;  ///< The previous one, if it is loaded.

    [[nodiscard]] bool ready() const { return served != nullptr; }
};

class Serving {
  public:
    Serving(
        Reader<Rollout> rollouts,
        Reader<ModelVersion> versions,
        Reader<Correction> corrections,
        const Vault& vault,
        Engines engines,
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

    /// Loads the model that was unloaded, and from then on keeps up with its Rollouts again; like
    /// refresh() for one that is loaded. NotFound: unknown model. InvalidArgument: why it cannot be
    /// loaded; what served before serves on.
    Result<void> load_model(const std::string& model);
    /// Forgets the loaded versions, and loads none until load_model(). Running requests finish;
    /// counts stay. NotFound: unknown model.
    Result<void> unload_model(const std::string& model);

    /// The version that answers a request, chosen before it is read: it says what is taken.
    [[nodiscard]] Result<Chosen> choose(std::string_view model, std::string_view version) const;

    /// Rows a request may have at the most.
    [[nodiscard]] std::size_t max_rows() const { return plan_.max_rows; }

    /// Unavailable when the queue of the version is full already: said before a body is read.
    [[nodiscard]] Result<void> admit(const Chosen& chosen);
    /// Runs it on this thread, for a version without a queue. InvalidArgument names the row.
    Result<void> run(Inference& inference);
    /// Puts it in its version's queue. `done` is called once, by any thread, also before this
    /// returns, unless left() comes first; on success take() its outcome. The request's time-out
    /// counts from `arrived`; `memory` is what its inputs look at, null if the caller keeps that
    /// until `done`, however long: then there is no time-out.
    void submit(
        Inference& inference,
        Instant arrived,
        std::shared_ptr<const void> memory,
        std::function<void(Result<BatchOutcome>)> done
    );
    /// Its answer is encoded: counts it and hands its rows to the Recorder.
    void answered(Inference& inference);
    /// It was refused, or could not be answered: likewise, with this HTTP status and why.
    void failed(Inference& inference, int status, std::string_view message);
    /// Nobody waits for it any more: takes it out of the queue, drops what runs.
    void left(Inference& inference);

    /// Are all outputs of models over tensors recorded? Then they must be among the wanted ones.
    [[nodiscard]] bool keeps_outputs() const { return plan_.keep_outputs; }

    /// Whom rows are handed to.
    [[nodiscard]] Recorder& recorder() const { return *recorder_; }

    /// infer() by a version chosen before.
    Result<InferAnswer> infer(Chosen chosen, const InferRequest& request);
    /// Answers all rows or none. InvalidArgument names the row; NotFound for an unknown model or
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
    friend class Inference;

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
        bool unloaded = false;
        std::int64_t loading = 0;
        std::vector<std::pair<std::int64_t, std::weak_ptr<const ServedVersion>>> leaving;

        [[nodiscard]] VersionPointer loaded(std::int64_t number) const;
    };

    /// Everything infer() looks at; immutable, exchanged as a whole.
    using Table = std::map<std::string, Entry, std::less<>>;

    Result<void> follow(const std::string& model, bool again);
    Result<void> load_newest(const Rollout& rollout, Entry& entry) const;
    void show_loading(const Rollout& rollout);
    Result<VersionPointer> load(const ModelVersion& record, Entry& entry) const;
    Result<VersionPointer> correct(VersionPointer version) const;
    Result<void> check(const InferRequest& request, ServedCounts& counts) const;
    [[nodiscard]] Uuid new_id(const InferRequest& request, Time now) const;
    InferAnswer begin_answer(const InferRequest& request, Chosen chosen, Time now) const;
    static ModelStatus status_of(const std::string& model, const Entry& entry);

    Reader<Rollout> rollouts_;
    Reader<ModelVersion> versions_;
    Reader<Correction> corrections_;
    const Vault* vault_;
    Engines engines_;
    Recorder* recorder_;
    const Clock* clock_;
    Plan plan_;
    BatchThreads batches_;
    std::mutex refreshing_;
    Published<Table> table_;
};

}  // namespace flywheel::serving
