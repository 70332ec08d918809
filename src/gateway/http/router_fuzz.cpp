// SPDX-License-Identifier: Apache-2.0
// Paths of requests, as percent-encoded as they come: a route is found or not, its parameters are
// the decoded segments, and what an answer says of them cannot leave its line or its JSON.
// libFuzzer.

#include <algorithm>

#include "base/json_value.h"
#include "fuzz_input.h"
#include "gateway/http/router.h"

namespace flywheel::http {
namespace {

const Router& the_router() {
    static Router router;
    if (router.routes().empty()) {
        for (const char* pattern :
             {"/",
              "/v2",
              "/v2/models/{model}",
              "/v2/models/{model}/infer",
              "/v2/models/{model}/versions/{version}/infer",
              "/v2/models/{model}/requests/{id}",
              "/v2/models/stats",
              "/a/{b}/{c}/{d}/{e}"}) {
            router.add({Method::Get, pattern, pattern, {}});
        }
    }
    return router;
}

/// The segments of a path, decoded on another way.
std::vector<std::string> segments_of(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::string_view segment = path.substr(0, path.find('/'));
        CHECK(append_percent_decoded(segments.emplace_back(), segment));
        path.remove_prefix(segment.size());
    }
    return segments;
}

void check_found(const RouteMatch& found, std::string_view path) {
    const auto segments = segments_of(path);
    for (const PathParameter& parameter : found.parameters) {
        if (!parameter.name.empty()) {
            CHECK(!parameter.value.empty());
            CHECK(std::find(segments.begin(), segments.end(), parameter.value) != segments.end());
        }
    }
}

void check_answer(std::string_view text) {
    HttpResponse response;
    response.add_header("X-Request-Id", text);
    const std::string& lines = response.header_lines();
    CHECK(lines.ends_with("\r\n") && lines.find_first_of("\r\n") == lines.size() - 2);
    response.become_error(404, text);
    const auto body = parse_json(response.body);
    CHECK(body && body->at("error").is_string());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    flywheel::testing::FuzzInput input(data, size);
    const auto method = static_cast<Method>(input.choose(kMethods));
    const std::string path = "/" + std::string(input.rest());  // a head is refused otherwise
    RouteMatch found;
    the_router().match(method, path, found);
    if (found.outcome == RouteOutcome::Found) {
        check_found(found, path);
    }
    CHECK((found.outcome == RouteOutcome::Found) == (found.route != nullptr));
    check_answer(input.rest());
    return 0;
}

}  // namespace flywheel::http
