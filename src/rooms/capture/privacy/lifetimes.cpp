// SPDX-License-Identifier: Apache-2.0
#include "rooms/capture/privacy/lifetimes.h"

namespace flywheel {

Result<ColumnUpkeep> keep_columns(Columns& columns, const Lifetimes& lifetimes, Time now) {
    // What goes as a whole need not be rewritten first.
    ColumnUpkeep done = TRY(columns.expire(now - lifetimes.row));
    done.add(TRY(columns.strip(ShortLived::Embedding, now - lifetimes.embedding)));
    done.add(TRY(columns.strip(ShortLived::Payload, now - lifetimes.payload)));
    done.add(TRY(columns.merge(now)));
    return done;
}

}  // namespace flywheel
