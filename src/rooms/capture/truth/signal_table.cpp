// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/truth/signal_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <tuple>

#include "base/result.h"
#include "rooms/capture/frames/captured_keys.h"
#include "rooms/capture/frames/prediction_codec.h"

namespace flywheel {

namespace {

std::uint32_t tag_of(std::uint64_t key) {
    return static_cast<std::uint32_t>(key >> 32U);
}

}  // namespace

SignalTable::RowNames::RowNames(const Prediction& row)
    : id_key(key_of(row.model, row.id.uuid)),
      has_own_request_id(!is_base_text(row.request_id, row.id.uuid)) {
    if (!has_own_request_id) {
        return;
    }
    request_key = key_of(row.model, row.request_id);
    if (const auto uuid = Uuid::parse(row.request_id)) {
        request_is_uuid = true;
        request_uuid = *uuid;
    }
}

void SignalTable::add(const Feedback& said) {
    CHECK(signals_.size() < std::numeric_limits<std::uint32_t>::max());
    Signal signal;
    signal.key = key_of(said.model, said.target);
    signal.arrived = said.arrived;
    signal.order = static_cast<std::uint32_t>(signals_.size());
    signal.label = label_number(said.label);
    signal.row = static_cast<std::uint16_t>(said.row);
    signal.no_row = said.row == Feedback::kTheOnlyRow && said.row_id.empty();
    signal.kind = said.kind;
    signal.source = said.source;
    signal.yes = said.value != 0;
    const auto uuid = Uuid::parse(said.target);
    signal.is_uuid = uuid.has_value();
    const std::string_view target =
        uuid ? std::string_view(
                   reinterpret_cast<const char*>(uuid->bytes.data()), uuid->bytes.size()
               )
             : std::string_view(said.target);
    signal.target_at = keep_text(target);
    signal.target_bytes = static_cast<std::uint16_t>(target.size());
    signal.row_id_at = keep_text(said.row_id);
    signal.row_id_bytes = static_cast<std::uint16_t>(said.row_id.size());
    signals_.push_back(signal);
}

std::uint32_t SignalTable::keep_text(std::string_view text) {
    const std::size_t at = texts_.size();
    CHECK(at + text.size() < std::numeric_limits<std::uint32_t>::max());
    texts_ += text;
    return static_cast<std::uint32_t>(at);
}

std::uint32_t SignalTable::label_number(const std::string& label) {
    const auto [found, fresh] =
        label_numbers_.try_emplace(label, static_cast<std::uint32_t>(labels_.size()));
    if (fresh) {
        labels_.push_back(label);
    }
    return found->second;
}

void SignalTable::finish() {
    std::ranges::sort(signals_, {}, [](const Signal& signal) {
        return std::tuple(signal.key, signal.arrived, signal.order);
    });
    slots_.assign(std::bit_ceil(2 * signals_.size() + 1), {});
    for (std::size_t i = 0; i < signals_.size(); ++i) {
        const std::uint64_t key = signals_[i].key;
        if (i > 0 && signals_[i - 1].key == key) {
            continue;
        }
        std::size_t slot = key & (slots_.size() - 1);
        while (slots_[slot].first != 0) {
            slot = (slot + 1) & (slots_.size() - 1);
        }
        slots_[slot] = {tag_of(key), static_cast<std::uint32_t>(i + 1)};
    }
}

std::uint32_t SignalTable::first_of(std::uint64_t key) const {
    for (std::size_t slot = key & (slots_.size() - 1); slots_[slot].first != 0;
         slot = (slot + 1) & (slots_.size() - 1)) {
        const std::uint32_t first = slots_[slot].first - 1;
        if (slots_[slot].tag == tag_of(key) && signals_[first].key == key) {
            return first;
        }
    }
    return static_cast<std::uint32_t>(signals_.size());
}

Uuid SignalTable::uuid_of(const Signal& signal) const {
    Uuid uuid;
    std::memcpy(uuid.bytes.data(), texts_.data() + signal.target_at, uuid.bytes.size());
    return uuid;
}

/// The row within the request, by the caller's name for it or by its number.
bool SignalTable::means_number(const Signal& signal, const Prediction& row) const {
    if (signal.row_id_bytes == 0) {
        return signal.no_row || signal.row == row.id.uuid.row();
    }
    const std::string_view texts(texts_);
    return texts.substr(signal.row_id_at, signal.row_id_bytes) == row.row_id;
}

/// A Prediction id with row bits is that row; without, the request it is the base of.
bool SignalTable::means_by_id(const Signal& signal, const Prediction& row) const {
    if (!signal.is_uuid) {
        return false;
    }
    const Uuid target = uuid_of(signal);
    if (target.row() != 0) {
        return target == row.id.uuid;
    }
    return target == row.id.uuid.with_row(0) && means_number(signal, row);
}

bool SignalTable::means_by_request(
    const Signal& signal, const Prediction& row, const RowNames& names
) const {
    if (signal.is_uuid) {
        return names.request_is_uuid && uuid_of(signal) == names.request_uuid &&
               means_number(signal, row);
    }
    const std::string_view target =
        std::string_view(texts_).substr(signal.target_at, signal.target_bytes);
    return target == row.request_id && means_number(signal, row);
}

}  // namespace flywheel
