#pragma once
// SPDX-License-Identifier: Apache-2.0
// One HTTP request and its answer as route functions see them: plain text and views, no type of the
// network library. The server fills the request and sends the answer; a route touches both only
// until it returns, on the thread it was called on, whether it answers at once or later.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace flywheel::http {

class Deferral;

enum class Method { Get, Head, Post, Put, Patch, Delete, Options, Other };

constexpr std::size_t kMethods = 8;

[[nodiscard]] std::string_view name_of(Method method);

/// One header field; views into the request's bytes.
struct HeaderField {
    std::string_view name;
    std::string_view value;  ///< Without spaces around it.
};

/// Equal without regard to ASCII case, as header names and tokens are compared.
[[nodiscard]] bool same_token(std::string_view left, std::string_view right);

/// One decoded path segment that stood where the pattern has `{name}`.
struct PathParameter {
    std::string_view name;
    std::string_view value;
};

constexpr std::size_t kMaxPathParameters = 4;

/// Bytes behind a body that may be read (never used): vector parsers look ahead.
constexpr std::size_t kBodySlack = 64;

struct HttpRequest {
    Method method = Method::Get;
    std::string_view path;   ///< As sent, still percent-encoded, without query.
    std::string_view query;  ///< Behind the '?', as sent; empty when there is none.
    std::span<const HeaderField> headers;
    std::array<PathParameter, kMaxPathParameters> parameters{};
    std::string_view caller;                        ///< Name of the key that was shown; may be "".
    std::string_view remote;                        ///< The peer's address, "127.0.0.1".
    std::string_view body;                          ///< kBodySlack readable bytes stand behind it.
    std::chrono::steady_clock::time_point arrived;  ///< When the last byte had been read.
    Deferral* deferral = nullptr;  ///< For answering later (late_answer.h); null in slow routes.

    /// Value of the first field of this name; empty when there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    /// Decoded path segment `{name}`; empty when the pattern has none.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

constexpr std::string_view kJsonType = "application/json";

/// What a route knows of its answer beyond the bytes, for the access log. It fills what it knows.
struct AnswerNotes {
    std::string id;            ///< Of the request, as it was answered; "" = not said.
    std::string_view route{};  ///< "stable"; lives as long as the program.
    std::int64_t version = 0;  ///< That ran; 0 = none.
    std::int64_t rows = 0;
    std::chrono::nanoseconds queue{0};  ///< Waited for its turn.
    std::chrono::nanoseconds infer{0};  ///< In the engine.
};

/// Lets an answer go that was held back; an error takes its place.
using Release = std::function<void(Result<void>)>;

/// An answer. The server adds Content-Length and Connection, and leaves the body out for HEAD.
class HttpResponse {
  public:
    int status = 200;
    std::string_view content_type = kJsonType;  ///< Lives as long as the program.
    std::string body;
    AnswerNotes notes;
    /// Of a fast route, when set: the answer is complete, but sent only when the Release that this
    /// is called with, on the same thread, has been called, from any.
    std::function<void(Release)> hold;
    /// Of a fast route, when set: `body` is not all of it. Called on the connection's thread once
    /// what stands in `body` is on its way; it defers (late_answer.h), and that answer's `body` is
    /// the next piece, the last one unless it sets `more` again. The server knows no length
    /// beforehand, so pieces go as chunks, or to HTTP/1.0 until the connection ends.
    std::function<void(Deferral&)> more;

    /// Adds a header field. Bytes outside visible ASCII and '%' are percent-encoded, so that a
    /// value can never end its line.
    void add_header(std::string_view name, std::string_view value);
    /// Becomes {"error": message} with this status.
    void become_error(int error_status, std::string_view message);
    /// As new, with the memory it has.
    void clear();

    /// The fields added so far, each with its line end.
    [[nodiscard]] const std::string& header_lines() const { return header_lines_; }

  private:
    std::string header_lines_;
};

/// Appends `text` as a JSON string with quotes; what is not UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// "Not Found" for 404.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace flywheel::http
