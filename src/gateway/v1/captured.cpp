// SPDX-License-Identifier: Apache-2.0
// What admins do with captured rows: a subject is erased, the truth is written as a table.
#include "base/json_value.h"
#include "base/log.h"
#include "gateway/v1/exchange.h"

namespace flywheel::gateway {

namespace {

using http::HttpRequest;
using http::HttpResponse;

constexpr std::size_t kMostSubjectBytes = 256;

Result<void> erase(const V1Rooms& rooms, const HttpRequest& request, HttpResponse& response) {
    const Json body = TRY(object_body(request));
    const std::string subject = TRY(string_field(body, "subject"));
    if (subject.empty() || subject.size() > kMostSubjectBytes) {
        return invalid_argument("Field 'subject' must have 1 to 256 bytes");
    }
    const Json erased = TRY(rooms.erase(subject));
    log_info("subject erased", {{"by", request.caller}});  // whose rows: not in any log
    answer_json(response, erased);
    return {};
}

Result<void> write_truth(const V1Rooms& rooms, const HttpRequest& request, HttpResponse& response) {
    answer_json(response, TRY(rooms.truth(TRY(object_body(request)))));
    return {};
}

}  // namespace

void add_captured_routes(Gateway& gateway, const V1Rooms& rooms) {
    using http::Method;
    if (rooms.erase) {
        add_slow_routes(gateway, rooms, {{Method::Post, "/v1/erase", "erase", erase, true}});
    }
    if (rooms.truth) {
        add_slow_routes(gateway, rooms, {{Method::Post, "/v1/truth", "truth", write_truth}});
    }
}

}  // namespace flywheel::gateway
