// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/truth_join.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>
#include <vector>

#include "records/feedback.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

namespace {

constexpr Duration kTick{1};

/// A row that feedback is about, kept until all rows have passed.
struct MetRow {
    Uuid id;
    Time time;
    std::int64_t label = -1;
    double propensity = 1;
    float confidence = 0;
    std::uint32_t version = 0;  ///< Number of its text.
    std::string request_id;     ///< "" = the base id.
    std::string row_id;
    std::span<const LabelledTruth> labelled;
    Route route = Route::Stable;
    std::int32_t status = 200;
    bool wanted = true;  ///< False: not in the table, but feedback may mean it instead of another.
};

/// A signal that means a row.
struct Meeting {
    std::uint32_t row = 0;
    std::uint32_t signal = 0;
    bool by_request = false;
};

class Join {
  public:
    using Emit = std::function<Result<void>(const JoinedRow&)>;

    Join(const TruthPlan& plan, const Emit& emit) : plan_(plan), emit_(emit) {}

    Result<TruthCounts> run(const Capture& capture) {
        const Time end = plan_.as_of == Time::max() ? Time::max() : plan_.as_of + kTick;
        TRY(capture.each_feedback(plan_.model, {Time::min(), end}, [&](const Feedback& said) {
            signals_.add(said);
            return go_on();
        }));
        signals_.finish();
        counts_.signals = static_cast<std::int64_t>(signals_.size());
        const TimeRange served{plan_.served.begin, std::min(plan_.served.end, end)};
        TRY(capture.each_prediction(
            plan_.model, served, RowParts::Keys, [&](const Prediction& row) { return pass(row); }
        ));
        TRY(look_for_other_attempts(capture, served, end));
        settle_attempts();
        TRY(emit_met());
        return counts_;
    }

  private:
    [[nodiscard]] Result<void> go_on() const {
        if (plan_.stop != nullptr && plan_.stop->load(std::memory_order_relaxed)) {
            return make_error(Code::Cancelled, "The join was asked to stop.");
        }
        return {};
    }

    Result<void> pass(const Prediction& row) {
        TRY(go_on());
        if (row.route == Route::Shadow) {
            return {};
        }
        if (row.status != 200) {
            pass_attempt(row, nullptr);
            return {};
        }
        ++counts_.rows;
        const auto number = static_cast<std::uint32_t>(met_.size());
        const std::size_t before = meetings_.size();
        signals_.about(row, [&](std::uint32_t signal, SignalTable::By by) {
            meetings_.push_back({number, signal, by == SignalTable::By::RequestId});
        });
        const auto labelled =
            plan_.labelled ? plan_.labelled(row.payload_digest) : std::span<const LabelledTruth>();
        if (meetings_.size() > before) {
            met_.push_back(keep(row, labelled));
            return {};
        }
        return say(row, labelled);
    }

    /// A row that is not in the table; of the signals that are in `among`, if that is said.
    void pass_attempt(const Prediction& row, const std::vector<bool>* among) {
        if (row.route == Route::Shadow) {
            return;
        }
        const auto number = static_cast<std::uint32_t>(met_.size());
        const std::size_t before = meetings_.size();
        signals_.about(row, [&](std::uint32_t signal, SignalTable::By by) {
            if (by == SignalTable::By::RequestId && (among == nullptr || (*among)[signal])) {
                meetings_.push_back({number, signal, true});
            }
        });
        if (meetings_.size() > before) {
            met_.push_back(keep(row, {}));
            met_.back().wanted = false;
        }
    }

    /// A signal that means a row of the range by its request id may mean an attempt outside of it.
    /// Those before matter only to signals that had arrived before the row.
    Result<void> look_for_other_attempts(const Capture& capture, TimeRange served, Time end) {
        std::vector<bool> shared(signals_.size());
        bool look_after = false;
        bool look_before = false;
        for (const Meeting& meeting : meetings_) {
            if (meeting.by_request && met_[meeting.row].wanted) {
                shared[meeting.signal] = true;
                look_after = true;
                look_before =
                    look_before || met_[meeting.row].time > signals_.signal(meeting.signal).arrived;
            }
        }
        const auto look = [&](TimeRange range) {
            const auto take = [&](const Prediction& row) {
                pass_attempt(row, &shared);
                return go_on();
            };
            return range.begin < range.end
                       ? capture.each_prediction(plan_.model, range, RowParts::Keys, take)
                       : Result<void>();
        };
        if (look_after) {
            TRY(look({served.end, end}));
        }
        if (look_before) {
            TRY(look({Time::min(), served.begin}));
        }
        return {};
    }

    MetRow keep(const Prediction& row, std::span<const LabelledTruth> labelled) {
        return {
            .id = row.id.uuid,
            .time = row.time,
            .label = row.label,
            .propensity = row.propensity,
            .confidence = row.confidence,
            .version = version_number(row.version),
            .request_id = is_base_text(row.request_id, row.id.uuid) ? "" : row.request_id,
            .row_id = row.row_id,
            .labelled = labelled,
            .route = row.route,
            .status = row.status,
        };
    }

    std::uint32_t version_number(const std::string& version) {
        const auto found = std::ranges::find(versions_, version);
        if (found == versions_.end()) {
            versions_.push_back(version);
            return static_cast<std::uint32_t>(versions_.size() - 1);
        }
        return static_cast<std::uint32_t>(found - versions_.begin());
    }

