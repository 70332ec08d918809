// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/message.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "gateway/http/guard.h"

namespace flywheel::http {

namespace {

constexpr std::array<std::string_view, kMethods> kMethodNames = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"
};

constexpr std::string_view kHex = "0123456789ABCDEF";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

void append_control(std::string& out, unsigned byte) {
    switch (byte) {
        case '\n':
            out += "\\n";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\r':
            out += "\\r";
            return;
        default:
            out += "\\u00";
            out += kHex[byte >> 4U];
            out += kHex[byte & 15U];
    }
}

bool plain_in_json(char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

/// Visible ASCII and spaces, but no '%': it announces two digits.
bool plain_in_header(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7F && c != '%';
}

/// `text` is valid UTF-8.
void append_escaped(std::string& out, std::string_view text) {
    std::size_t begin = 0;
    while (begin < text.size()) {
        std::size_t end = begin;
        while (end < text.size() && plain_in_json(text[end])) {
            ++end;
        }
        out.append(text, begin, end - begin);
        if (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x20) {
            out += '\\';
            out += text[end];
        } else if (end < text.size()) {
            append_control(out, static_cast<unsigned char>(text[end]));
        }
        begin = end + 1;
    }
}

}  // namespace

std::string_view name_of(Method method) {
    return kMethodNames.at(static_cast<std::size_t>(method));
}

std::string_view name_of(Role role) {
    constexpr std::array<std::string_view, kRoles> kNames = {
        "open",
        "metadata",
        "infer",
        "feedback",
        "label",
        "read",
        "admin",
        "any key",
        "label or read"
    };
    return kNames.at(static_cast<std::size_t>(role));
}

bool same_token(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) {
               return lower(a) == lower(b);
           });
}

std::string_view HttpRequest::header(std::string_view name) const {
    for (const HeaderField& field : headers) {
        if (same_token(field.name, name)) {
            return field.value;
        }
    }
    return {};
}

std::string_view HttpRequest::parameter(std::string_view name) const {
    for (const PathParameter& one : parameters) {
        if (one.name == name) {
            return one.value;
        }
    }
    return {};
}

void HttpResponse::add_header(std::string_view name, std::string_view value) {
    header_lines_ += name;
    header_lines_ += ": ";
    while (!value.empty()) {
        const auto plain = static_cast<std::size_t>(
            std::find_if_not(value.begin(), value.end(), plain_in_header) - value.begin()
        );
        header_lines_ += value.substr(0, plain);
        value.remove_prefix(plain);
        if (!value.empty()) {
            const auto byte = static_cast<unsigned char>(value.front());
            header_lines_ += '%';
            header_lines_ += kHex[byte >> 4U];
            header_lines_ += kHex[byte & 15U];
            value.remove_prefix(1);
        }
    }
    header_lines_ += "\r\n";
}

void HttpResponse::become_error(int error_status, std::string_view message) {
    status = error_status;
    content_type = kJsonType;
    body = "{\"error\":";
    append_json_string(body, message);
    body += '}';
}

void HttpResponse::clear() {
    status = 200;
    content_type = kJsonType;
    body.clear();
    header_lines_.clear();
    notes.id.clear();
    notes.route = {};
    notes.version = 0;
    notes.rows = 0;
    notes.queue = notes.infer = {};
    hold = nullptr;
    more = nullptr;
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (;;) {
        const std::size_t bad = first_invalid_utf8(text);
        append_escaped(out, text.substr(0, bad));
        if (bad == std::string_view::npos) {
            break;
        }
        out += "\xEF\xBF\xBD";
        text.remove_prefix(bad + 1);
    }
    out += '"';
}

std::string_view reason_phrase(int status) {
    static constexpr std::array<std::pair<int, std::string_view>, 24> kPhrases = {{
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {302, "Found"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {499, "Client Closed Request"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    }};
    for (const auto& [code, phrase] : kPhrases) {
        if (code == status) {
            return phrase;
        }
    }
    return "Unknown";
}

}  // namespace flywheel::http
