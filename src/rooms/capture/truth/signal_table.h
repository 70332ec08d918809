#pragma once
// SPDX-License-Identifier: Apache-2.0
// SignalTable: all that was said about the rows of one model, small enough to hold while millions
// of rows pass by: about 90 bytes each, its index included, and the text of ids that are no UUID.
// One thread fills it; after finish() any thread reads.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "records/feedback.h"
#include "records/prediction.h"

namespace flywheel {

/// One line of feedback, without what no join needs.
struct Signal {
    std::uint64_t key = 0;  ///< captured_keys.h
    Time arrived = {};
    std::uint32_t order = 0;  ///< Of equal arrivals the later in the journal has the greater.
    std::uint32_t label = 0;  ///< Number in the table's labels.
    std::uint32_t target_at = 0;
    std::uint32_t row_id_at = 0;
    std::uint16_t target_bytes = 0;
    std::uint16_t row_id_bytes = 0;  ///< 0: the row is meant by its number.
    std::uint16_t row = 0;
    FeedbackKind kind : 3 = FeedbackKind::Label;
    FeedbackSource source : 3 = FeedbackSource::User;
    bool is_uuid : 1 = false;  ///< The target's text is 16 bytes of a UUID.
    bool yes : 1 = false;      ///< Kind Correct: it was.
    bool no_row : 1 = false;   ///< No row was named: the request had one.
};

class SignalTable {
  public:
    /// In the order of the journal.
    void add(const Feedback& said);
    /// Nothing is added after it.
    void finish();

    /// How a signal names its row.
    enum class By { Id, RequestId };

    /// Calls `visit(number of the signal, By)` for each signal about this row, rising by key, then
    /// arrival. A request id that several attempts share means each of them here, and a signal that
    /// names no row all rows.
    template <class Visit>
    void about(const Prediction& row, const Visit& visit) const {
        const RowNames names(row);
        for (std::uint32_t at = first_of(names.id_key); has_key(at, names.id_key); ++at) {
            if (means_by_id(signals_[at], row)) {
                visit(at, By::Id);
            }
        }
        if (!names.has_own_request_id) {
            return;
        }
        for (std::uint32_t at = first_of(names.request_key); has_key(at, names.request_key); ++at) {
            if (means_by_request(signals_[at], row, names)) {
                visit(at, By::RequestId);
            }
        }
    }

    [[nodiscard]] const Signal& signal(std::uint32_t number) const { return signals_[number]; }

    [[nodiscard]] const std::string& label_of(const Signal& signal) const {
        return labels_[signal.label];
    }

    /// Is its target a Prediction id other than that of a whole request?
    [[nodiscard]] bool targets_row(const Signal& signal) const {
        return signal.is_uuid && uuid_of(signal).row() != 0;
    }

    [[nodiscard]] std::size_t size() const { return signals_.size(); }

  private:
    /// The names under which feedback may mean a row.
    struct RowNames {
        explicit RowNames(const Prediction& row);

        std::uint64_t id_key = 0;
        bool has_own_request_id = false;
        std::uint64_t request_key = 0;
        bool request_is_uuid = false;
        Uuid request_uuid;
    };

    /// Where the signals of some key begin; `tag` are bits of the key, `first` 0 = free.
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t first = 0;
    };

    [[nodiscard]] bool has_key(std::uint32_t at, std::uint64_t key) const {
        return at < signals_.size() && signals_[at].key == key;
    }

    /// size() when there is none.
    [[nodiscard]] std::uint32_t first_of(std::uint64_t key) const;
    [[nodiscard]] bool means_by_id(const Signal& signal, const Prediction& row) const;
    [[nodiscard]] bool means_by_request(
        const Signal& signal, const Prediction& row, const RowNames& names
    ) const;
    [[nodiscard]] bool means_number(const Signal& signal, const Prediction& row) const;
    [[nodiscard]] Uuid uuid_of(const Signal& signal) const;
    std::uint32_t keep_text(std::string_view text);
    std::uint32_t label_number(const std::string& label);

    std::vector<Signal> signals_;
    std::string texts_;
    std::vector<std::string> labels_;
    std::unordered_map<std::string, std::uint32_t> label_numbers_;
    std::vector<Slot> slots_;
};

}  // namespace flywheel
