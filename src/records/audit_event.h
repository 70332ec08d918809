#pragma once
// SPDX-License-Identifier: Apache-2.0
// AuditEvent: one administrative act, or what was refused at the door: who, what, from where, when,
// with what outcome. Append-only and chained by SHA-256. Written by gateway/ only.

#include <cstdint>
#include <string>
#include <string_view>

#include "records/field.h"

namespace flywheel {

struct AuditEvent {
    static constexpr std::string_view kTable = "audit";

    Id<AuditEvent> id;
    std::int64_t seq = 0;  ///< Gapless, from 1: the order of events.
    Digest chain;          ///< SHA-256(previous chain, canonical event).
    Time time;
    std::string who;           ///< Name of the key, or the user of this machine; "" = not known.
    std::string source;        ///< Address it came from; "" = a command on this machine.
    std::string act;           ///< Name of the route, of the command, or of the offence.
    std::string about;         ///< Path as it was sent, without query; at most 256 bytes.
    std::string detail;        ///< What was asked, as JSON; "" = nothing. Never a key or a payload.
    std::int64_t outcome = 0;  ///< HTTP status.
    std::string reason;        ///< Why it was refused or failed; "" when it did not.
    std::int64_t count = 1;    ///< Refusals of one kind that this event stands for.

    static void fields(auto&& visit) {
        visit("id", &AuditEvent::id);
        visit("seq", &AuditEvent::seq);
        visit("chain", &AuditEvent::chain);
        visit("time", &AuditEvent::time);
        visit("who", &AuditEvent::who);
        visit("source", &AuditEvent::source);
        visit("act", &AuditEvent::act);
        visit("about", &AuditEvent::about);
        visit("detail", &AuditEvent::detail);
        visit("outcome", &AuditEvent::outcome);
        visit("reason", &AuditEvent::reason);
        visit("count", &AuditEvent::count);
    }
};

extern template struct RecordCodec<AuditEvent>;

}  // namespace flywheel
