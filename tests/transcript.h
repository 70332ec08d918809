#pragma once
// SPDX-License-Identifier: Apache-2.0
// HTTP transcripts (tests/api): request line, header lines, "> " body lines, a blank line; then the
// status, header lines that must be there, and the whole body; blocks end with "---". `<any>` fits
// any text without a line end, `<any:name>` also keeps it, and `{{name}}` in a later block is what
// was kept.

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "raw_client.h"

namespace flywheel::testing {

using Kept = std::map<std::string, std::string>;

/// True when `text` is `pattern` with something in place of each hole; fills `kept`.
inline bool fits_pattern(std::string_view pattern, std::string_view text, Kept& kept) {
    const std::size_t hole = pattern.find("<any");
    if (hole == std::string_view::npos) {
        return pattern == text;
    }
    const std::size_t close = pattern.find('>', hole);
    if (!text.starts_with(pattern.substr(0, hole)) || close == std::string_view::npos) {
        return false;
    }
    const std::string_view rest = pattern.substr(close + 1);
    for (std::size_t at = hole; at <= text.size(); ++at) {
        if (fits_pattern(rest, text.substr(at), kept)) {
            if (pattern[hole + 4] == ':') {
                kept[std::string(pattern.substr(hole + 5, close - hole - 5))] =
                    text.substr(hole, at - hole);
            }
            return true;
        }
        if (at < text.size() && text[at] == '\n') {
            return false;
        }
    }
    return false;
}

/// `text` with each {{name}} replaced.
inline std::string filled(std::string text, const Kept& kept) {
    for (const auto& [name, value] : kept) {
        const std::string mark = "{{" + name + "}}";
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
            text.replace(at, mark.size(), value);
        }
    }
    return text;
}

struct Exchange {
    std::string request;  ///< Without Content-Length.
    std::string body;
    int status = 0;
    std::vector<std::string> fields;
    std::string answer;
};

inline void read_request(std::istream& file, Exchange& exchange) {
    std::string line;
    while (std::getline(file, line) && (line.empty() || line.front() == '#')) {
    }
    exchange.request = line + " HTTP/1.1\r\nHost: test\r\n";
    while (std::getline(file, line) && !line.empty()) {
        if (line.starts_with("> ")) {
            exchange.body += (exchange.body.empty() ? "" : "\n") + line.substr(2);
        } else {
            exchange.request += line + "\r\n";
        }
    }
}

inline void read_answer(std::istream& file, Exchange& exchange) {
    std::string line;
    std::getline(file, line);
    exchange.status = std::stoi(line);
    while (std::getline(file, line) && line != "---") {
        const bool is_field = exchange.answer.empty() && line.find(": ") < line.find_first_of("{ ");
        if (is_field) {
            exchange.fields.push_back(line);
        } else {
            exchange.answer += (exchange.answer.empty() ? "" : "\n") + line;
        }
    }
}

inline void expect_fields(const Exchange& exchange, const RawAnswer& answer, Kept& kept) {
    for (const std::string& field : exchange.fields) {
        bool found = false;
        std::istringstream lines(answer.head);
        for (std::string line; std::getline(lines, line);) {
            const auto length = line.empty() ? 0 : line.size() - 1;
            found = found || fits_pattern(filled(field, kept), line.substr(0, length), kept);
        }
        EXPECT_TRUE(found) << "no header " << field << " in\n" << answer.head;
    }
}

/// Plays a file against the server on `port`.
inline void play_transcript(const std::filesystem::path& path, std::uint16_t port) {
    std::ifstream file(path);
    Kept kept;
    int played = 0;
    while (file >> std::ws && file.peek() != std::char_traits<char>::eof()) {
        Exchange exchange;
        read_request(file, exchange);
        read_answer(file, exchange);
        const std::string body = filled(exchange.body, kept);
        std::string request = filled(exchange.request, kept);
        request += body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
        SCOPED_TRACE(request);
        RawClient client(port);
        const RawAnswer answer =
            client.ask(request + "\r\n" + body, exchange.request.starts_with("HEAD "));
        EXPECT_EQ(answer.status, exchange.status) << answer.body;
        expect_fields(exchange, answer, kept);
        EXPECT_TRUE(fits_pattern(filled(exchange.answer, kept), answer.body, kept))
            << "expected " << filled(exchange.answer, kept) << "\ngot      " << answer.body;
        ++played;
    }
    EXPECT_GT(played, 0) << path;
}

}  // namespace flywheel::testing
