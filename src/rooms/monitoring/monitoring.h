#pragma once
// SPDX-License-Identifier: Apache-2.0
// Monitoring: has the world moved, and is the model still good? Class-mix and embedding drift under
// one false-alarm budget ("at most one in N days"), and audited accuracy with its interval. Called
// by loop/ once a window, one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/ledger/ledger.h"
#include "ports/recorder.h"
#include "records/incident.h"
#include "records/label_event.h"
#include "records/label_task.h"
#include "records/profile.h"
#include "stats/interval.h"

namespace flywheel::monitoring {

struct Reference;

struct Plan {
    std::string model;
    std::int64_t version = 0;  ///< ModelVersion.number served in the window.
    std::int32_t classes = 0;
    std::vector<std::string> labels = {};  ///< [classes] names for sentences; empty = numbers.
    TimeRange window = {};
    double budget_days = 90;      ///< N: at most one false alarm per N days.
    std::int64_t rows_min = 100;  ///< A window with fewer rows is shown, not tested.
    std::int64_t reference_rows_min =
        300;                      ///< Windows become the reference until it has so many rows.
    double class_gate = 0.02;     ///< Smallest change of a class share worth an Incident.
    double embedding_gate = 0.1;  ///< Smallest shift of the mean, in reference standard deviations.
    Time now = {};
};

struct Watch {
    Profile profile;
    std::optional<Incident> opened;  ///< By this window.
    bool incident_open = false;      ///< Any Incident of the model is open now.
    bool tested = false;             ///< False: reference, too few rows.
};

/// How capture fares, as whoever watches over it tells.
struct CaptureState {
    int worst_level = 0;  ///< Since it was last told: 2 = rows were sampled, 3 = dropped.
    int level = 0;        ///< Now.
    std::uint64_t sampled_away = 0;  ///< Since the start, as the next.
    std::uint64_t dropped = 0;
    Time now = {};
};

/// What Incidents about capture have in `families`; their model is "", they concern all.
inline constexpr std::string_view kCaptureFamily = "capture";
/// What those about labelling have there. Their version is 0, as capture's is.
inline constexpr std::string_view kPullFamily = "suggestions";
inline constexpr std::string_view kDisagreementFamily = "disagreement";

/// How labelling fares, as whoever watches over it tells. What is not there is not known.
struct LabelState {
    std::string model;
    /// Wrong suggestions followed in sight and hidden, when suggestions were switched off over it.
    std::optional<stats::Contrast> pull;
    double pull_most = .05;  ///< What the lower end of its interval may be.
    /// Double answers that differ: of the newest, and of all before.
    std::optional<stats::Contrast> disagreement;
    Time now = {};
};

/// A row of the uniform audit arm whose label is known.
struct AuditedRow {
    Digest item;
    double probability = 1;    ///< With which it was drawn.
    std::int64_t label = -1;   ///< label_id that people gave.
    std::int64_t answer = -1;  ///< What was served.
};

struct AuditedRows {
    std::vector<AuditedRow> rows;
    std::int64_t missing = 0;  ///< Audited but skipped or open.
};

/// A share with its 95 % interval.
struct AuditedAccuracy {
    std::int64_t n = 0;   ///< Audited rows with a label.
    double accuracy = 0;  ///< Hajek mean with the stored probabilities.
    double lower = 0;
    double upper = 1;
    double n_effective = 0;  ///< (sum w)^2 / sum w^2, what the interval uses.
    std::int64_t missing =
        0;  ///< Audited but skipped or open; over 5 % the figure carries a warning.
    std::int64_t right = 0;
};

/// The share of answers that are as labelled: Hajek's mean, Wilson's interval at n_effective.
[[nodiscard]] AuditedAccuracy accuracy_of(const AuditedRows& audited);

class Monitoring {
  public:
    Monitoring(
        const CapturedRows& captured,
        Reader<LabelTask> tasks,
        Reader<LabelEvent> events,
        Writer<Profile> profiles,
        Writer<Incident> incidents
    );

    /// Profiles the window and updates the evidence. A promotion starts a new reference (open
    /// Incidents are superseded). A second run for the same window finds the first one's Profile.
    Result<Watch> watch(const Plan& plan);

    /// Opens an Incident when capture has had to sample or drop rows, and closes it when it holds
    /// back nothing any more. One at a time; the one that this call opened or closed.
    Result<std::optional<Incident>> note_capture(const CaptureState& state);

    /// Opens an Incident when suggestions were switched off, and one when people differ more or
    /// less than before (the interval of the difference leaves 0); closes each when that is over.
    /// Gives those that this call opened.
    Result<std::vector<Incident>> note_labels(const LabelState& state);

    /// What was served in `window` and drawn by the uniform audit arm. Corrupt: a task of it has no
    /// probability in (0, 1].
    Result<AuditedRows> audited_rows(const std::string& model, TimeRange window) const;
    /// Accuracy of what was served in `window`: that of its audited rows.
    Result<AuditedAccuracy> audited_accuracy(const std::string& model, TimeRange window) const;
    /// The last `count` audited and labelled rows up to `until`: 1 = served answer was right;
    /// oldest first.
    Result<std::vector<int>> last_audits(const std::string& model, Time until, std::int64_t count)
        const;

  private:
    struct Session;

    Result<void> begin_session(Session& session) const;
    Result<std::optional<Reference>> reference_of(const Session& session) const;
    Result<void> extend_reference(Session& session) const;
    Result<void> test(Session& session, const Reference& reference) const;
    void close_quiet(Session& session) const;
    Result<void> open_incident(Session& session, const Reference& reference) const;
    Result<Watch> finish(Session& session);
    Result<Watch> seen_before(const Profile& profile) const;
    Result<std::optional<Incident>> open_or_close(Incident incident, bool wanted, Time now);

    const CapturedRows& captured_;
    Reader<LabelTask> tasks_;
    Reader<LabelEvent> events_;
    Writer<Profile> profiles_;
    Writer<Incident> incidents_;
};

}  // namespace flywheel::monitoring
