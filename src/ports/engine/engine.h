#pragma once
// SPDX-License-Identifier: Apache-2.0
// Engines fit and run models. Adapter here: linear (pure C++, always built). A Model is immutable
// after it is loaded: any thread may predict with it at the same time. Fitting happens in jobs.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/field.h"

namespace flywheel {

/// One labelled row to learn from.
struct TrainingRow {
    std::string_view text;    ///< Valid UTF-8.
    std::int32_t label = -1;  ///< Class index in 0..K-1.
    float weight = 1.0F;      ///< > 0
    std::uint64_t group = 0;  ///< Hash of the near-duplicate group; a group never straddles
                              ///< calibration folds. 0 = the text stands for itself.
};

/// What a fit may look at.
struct TrainingSet {
    std::vector<TrainingRow> train;
    std::vector<TrainingRow> valid;  ///< For temperature and for the search; may be empty.
    std::vector<std::string_view>
        unlabelled;  ///< Captured texts; may inform statistics such as idf.
    std::int32_t classes = 0;
};

/// Settings of one fit, engine-specific, as canonical JSON. An engine's defaults are `{}`.
using EngineSettings = JsonText;

struct FitProgress {
    std::int64_t step = 0;
    std::int64_t steps = 0;  ///< Expected in all; 0 = unknown.
    double loss = 0;         ///< Mean training loss.
    /// A pass of a fit that leaves rows out only to judge by them: its loss is not that of the fit
    /// that is kept.
    bool judging = false;
};

/// Called now and then during a fit; returning an error stops the fit with it.
using FitObserver = std::function<Result<void>(const FitProgress&)>;

struct FittedModel {
    std::string weights;  ///< Float artefact: a safetensors file as bytes.
    double valid_log_loss =
        0;  ///< Mean over `valid`, after calibration; without such rows, out of fold.
    double valid_accuracy = 0;  ///< Share right, on the same rows.
    double train_log_loss = 0;
    /// [train rows][K] calibrated probabilities of each training row by a fit that had not seen it;
    /// empty when the engine has none. What a label-shift correction must use for rows that the
    /// model was trained on.
    std::vector<float> out_of_fold;
    double temperature = 1;
    EngineSettings settings;  ///< All settings after defaults.
};

/// Answer for one row.
struct Answer {
    std::int32_t label = -1;       ///< argmax of scores, lowest index on ties.
    std::vector<float> scores;     ///< [K] calibrated probabilities.
    std::vector<float> embedding;  ///< [embedding_size] unit length; zero vector for empty text.
};

class TensorModel;

/// A loaded, servable artefact: a text classifier, or a model over any tensors (tensor_model.h).
class Model {
  public:
    Model() = default;
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;
    virtual ~Model() = default;

    [[nodiscard]] virtual std::int32_t classes() const = 0;
    [[nodiscard]] virtual std::int32_t embedding_size() const = 0;
    [[nodiscard]] virtual std::size_t memory_bytes() const = 0;

    /// Scores and embedding of one text. `scores` has classes() and `embedding` embedding_size()
    /// places; an empty span skips the embedding. Allocates nothing after its first calls on a
    /// thread. `text` is valid UTF-8.
    virtual void predict(std::string_view text, std::span<float> scores, std::span<float> embedding)
        const = 0;

    /// Its face as a model over tensors; null for a text classifier.
    [[nodiscard]] virtual const TensorModel* tensors() const { return nullptr; }
};

/// Answer of `model` for one text (convenience over predict).
[[nodiscard]] Answer answer(const Model& model, std::string_view text);

class Engine {
  public:
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    virtual ~Engine() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;

    /// Fits and calibrates. Deterministic: the same set, settings and seed give the same bytes.
    /// InvalidArgument: no rows, fewer than two classes present, label outside 0..K-1, unknown
    /// setting (names it).
    virtual Result<FittedModel> fit(
        const TrainingSet& set,
        const EngineSettings& settings,
        std::uint64_t seed,
        const FitObserver& observer
    ) const = 0;

    /// The float artefact turned into the one to serve (int8 weights), as bytes.
    virtual Result<std::string> pack(std::string_view weights) const = 0;

    /// Loads a float or a packed artefact. Corrupt when it is damaged; Unsupported for another
    /// engine's.
    virtual Result<std::shared_ptr<const Model>> load(std::string_view artefact) const = 0;

    /// `count` settings to try for a search, the defaults first; a pure function of the seed.
    [[nodiscard]] virtual std::vector<EngineSettings> suggest(std::uint64_t seed, int count)
        const = 0;

    /// The same settings with a share of the full effort in (0, 1] (successive halving's rungs).
    [[nodiscard]] virtual EngineSettings at_effort(const EngineSettings& settings, double effort)
        const = 0;
};

}  // namespace flywheel
