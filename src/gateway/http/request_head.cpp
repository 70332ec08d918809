// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace flywheel::http {

namespace {

using Refused = std::optional<Refusal>;

Refused bad_request(std::string message) {
    return Refusal{400, std::move(message)};
}

constexpr std::array<bool, 256> token_table() {
    std::array<bool, 256> table{};
    for (const char c : std::string_view(
             "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
         )) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}

constexpr std::array<bool, 256> kToken = token_table();

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return kToken[static_cast<unsigned char>(c)];
    });
}

/// Visible ASCII, tabs, spaces and bytes above 0x7F; no other control character.
bool is_field_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
    });
}

std::string_view trim_blanks(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

Method method_of(std::string_view name) {
    for (std::size_t i = 0; i + 1 < kMethods; ++i) {
        if (name_of(static_cast<Method>(i)) == name) {
            return static_cast<Method>(i);
        }
    }
    return Method::Other;
}

/// Cuts an absolute-form target to its path, and the path from its query.
Refused parse_target(std::string_view target, RequestHead& head) {
    if (!std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; })) {
        return bad_request("Request target has characters that must be percent-encoded");
    }
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (target.size() >= scheme.size() && same_token(target.substr(0, scheme.size()), scheme)) {
            target.remove_prefix(scheme.size());
            const std::size_t path = target.find_first_of("/?#");
            target = path == std::string_view::npos ? "/" : target.substr(path);
            break;
        }
    }
    target = target.substr(0, target.find('#'));
    if (target.empty() || target.front() != '/') {
        return bad_request("Request target is not a path that begins with '/'");
    }
    const std::size_t question = target.find('?');
    head.path = target.substr(0, question);
    head.query = question == std::string_view::npos ? "" : target.substr(question + 1);
    return {};
}

Refused parse_request_line(std::string_view line, RequestHead& head) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return bad_request("Request line is not 'METHOD target HTTP/1.1'");
    }
    const std::string_view version = line.substr(last + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return bad_request("Protocol version is neither HTTP/1.1 nor HTTP/1.0");
    }
    head.version_one_one = version == "HTTP/1.1";
    const std::string_view name = line.substr(0, first);
    if (!is_token(name)) {
        return bad_request("Method is not a token");
    }
    head.method = method_of(name);
    return parse_target(line.substr(first + 1, last - first - 1), head);
}

Refusal line_too_long(std::size_t limit) {
    return {431, fmt::format("Request line is longer than the limit of {} bytes", limit)};
}

Refused parse_field(std::string_view line, RequestHead& head, std::size_t most) {
    if (line.front() == ' ' || line.front() == '\t') {
        return bad_request("Header line is folded; send the field in one line");
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return bad_request("Header line has no colon");
    }
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name)) {
        return bad_request("Header name is not a token (a space before the colon is refused)");
    }
    const std::string_view value = trim_blanks(line.substr(colon + 1));
    if (!is_field_value(value)) {
        return bad_request(fmt::format("Header value has a control character: {}", name));
    }
    if (head.fields.size() == most) {
        return Refusal{431, fmt::format("More header fields than the limit of {}", most)};
    }
    head.fields.push_back({name, value});
    return {};
}

Refused read_content_length(std::string_view value, RequestHead& head) {
    if (head.has_content_length) {
        return bad_request("Content-Length is given twice");
    }
    const bool digits = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
        return c >= '0' && c <= '9';
    });
    if (!digits || value.size() > 18) {
        return bad_request("Content-Length is not a plain decimal number");
    }
    std::from_chars(value.data(), value.data() + value.size(), head.content_length);
    head.has_content_length = true;
    return {};
}

/// True when `token` stands in a comma-separated list.
bool list_has(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        if (same_token(trim_blanks(list.substr(0, comma)), token)) {
            return true;
        }
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return false;
}

struct Framing {
    int hosts = 0;
    bool transfer_encoding = false;
};