    /// A row that no feedback is about is done at once.
    Result<void> say(const Prediction& row, std::span<const LabelledTruth> labelled) {
        if (labelled.empty() && !plan_.all_rows) {
            return {};
        }
        Standing standing;
        standing.take(labelled, plan_.as_of);
        return finish_row(
            {
                .id = row.id,
                .request_id = row.request_id,
                .row_id = row.row_id,
                .time = row.time,
                .version = row.version,
                .route = row.route,
                .label = row.label,
                .confidence = row.confidence,
                .propensity = row.propensity,
            },
            standing
        );
    }

    /// Of the attempts that share a request id one is meant by each signal.
    void settle_attempts() {
        std::ranges::sort(meetings_, {}, [](const Meeting& meeting) {
            return std::pair(meeting.signal, meeting.row);
        });
        std::vector<Meeting> settled;
        settled.reserve(meetings_.size());
        for (auto first = meetings_.begin(); first != meetings_.end();) {
            const auto last = std::find_if(first, meetings_.end(), [&](const Meeting& meeting) {
                return meeting.signal != first->signal;
            });
            settle(std::span(first, last), settled);
            first = last;
        }
        meetings_ = std::move(settled);
        std::ranges::sort(meetings_, {}, [this](const Meeting& meeting) {
            const Signal& signal = signals_.signal(meeting.signal);
            return std::tuple(meeting.row, signal.arrived, signal.order);
        });
    }

    /// The meetings of one signal: all that are by id, and one by request id (records/feedback.h).
    void settle(std::span<const Meeting> meetings, std::vector<Meeting>& settled) {
        const std::size_t before = settled.size();
        const Meeting* meant = nullptr;
        for (const Meeting& meeting : meetings) {
            if (!meeting.by_request) {
                settled.push_back(meeting);
            } else if (meant == nullptr || rank(*meant) < rank(meeting)) {
                meant = &meeting;
            }
        }
        if (meant != nullptr && met_[meant->row].wanted) {
            settled.push_back(*meant);
        }
        if (settled.size() == before) {
            return;
        }
        if (needs_index(settled[before], meetings)) {
            settled.resize(before);
            ++counts_.index_needed;
        } else {
            ++counts_.joined;
        }
    }

    [[nodiscard]] std::pair<AttemptRank, Uuid> rank(const Meeting& meeting) const {
        const MetRow& row = met_[meeting.row];
        return {
            rank_attempt(row.time, row.status, signals_.signal(meeting.signal).arrived), row.id
        };
    }

    /// A signal that names no row says nothing when its request had several.
    [[nodiscard]] bool needs_index(const Meeting& meant, std::span<const Meeting> meetings) const {
        const Signal& signal = signals_.signal(meant.signal);
        if (!signal.no_row || (!meant.by_request && signals_.targets_row(signal))) {
            return false;
        }
        const Uuid base = met_[meant.row].id.with_row(0);
        return std::ranges::any_of(meetings, [&](const Meeting& meeting) {
            const Uuid& id = met_[meeting.row].id;
            return id.row() != 0 && id.with_row(0) == base;
        });
    }

    Result<void> emit_met() {
        auto meeting = meetings_.begin();
        for (std::uint32_t number = 0; number < met_.size(); ++number) {
            const MetRow& row = met_[number];
            if (!row.wanted) {
                continue;
            }
            Standing standing;
            standing.take(row.labelled, plan_.as_of);
            for (; meeting != meetings_.end() && meeting->row == number; ++meeting) {
                const Signal& signal = signals_.signal(meeting->signal);
                standing.take(signal, signals_.label_of(signal));
            }
            const std::string base = row.request_id.empty() ? row.id.with_row(0).text() : "";
            TRY(finish_row(
                {
                    .id = Id<Prediction>{row.id},
                    .request_id = row.request_id.empty() ? base : row.request_id,
                    .row_id = row.row_id,
                    .time = row.time,
                    .version = versions_[row.version],
                    .route = row.route,
                    .label = row.label,
                    .confidence = row.confidence,
                    .propensity = row.propensity,
                },
                standing
            ));
        }
        return {};
    }

    Result<void> finish_row(JoinedRow row, const Standing& standing) {
        row.served_label = plan_.label_name(row.version, row.label);
        const auto truth = standing.truth(row.served_label);
        if (!truth) {
            return plan_.all_rows ? emit_(row) : Result<void>();
        }
        row.truth = truth->label;
        row.truth_source = enum_name(truth->source);
        row.truth_arrived = truth->arrived;
        row.agreeing = truth->agreeing;
        row.conflicting = truth->conflicting;
        ++counts_.with_truth;
        ++counts_.by_source[static_cast<std::size_t>(truth->source)];
        counts_.conflicting += truth->conflicting > 0 ? 1 : 0;
        return emit_(row);
    }

    const TruthPlan& plan_;
    const Emit& emit_;
    SignalTable signals_;
    std::deque<MetRow> met_;
    std::vector<Meeting> meetings_;
    std::vector<std::string> versions_;
    TruthCounts counts_;
};

}  // namespace

Result<TruthCounts> join_truth(
    const Capture& capture,
    const TruthPlan& plan,
    const std::function<Result<void>(const JoinedRow&)>& emit
) {
    return Join(plan, emit).run(capture);
}

}  // namespace flywheel
