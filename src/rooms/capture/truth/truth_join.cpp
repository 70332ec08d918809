// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/truth_join.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>
#include <vector>

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
            return Result<void>();
        }));
        signals_.finish();
        counts_.signals = static_cast<std::int64_t>(signals_.size());
        const TimeRange served{plan_.served.begin, std::min(plan_.served.end, end)};
        TRY(capture.each_prediction(
            plan_.model, served, RowParts::Keys, [&](const Prediction& row) { return pass(row); }
        ));
        settle_attempts();
        TRY(emit_met());
        return counts_;
    }

  private:
    Result<void> pass(const Prediction& row) {
        if (row.status != 200 || row.route == Route::Shadow) {
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
        std::ranges::sort(meetings_, {}, [this](const Meeting& meeting) {
            const MetRow& row = met_[meeting.row];
            return std::tuple(meeting.signal, row.time, row.id);
        });
        std::vector<Meeting> settled;
        settled.reserve(meetings_.size());
        for (auto first = meetings_.begin(); first != meetings_.end();) {
            const auto last = std::find_if(first, meetings_.end(), [&](const Meeting& meeting) {
                return meeting.signal != first->signal;
            });
            const std::size_t before = settled.size();
            settle(first, last, settled);
            if (needs_index(std::span(settled).subspan(before))) {
                settled.resize(before);
                ++counts_.index_needed;
            } else {
                ++counts_.joined;
            }
            first = last;
        }
        meetings_ = std::move(settled);
        std::ranges::sort(meetings_, {}, [this](const Meeting& meeting) {
            const Signal& signal = signals_.signal(meeting.signal);
            return std::tuple(meeting.row, signal.arrived, signal.order);
        });
    }

    /// A signal that names no row says nothing when its request had several.
    [[nodiscard]] bool needs_index(std::span<const Meeting> meetings) const {
        const Signal& signal = signals_.signal(meetings[0].signal);
        const bool by_row = !meetings[0].by_request && signals_.targets_row(signal);
        return signal.no_row && !by_row &&
               (meetings.size() > 1 || met_[meetings[0].row].id.row() != 0);
    }

    /// The meetings of one signal, rising by time: all that are by id, and one by request id.
    void settle(
        std::vector<Meeting>::const_iterator first,
        std::vector<Meeting>::const_iterator last,
        std::vector<Meeting>& settled
    ) const {
        const Time arrived = signals_.signal(first->signal).arrived;
        const Meeting* newest = nullptr;
        for (; first != last; ++first) {
            if (!first->by_request) {
                settled.push_back(*first);
            } else if (newest == nullptr || met_[first->row].time <= arrived) {
                newest = &*first;
            }
        }
        if (newest != nullptr) {
            settled.push_back(*newest);
        }
    }

    Result<void> emit_met() {
        auto meeting = meetings_.begin();
        for (std::uint32_t number = 0; number < met_.size(); ++number) {
            const MetRow& row = met_[number];
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