Refused read_framing_field(const HeaderField& field, RequestHead& head, Framing& framing) {
    const auto [name, value] = field;
    switch (name.size()) {  // most fields are none of these: their length says so
        case 4:
            framing.hosts += same_token(name, "Host") ? 1 : 0;
            return {};
        case 6:
            if (same_token(name, "Expect")) {
                if (!same_token(value, "100-continue")) {
                    return Refusal{417, "Expectation is not 100-continue"};
                }
                head.expects_continue = true;
            }
            return {};
        case 10:
            if (same_token(name, "Connection") && list_has(value, "close")) {
                head.keep_alive = false;
            }
            return {};
        case 14:
            return same_token(name, "Content-Length") ? read_content_length(value, head)
                                                      : Refused();
        case 17:
            if (same_token(name, "Transfer-Encoding")) {
                if (framing.transfer_encoding || !same_token(value, "chunked")) {
                    return bad_request("Transfer-Encoding is not exactly 'chunked'");
                }
                framing.transfer_encoding = true;
                head.chunked = true;
            }
            return {};
        default:
            return {};
    }
}

Refused check_framing(const Framing& framing, RequestHead& head) {
    if (framing.hosts > 1 || (head.version_one_one && framing.hosts == 0)) {
        return bad_request("Host must be given exactly once");
    }
    if (framing.transfer_encoding && !head.version_one_one) {
        return bad_request("Transfer-Encoding does not exist in HTTP/1.0");
    }
    if (framing.transfer_encoding && head.has_content_length) {
        return bad_request("Transfer-Encoding and Content-Length exclude each other");
    }
    if (!head.version_one_one) {
        head.keep_alive = false;
        head.expects_continue = false;
    }
    return {};
}

}  // namespace

void RequestHead::clear() {
    fields.clear();
    content_length = 0;
    has_content_length = false;
    chunked = false;
    keep_alive = true;
    version_one_one = true;
    expects_continue = false;
}

Refused find_head_end(std::string_view bytes, HeadSearch& search, const HeadLimits& limits) {
    const std::size_t limit = std::min(bytes.size(), limits.bytes);
    while (search.scanned < limit) {
        const std::size_t line_end = bytes.find('\n', search.scanned);
        if (line_end == std::string_view::npos || line_end >= limit) {
            search.scanned = limit;
            break;
        }
        if (line_end == 0 || bytes[line_end - 1] != '\r') {
            return bad_request("Line ends with a bare LF instead of CR LF");
        }
        search.scanned = line_end + 1;
        if (line_end >= 3 && bytes[line_end - 2] == '\n') {
            search.end = line_end + 1;
            return {};
        }
    }
    if (bytes.size() >= limits.bytes) {
        return Refusal{431, fmt::format("Head is larger than the limit of {} bytes", limits.bytes)};
    }
    const bool in_first_line =
        search.scanned > limits.request_line &&
        bytes.substr(0, limits.request_line).find('\n') == std::string_view::npos;
    if (in_first_line) {
        return line_too_long(limits.request_line);
    }
    return {};
}

Refused parse_head(std::string_view bytes, RequestHead& head, const HeadLimits& limits) {
    head.clear();
    bool first = true;
    Framing framing;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find("\r\n");
        if (end == std::string_view::npos) {
            return bad_request("Head ends in the middle of a line");
        }
        const std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end + 2);
        if (first && line.size() > limits.request_line) {
            return line_too_long(limits.request_line);
        }
        if (line.empty() && !first) {
            return bytes.empty() ? check_framing(framing, head)
                                 : bad_request("Head has bytes behind its empty line");
        }
        if (auto refused =
                first ? parse_request_line(line, head) : parse_field(line, head, limits.fields)) {
            return refused;
        }
        if (!first) {
            if (auto refused = read_framing_field(head.fields.back(), head, framing)) {
                return refused;
            }
        }
        first = false;
    }
    return bad_request("Head has no empty line at its end");
}

}  // namespace flywheel::http
