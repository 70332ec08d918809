// SPDX-License-Identifier: Apache-2.0
#include "gateway/trail/access_line.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "base/text.h"

namespace flywheel::trail {

namespace {

using http::append_json_string;

constexpr std::size_t kTexts = 5;

/// What is not text, and how long the texts behind it are: id, key, remote, model, trace id.
struct Packed {
    std::int64_t time_us = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::int64_t rows = 0;
    std::int64_t version = 0;
    std::int64_t us_total = 0;
    std::int64_t us_queue = 0;
    std::int64_t us_infer = 0;
    const http::Route* route = nullptr;
    const char* served_as = nullptr;  ///< "stable": lives as long as the program.
    std::uint16_t served_as_bytes = 0;
    std::int16_t status = 0;
    http::Method method = http::Method::Other;
    std::array<std::uint16_t, kTexts> lengths{};
};

static_assert(std::is_trivially_copyable_v<Packed>);

constexpr std::size_t kLongest = kMostIdBytes;  // of all texts

std::int64_t micros_of(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

/// The fields of a head that the log shows, found in one walk.
struct Shown {
    std::string_view request_id;
    std::string_view trace_id;
};

Shown shown_fields(const http::HttpRequest& request) {
    constexpr std::string_view kTrace = "traceparent";
    constexpr std::string_view kId = "x-request-id";
    Shown shown;
    for (const http::HeaderField& field : request.headers) {
        if (field.name.size() == kTrace.size() && http::same_token(field.name, kTrace)) {
            shown.trace_id = trace_id_of(field.value);
        } else if (field.name.size() == kId.size() && http::same_token(field.name, kId)) {
            shown.request_id = field.value;
        }
    }
    return shown;
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
    if (!text.empty()) {
        out += name;
        append_json_string(out, text);
    }
}

template <class Number>
void append_measure(std::string& out, std::string_view name, Number number) {
    out += name;
    append_number(out, number);
}

}  // namespace

std::string_view trace_id_of(std::string_view traceparent) {
    constexpr std::size_t kVersion = 3;  // "00-"
    constexpr std::size_t kDigits = 32;
    if (traceparent.size() < 55 || traceparent[2] != '-' || traceparent[35] != '-') {
        return {};
    }
    const std::string_view id = traceparent.substr(kVersion, kDigits);
    const bool hexadecimal = std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    return hexadecimal && id.find_first_not_of('0') != std::string_view::npos ? id
                                                                              : std::string_view();
}

void pack_access(std::string& out, const http::HttpTrace& trace, Time now) {
    Packed packed;
    std::array<std::string_view, kTexts> texts{};
    packed.time_us = micros(now);
    packed.bytes_in = trace.bytes_in;
    packed.bytes_out = trace.bytes_out;
    packed.us_total = micros_of(trace.duration);
    packed.route = trace.route;
    packed.status = static_cast<std::int16_t>(trace.status);
    texts[2] = trace.remote;
    if (trace.request != nullptr) {
        const Shown shown = shown_fields(*trace.request);
        packed.method = trace.request->method;
        texts[0] = shown.request_id;
        texts[1] = trace.request->caller;
        texts[3] = trace.request->parameter("model").substr(0, kMostModelBytes);
        texts[4] = shown.trace_id;
    }
    if (trace.notes != nullptr) {
        const http::AnswerNotes& notes = *trace.notes;
        packed.rows = notes.rows;
        packed.version = notes.version;
        packed.us_queue = micros_of(notes.queue);
        packed.us_infer = micros_of(notes.infer);
        packed.served_as = notes.route.data();
        packed.served_as_bytes = static_cast<std::uint16_t>(notes.route.size());
        texts[0] = notes.id.empty() ? texts[0] : std::string_view(notes.id);
    }
    for (std::size_t i = 0; i < kTexts; ++i) {
        texts[i] = texts[i].substr(0, kLongest);
        packed.lengths[i] = static_cast<std::uint16_t>(texts[i].size());
    }
    out.append(reinterpret_cast<const char*>(&packed), sizeof packed);
    for (const std::string_view text : texts) {
        out += text;
    }
}

void append_access_line(std::string& out, std::string_view& packed) {
    Packed one;
    std::memcpy(&one, packed.data(), sizeof one);
    packed.remove_prefix(sizeof one);
    std::array<std::string_view, kTexts> texts{};
    for (std::size_t i = 0; i < kTexts; ++i) {
        texts[i] = packed.substr(0, one.lengths[i]);
        packed.remove_prefix(one.lengths[i]);
    }
    out += "{\"time\":\"";
    out += to_rfc3339(Time(Duration(one.time_us)));
    out += '"';
    append_text(out, ",\"id\":", texts[0]);
    append_text(out, ",\"key_name\":", texts[1]);
    append_text(out, ",\"remote\":", texts[2]);
    out += ",\"method\":\"";
    out += http::name_of(one.method);
    out += "\",\"route\":\"";
    out += one.route == nullptr ? std::string_view("none") : std::string_view(one.route->name);
    out += '"';
    append_text(out, ",\"model\":", texts[3]);
    if (one.version != 0) {
        out += ",\"version\":\"";
        append_number(out, one.version);
        out += '"';
    }
    append_text(out, ",\"fw_route\":", {one.served_as, one.served_as_bytes});
    append_measure(out, ",\"status\":", one.status);
    append_measure(out, ",\"bytes_in\":", one.bytes_in);
    append_measure(out, ",\"bytes_out\":", one.bytes_out);
    append_measure(out, ",\"rows\":", one.rows);
    append_measure(out, ",\"us_total\":", one.us_total);
    append_measure(out, ",\"us_queue\":", one.us_queue);
    append_measure(out, ",\"us_infer\":", one.us_infer);
    append_text(out, ",\"trace_id\":", texts[4]);
    out += "}\n";
}

}  // namespace flywheel::trail
