#pragma once
// SPDX-License-Identifier: Apache-2.0
// TlsClient: the other end, for commands that ask the server of their own project. It trusts one
// certificate and no authority: that which stands in the project's file. One thread.

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"

struct ssl_st;  // OpenSSL's SSL

namespace flywheel::http {

class TlsClient {
  public:
    /// Shakes hands on a connected socket that blocks. Unavailable when that fails or when the
    /// server shows another certificate. This thread gets no SIGPIPE from now on.
    static Result<std::unique_ptr<TlsClient>> open(
        int socket, const std::filesystem::path& certificate
    );
    /// For open() only.
    explicit TlsClient(ssl_st* session);
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;
    ~TlsClient();

    Result<void> send(std::string_view bytes);
    /// Bytes read; 0 = the server has ended.
    Result<std::size_t> receive(char* to, std::size_t size);

  private:
    ssl_st* session_;
};

}  // namespace flywheel::http
