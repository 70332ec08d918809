#pragma once
// SPDX-License-Identifier: Apache-2.0
// One keep-alive HTTP/1.1 connection to our own server on the loopback: what the demo's clients and
// annotators speak through. Blocking, one thread. Reads answers with Content-Length, which is what
// our server sends.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace flywheel::app {

struct HttpAnswer {
    int status = 0;
    std::string body;
};

class HttpClient {
  public:
    explicit HttpClient(std::uint16_t port) : port_(port) {}

    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    /// Unavailable when the server cannot be reached or closes in the middle (tried twice, as a
    /// kept-alive connection may have been closed meanwhile).
    Result<HttpAnswer> get(std::string_view target);
    Result<HttpAnswer> post(std::string_view target, std::string_view body);

  private:
    Result<HttpAnswer> exchange(std::string_view head, std::string_view body);
    Result<void> connect();
    Result<void> send_all(std::string_view bytes);
    Result<void> receive_more();
    Result<HttpAnswer> receive();
    void close();

    std::uint16_t port_;
    int socket_ = -1;
    std::string buffer_;
};

}  // namespace flywheel::app
