#pragma once
// SPDX-License-Identifier: Apache-2.0
// The route table: a trie over path segments. Filled by one add() a route before the server starts,
// then read by all its threads. Segments are percent-decoded after the split, so an encoded slash
// never makes a new segment.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/http/guard.h"
#include "gateway/http/message.h"

namespace flywheel::http {

/// Where a route runs: Fast on the connection's thread, where it may also put its answer off
/// (late_answer.h), Slow (waits for the ledger or the disk) on the server's workers, so that
/// inference never waits for it.
enum class RouteSpeed { Fast, Slow };

constexpr std::uint64_t kDefaultBodyLimit = 1024 * 1024;

/// Fills the answer. An error becomes {"error": message} with the status of its code.
using RouteFunction = std::function<Result<void>(const HttpRequest&, HttpResponse&)>;

/// What the generated documentation says of a route; texts live as long as the program.
struct RouteDoc {
    std::string_view summary{};  ///< One sentence.
    std::string_view request{};  ///< Name of the schema of its JSON body; "" = none.
    std::string_view answer{};   ///< Name of the schema of its 200 answer; "" = any.
    /// Lines "?name: meaning" of its query, "> example" of its body, "< example" of its answer.
    std::string_view details{};
};

struct Route {
    Method method = Method::Get;
    std::string pattern;  ///< "/v2/models/{model}/infer"; `{name}` matches one non-empty segment.
    std::string name;     ///< For metrics: "infer".
    RouteFunction run;
    RouteSpeed speed = RouteSpeed::Fast;
    std::uint64_t body_limit = 0;  ///< Bytes; 0 = as the router says.
    Role role = Role::Admin;       ///< What a caller must be allowed to do.
    RouteDoc doc{};
    bool private_body = false;  ///< The audit trail does not show it.
};

enum class RouteOutcome { Found, UnknownPath, WrongMethod, BadEncoding };

/// What a look-up found; reused between look-ups of one connection.
struct RouteMatch {
    RouteOutcome outcome = RouteOutcome::UnknownPath;
    const Route* route = nullptr;
    std::size_t index = 0;  ///< Of the route in Router::routes().
    std::array<PathParameter, kMaxPathParameters> parameters{};
    std::string decoded;  ///< Owns the parameters when the path was percent-encoded.
    std::string allow;    ///< For WrongMethod: "GET, HEAD".
};

class Router {
  public:
    /// `body_limit` is that of routes without one of their own.
    explicit Router(std::uint64_t body_limit = kDefaultBodyLimit);
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;
    ~Router();

    /// A pattern that is malformed or already there with this method is a bug and aborts.
    void add(Route route);

    /// `path` is percent-encoded and without query. HEAD finds the route of GET.
    void match(Method method, std::string_view path, RouteMatch& found) const;

    /// In the order they were added.
    [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

  private:
    struct Node;
    struct Path;

    const Node* walk(const Node& node, const Path& path, std::size_t depth, RouteMatch& found)
        const;

    std::uint64_t body_limit_;
    std::unique_ptr<Node> root_;
    std::vector<std::unique_ptr<Route>> routes_;
};

/// Decodes %xx; appends to `out`. False when a '%' is not followed by two hexadecimal digits.
[[nodiscard]] bool append_percent_decoded(std::string& out, std::string_view text);

}  // namespace flywheel::http
