#pragma once
// SPDX-License-Identifier: Apache-2.0
// The room serving: answers with the versions that the labels of a model point to, and hands every
// row to the Recorder. All verbs may be called by any thread, infer() also while versions are
// swapped; start() and stop() by the one that made it. Loads of one model go one after the other.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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
#include "records/rollout_fold.h"
#include "rooms/serving/infer_request.h"
#include "rooms/serving/inference.h"
#include "rooms/serving/published.h"
#include "rooms/serving/serving_plan.h"
#include "rooms/serving/shadow_queue.h"
#include "rooms/serving/version_table.h"
#include "rooms/serving/versions/load_thread.h"
#include "rooms/serving/versions/version_loader.h"

namespace flywheel::serving {

/// May a version take and give other tensors than the one that is served?
enum class SignatureChange { Refused, Allowed };

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

    ~Serving();  ///< stop()
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;

    /// Loads what is served of every model, and nothing else; models at the same time. Goes
    /// through all; the first error comes back.
    Result<void> load_served();
    /// From now on versions are loaded by a background thread, and shadows answer: first of all
    /// what the labels and policies name beside what is served.
    void start();
    /// Stops shadows, then the background thread. Twice is once.
    void stop();

    /// Loads what labels and policy of `model` name, with the newest Correction of each, and
    /// exchanges the table as soon as what is served is there. Running requests keep what they
    /// have. Nothing new: no effect. On an error what served before serves on. NotFound: no Rollout
    /// and no policy.
    Result<void> refresh(const std::string& model);
    /// refresh() of every model there is. Goes through all; the first error comes back.
    Result<void> refresh_all();
    /// After a label moved: it points to its version at once where that is loaded, and the rest is
    /// loaded in the background; where it is not, or without start(), like refresh().
    Result<void> follow_labels(const std::string& model);
    /// Loads and warms a version that a label is about to move to. NotFound: no such version.
    /// Conflict: it takes or gives other tensors than what is served, and `change` does not allow
    /// it. Whatever the load says.
    Result<void> prepare(const std::string& model, std::int64_t number, SignatureChange change);

    /// Loads the model that was unloaded, and from then on keeps up with its Rollouts again; like
    /// refresh() for one that is loaded. NotFound: unknown model. InvalidArgument: why it cannot be
    /// loaded; what served before serves on.
    Result<void> load_model(const std::string& model);
    /// Forgets the loaded versions, and loads none until load_model(). Running requests finish;
    /// counts stay. NotFound: unknown model.
    Result<void> unload_model(const std::string& model);

    /// The version that answers a request, chosen before it is read: it says what is taken. `head`
    /// is what the head of the request says of its key; the rest of a split is settle()d by whoever
    /// has read the body.
    [[nodiscard]] Result<Chosen> choose(
        std::string_view model, std::string_view version, const SplitKey& head = {}
    ) const;

    /// Rows a request may have at the most.
    [[nodiscard]] std::size_t max_rows() const { return plan_.max_rows; }

    /// Unavailable when too many rows wait, for the version or, without a queue, for this thread
    /// (`busy`, as to wait()): said before a body of so many bytes is read.
    [[nodiscard]] Result<void> admit(const Chosen& chosen, std::size_t bytes, std::int64_t busy);
    /// Runs it on this thread, for a version without a queue. InvalidArgument names the row.
    Result<void> run(Inference& inference);
    /// A long one waits for its turn here, behind `busy` rows. Unavailable: those are too many.
    Result<void> wait(Inference& inference, std::int64_t busy);
    /// Its turn has come: runs a piece of it; true: the last. Unavailable: too late for the first.
    Result<bool> run_piece(Inference& inference, Instant arrived);
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

    /// infer() by a version chosen and settled before.
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

    /// What the ledger says of a model.
    struct Standing {
        RolloutFold fold;
        std::vector<ModelVersion> versions;  ///< By rising number.
        std::vector<std::int64_t> wanted;    ///< Numbers to load: what is served first.
        std::int64_t unloads = 0;  ///< How often it had been unloaded by hand: does it still hold?
    };

    enum class Reach { Served, All };
    enum class Unloaded { StaysSo, LoadsAgain };

    Result<Standing> read_standing(const std::string& model) const;
    Result<std::set<std::string>> model_names() const;
    Result<void> follow(const std::string& model, Reach reach, Unloaded unloaded);
    Result<void> load_missing(const std::string& model, const Standing& standing, Reach reach);
    Result<bool> load_one(const std::string& model, const Standing& standing, std::int64_t number);
    Result<void> point_labels(const std::string& model, const Standing& standing);
    [[nodiscard]] bool is_unloaded(const std::string& model) const;
    [[nodiscard]] std::int64_t unloads_of(const std::string& model) const;
    [[nodiscard]] bool has_failed(
        const std::string& model, const Standing& standing, std::int64_t number
    ) const;
    std::unique_lock<std::mutex> one_load(const std::string& model);
    void change(const std::string& model, const std::function<void(ModelEntry&)>& change);
    [[nodiscard]] bool live_rows_wait() const;

    Result<void> check(const InferRequest& request, ServedCounts& counts) const;
    [[nodiscard]] Uuid new_id(const InferRequest& request, Time now) const;
    InferAnswer begin_answer(const InferRequest& request, Chosen chosen, Time now) const;
    [[nodiscard]] ModelStatus status_of(const std::string& model, const ModelEntry& entry) const;

    Reader<Rollout> rollouts_;
    Reader<ModelVersion> versions_;
    LoadThread load_thread_;
    BatchThreads batches_;
    VersionLoader loader_;
    Recorder* recorder_;
    const Clock* clock_;
    Plan plan_;
    std::mutex writing_;  ///< Held for an exchange of the table, never for a load.
    std::map<std::string, std::mutex> loads_;  ///< One a model; guarded by writing_.
    Published<VersionTable> table_;
    ShadowQueue shadow_;
};

}  // namespace flywheel::serving
