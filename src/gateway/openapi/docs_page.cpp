// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/json_value.h"
#include "gateway/openapi/openapi.h"

namespace flywheel::gateway {

namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Flywheel: the interface</title>
<link rel="icon" href="data:,">
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884;vertical-align:top}
code,pre{font:14px/1.45 ui-monospace,monospace}
pre{overflow-x:auto;padding:.6rem;background:#8881}
.scroll{overflow-x:auto}
.detail{overflow-wrap:anywhere;opacity:.8}
</style>
</head>
<body>
)";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string schema_link(std::string_view schema) {
    return schema.empty() ? std::string()
                          : fmt::format("<a href=\"#{0}\"><code>{0}</code></a>", schema);
}

/// The details of a route as lines below its summary.
std::string details_of(std::string_view details) {
    std::string out;
    while (!details.empty()) {
        const auto end = std::min(details.find('\n'), details.size());
        out += "<br><code class=\"detail\">" + escaped(details.substr(0, end)) + "</code>";
        details.remove_prefix(std::min(end + 1, details.size()));
    }
    return out;
}

void append_routes(std::string& out, const http::Router& router) {
    std::map<std::string, std::string> rows;  // by path, then method
    for (const auto& route : router.routes()) {
        const std::string_view method = name_of(route->method);
        rows[route->pattern + ' ' + std::string(method)] = fmt::format(
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}{}</td><td>{}</td><td>{}"
            "</td></tr>\n",
            method,
            escaped(route->pattern),
            escaped(
                route->doc.summary.empty() ? std::string_view(route->name) : route->doc.summary
            ),
            details_of(route->doc.details),
            schema_link(route->doc.request),
            schema_link(route->doc.answer)
        );
    }
    for (const auto& [path, row] : rows) {
        out += row;
    }
}

void append_schemas(std::string& out) {
    const Json schemas = parse_json(schemas_text()).value();
    for (const auto& [name, schema] : schemas.items()) {
        fmt::format_to(
            std::back_inserter(out),
            "<h3 id=\"{0}\">{0}</h3>\n<pre>{1}</pre>\n",
            name,
            escaped(pretty(schema))
        );
    }
}

}  // namespace

std::string docs_page(const http::Router& router, std::string_view version) {
    std::string out(kHead);
    fmt::format_to(
        std::back_inserter(out),
        "<h1>Flywheel {}</h1>\n<p>Open Inference Protocol V2 with capture and feedback. The same "
        "as "
        "<a href=\"/v2/openapi.json\">OpenAPI 3.1</a>. Every answer of 400 or more is "
        "<code>{{\"error\": \"sentence\"}}</code>.</p>\n",
        escaped(version)
    );
    out +=
        "<h2>Routes</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>Method</th><th>Path</th>"
        "<th>What it does</th><th>Takes</th><th>Gives</th></tr></thead>\n<tbody>\n";
    append_routes(out, router);
    out += "</tbody></table></div>\n<h2>Bodies</h2>\n";
    append_schemas(out);
    out += "</body>\n</html>\n";
    return out;
}

}  // namespace flywheel::gateway
