// SPDX-License-Identifier: Apache-2.0
// /v1/audit: who did what, and what was refused at the door. Only admins come here.
#include "base/json_value.h"
#include "gateway/v1/exchange.h"

namespace flywheel::gateway {

namespace {

Result<void> list_events(
    const V1Rooms& rooms, const http::HttpRequest& request, http::HttpResponse& response
) {
    const Query query = TRY(Query::parse(request.query, {"limit"}));
    const auto limit = TRY(query.integer("limit", 100, 1, kMostListed));
    if (rooms.refusals != nullptr) {
        TRY(rooms.audit->record_refusals(rooms.refusals->take()));
    }
    answer_list(response, "events", TRY(rooms.audit->newest(limit)));
    return {};
}

Result<void> verify(
    const V1Rooms& rooms, const http::HttpRequest& /*request*/, http::HttpResponse& response
) {
    const auto events = rooms.audit->verify_chain();
    if (!events && events.error().code != Code::Corrupt) {
        return events.error();
    }
    answer_json(
        response,
        {{"intact", events.has_value()},
         {"events", events ? Json(*events) : Json()},
         {"reason", events ? std::string() : events.error().message}}
    );
    return {};
}

}  // namespace

void add_audit_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    if (rooms.audit == nullptr) {
        return;
    }
    add_slow_routes(
        gateway,
        rooms,
        {{Method::Get, "/v1/audit", "audit", list_events},
         {Method::Get, "/v1/audit/chain", "audit_chain", verify}}
    );
}

}  // namespace flywheel::gateway
