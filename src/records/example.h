#pragma once
// SPDX-License-Identifier: Apache-2.0
// Example: one distinct input, addressed by its content. Written by the room collection only.

#include <cstdint>
#include <string>

#include "records/field.h"

namespace flywheel {

struct Example {
    static constexpr std::string_view kTable = "example";

    Digest id;            ///< SHA-256 of the canonical payload.
    std::string model;    ///< The model whose stream it belongs to.
    std::string payload;  ///< The text itself (valid UTF-8, as it came).
    Digest group;         ///< Id of the near-duplicate group's representative; itself when alone.
    std::int64_t multiplicity = 0;  ///< Times it was served or imported.
    std::string origin;             ///< "captured" or "import:<file name>".
    std::string licence;            ///< SPDX expression or "" when not stated.
    Time first_seen;                ///< Stream time of the first row with this content.
    Time last_seen;                 ///< Stream time of the latest such row.

    static void fields(auto&& visit) {
        visit("id", &Example::id);
        visit("model", &Example::model);
        visit("payload", &Example::payload);
        visit("group_id", &Example::group);
        visit("multiplicity", &Example::multiplicity);
        visit("origin", &Example::origin);
        visit("licence", &Example::licence);
        visit("first_seen", &Example::first_seen);
        visit("last_seen", &Example::last_seen);
    }
};

extern template struct RecordCodec<Example>;

}  // namespace flywheel
