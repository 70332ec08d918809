// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/frames/captured_keys.h"

#include "base/hash.h"

namespace flywheel {

std::uint64_t key_of(std::string_view model, const Digest& payload) {
    const auto* bytes = reinterpret_cast<const char*>(payload.bytes.data());
    return xxh3({bytes, payload.bytes.size()}, xxh3(model));
}

bool means_row(std::string_view id, const Prediction& row) {
    if (id == row.request_id) {
        return true;
    }
    const auto uuid = Uuid::parse(id);
    return uuid && (uuid->row() == 0 ? *uuid == row.id.uuid.with_row(0) : *uuid == row.id.uuid);
}

bool is_about(std::string_view target, const Prediction& row) {
    if (target == row.request_id) {
        return true;
    }
    const auto uuid = Uuid::parse(target);
    return uuid && uuid->with_row(0) == row.id.uuid.with_row(0);
}

}  // namespace flywheel
