#pragma once
// SPDX-License-Identifier: Apache-2.0
// Profile: what one window of served rows looked like, in exact counts, and how far that is from
// the reference. Written by the room monitoring only.

#include <cstdint>
#include <string>

#include "records/field.h"

namespace flywheel {

struct Profile {
    static constexpr std::string_view kTable = "profile";

    Id<Profile> id;
    std::string model;
    std::int64_t version = 0;  ///< ModelVersion.number whose rows these are.
    Time window_begin;
    Time window_end;
    std::int64_t rows = 0;
    bool reference = false;   ///< True for the profile that defines "normal".
    JsonText content;         ///< Counts by class, sums of embeddings, ...; see the room's README.
    double class_p = 1;       ///< p-value of the class-mix test; 1 for the reference.
    double class_effect = 0;  ///< Largest change of a class share.
    double embedding_p = 1;   ///< p-value of the embedding-mean test.
    double embedding_effect = 0;  ///< Distance of the means, in reference standard deviations.
    double evidence = 0;          ///< S of the e-Shiryaev-Roberts chains, in days.
    Time created;

    static void fields(auto&& visit) {
        visit("id", &Profile::id);
        visit("model", &Profile::model);
        visit("version", &Profile::version);
        visit("window_begin", &Profile::window_begin);
        visit("window_end", &Profile::window_end);
        visit("rows", &Profile::rows);
        visit("reference", &Profile::reference);
        visit("content", &Profile::content);
        visit("class_p", &Profile::class_p);
        visit("class_effect", &Profile::class_effect);
        visit("embedding_p", &Profile::embedding_p);
        visit("embedding_effect", &Profile::embedding_effect);
        visit("evidence", &Profile::evidence);
        visit("created", &Profile::created);
    }
};

extern template struct RecordCodec<Profile>;

}  // namespace flywheel
