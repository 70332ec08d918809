// SPDX-License-Identifier: Apache-2.0
#include "records/id_key.h"

#include "base/hash.h"

namespace flywheel {

std::uint64_t key_of(std::string_view model, const Uuid& id) {
    const Uuid base = id.with_row(0);
    return xxh3({reinterpret_cast<const char*>(base.bytes.data()), base.bytes.size()}, xxh3(model));
}

std::uint64_t key_of(std::string_view model, std::string_view id) {
    if (id.size() == Uuid::kTextBytes) {  // the message of a refusal costs more than the hash
        if (const auto uuid = Uuid::parse(id)) {
            return key_of(model, *uuid);
        }
    }
    return xxh3(id, xxh3(model));
}

}  // namespace flywheel
