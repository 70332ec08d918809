#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the /v1 groups share: reading query and body, answering with records, adding a slow route.
// Private to gateway/v1.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "gateway/http/message.h"
#include "gateway/v1/routes.h"
#include "records/field.h"

namespace flywheel::gateway {

/// The parameters behind the '?', decoded.
class Query {
  public:
    /// InvalidArgument: a bad escape, text that is not UTF-8, a name that is not among `known` or
    /// stands there twice.
    static Result<Query> parse(
        std::string_view query, std::initializer_list<std::string_view> known
    );

    /// "" when it is not there.
    [[nodiscard]] std::string text(std::string_view name) const;
    /// `otherwise` when it is not there; InvalidArgument names the parameter and its bounds.
    Result<std::int64_t> integer(
        std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most
    ) const;

  private:
    std::map<std::string, std::string, std::less<>> values_;
};

/// A body that must be one JSON object; an empty body is an empty object.
Result<Json> object_body(const http::HttpRequest& request);

/// The model of the path or of the query ("" = the project's own); NotFound names the ones there
/// are.
Result<std::string> known_model(const V1Rooms& rooms, std::string_view name);

/// True when the caller may read or say things in the name of `actor`: it is the name of his key,
/// he is an admin, or nobody needs a key. A name that others could use would be no name.
[[nodiscard]] bool may_speak_for(
    const V1Rooms& rooms, const http::HttpRequest& request, std::string_view actor
);
/// Why not, for an answer with status kForbidden.
[[nodiscard]] std::string not_your_name(const http::HttpRequest& request, std::string_view actor);

constexpr int kForbidden = 403;

/// `?limit=`: how many of the newest; 1 to 1000.
constexpr std::int64_t kMostListed = 1000;

void answer_json(http::HttpResponse& response, const Json& body);

/// {"<name>": [records]}.
template <class Record>
void answer_list(
    http::HttpResponse& response, std::string_view name, const std::vector<Record>& records
) {
    response.body = "{\"" + std::string(name) + "\":[";
    for (std::size_t i = 0; i < records.size(); ++i) {
        response.body += i == 0 ? "" : ",";
        response.body += to_json_text(records[i]);
    }
    response.body += "]}";
}

using V1Function =
    std::function<Result<void>(const V1Rooms&, const http::HttpRequest&, http::HttpResponse&)>;

/// One line of a group's table.
struct V1Route {
    http::Method method = http::Method::Get;
    std::string pattern;
    std::string name;  ///< For metrics.
    V1Function run;
    bool private_body = false;     ///< Says whose rows these are: not in the audit trail.
    std::uint64_t body_limit = 0;  ///< Bytes; 0 = as of all routes.
};

/// Adds them as slow routes that share one copy of `rooms`.
void add_slow_routes(Gateway& gateway, const V1Rooms& rooms, std::vector<V1Route> routes);

}  // namespace flywheel::gateway
