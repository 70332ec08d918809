// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/router.h"

#include <utility>

namespace flywheel::http {

namespace {

constexpr std::size_t kMaxSegments = 16;
constexpr std::size_t kNoRoute = static_cast<std::size_t>(-1);

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const char lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

/// One place in the trie.
struct Router::Node {
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
    std::string parameter;  // name of the {parameter} child
    std::unique_ptr<Node> any;
    std::array<std::size_t, kMethods> routes{};
    bool has_route = false;

    Node() { routes.fill(kNoRoute); }

    Node& literal(std::string_view text) {
        for (auto& [name, child] : literals) {
            if (name == text) {
                return *child;
            }
        }
        literals.emplace_back(text, std::make_unique<Node>());
        return *literals.back().second;
    }

    Node& wildcard(std::string_view name) {
        if (!any) {
            any = std::make_unique<Node>();
            parameter = name;
        }
        CHECK(parameter == name);  // one place has one name, whatever the route
        return *any;
    }
};

/// A path, split and decoded.
struct Router::Path {
    std::array<std::string_view, kMaxSegments> segments;
    std::size_t count = 0;
    bool too_long = false;

    explicit Path(std::string_view text) {
        while (!text.empty()) {
            text.remove_prefix(1);  // the slash
            const std::size_t end = std::min(text.find('/'), text.size());
            if (end == text.size() && text.empty()) {
                break;  // one slash at the end is accepted
            }
            if (count == kMaxSegments) {
                too_long = true;
                return;
            }
            segments[count++] = text.substr(0, end);
            text.remove_prefix(end);
        }
    }

    /// False on a bad escape. `store` keeps the decoded bytes; it is reserved first, so views into
    /// it stay.
    bool decode(std::string_view text, std::string& store) {
        if (text.find('%') == std::string_view::npos) {
            return true;
        }
        store.clear();
        store.reserve(text.size());
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t begin = store.size();
            if (!append_percent_decoded(store, segments[i])) {
                return false;
            }
            segments[i] = std::string_view(store).substr(begin);
        }
        return true;
    }
};

bool append_percent_decoded(std::string& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return false;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return true;
}

Router::Router(std::uint64_t body_limit)
    : body_limit_(body_limit), root_(std::make_unique<Node>()) {}

Router::~Router() = default;

void Router::add(Route route) {
    CHECK(!route.pattern.empty() && route.pattern.front() == '/');
    const Path path(route.pattern);
    CHECK(!path.too_long);
    route.body_limit = route.body_limit == 0 ? body_limit_ : route.body_limit;
    Node* node = root_.get();
    std::size_t parameters = 0;
    for (std::size_t i = 0; i < path.count; ++i) {
        const std::string_view segment = path.segments[i];
        CHECK(!segment.empty());
        if (is_parameter(segment)) {
            CHECK(++parameters <= kMaxPathParameters);
            node = &node->wildcard(segment.substr(1, segment.size() - 2));
        } else {
            node = &node->literal(segment);
        }
    }
    const auto method = static_cast<std::size_t>(route.method);
    CHECK(node->routes[method] == kNoRoute);
    node->routes[method] = routes_.size();
    node->has_route = true;
    routes_.push_back(std::make_unique<Route>(std::move(route)));
}

const Router::Node* Router::walk(
    const Node& node, const Path& path, std::size_t depth, RouteMatch& found
) const {
    if (depth == path.count) {
        return node.has_route ? &node : nullptr;
    }
    const std::string_view segment = path.segments[depth];
    for (const auto& [name, child] : node.literals) {
        if (name == segment) {
            if (const Node* end = walk(*child, path, depth + 1, found)) {
                return end;
            }
            break;
        }
    }
    if (!node.any || segment.empty()) {
        return nullptr;
    }
    const Node* end = walk(*node.any, path, depth + 1, found);
    if (end != nullptr) {
        // Filled on the way back, when it is certain; from the deepest to the first.
        std::size_t slot = kMaxPathParameters - 1;
        while (slot > 0 && !found.parameters[slot].name.empty()) {
            --slot;
        }
        found.parameters[slot] = {node.parameter, segment};
    }
    return end;
}

void Router::match(Method method, std::string_view path, RouteMatch& found) const {
    found.route = nullptr;
    found.outcome = RouteOutcome::UnknownPath;
    found.parameters.fill({});
    Path split(path);
    if (!split.decode(path, found.decoded)) {
        found.outcome = RouteOutcome::BadEncoding;
        return;
    }
    const Node* node = split.too_long ? nullptr : walk(*root_, split, 0, found);
    if (node == nullptr) {
        return;
    }
    const auto wanted = static_cast<std::size_t>(method == Method::Head ? Method::Get : method);
    found.index = node->routes[wanted];
    if (found.index != kNoRoute) {
        found.outcome = RouteOutcome::Found;
        found.route = routes_[found.index].get();
        return;
    }
    found.outcome = RouteOutcome::WrongMethod;
    found.allow.clear();
    for (std::size_t i = 0; i < kMethods; ++i) {
        const std::size_t source = static_cast<Method>(i) == Method::Head ? 0 : i;
        if (node->routes[source] != kNoRoute) {
            found.allow += found.allow.empty() ? "" : ", ";
            found.allow += name_of(static_cast<Method>(i));
        }
    }
}

}  // namespace flywheel::http
