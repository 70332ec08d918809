#pragma once
// SPDX-License-Identifier: Apache-2.0
// TlsSession: TLS on one connected socket that does not block. It never waits: it says what it
// waits for, and its connection does. One thread at a time.

#include <cstddef>

struct ssl_st;  // OpenSSL's SSL

namespace flywheel::http {

/// How a call went.
enum class TlsStep {
    Done,
    WantsRead,   ///< Again when the socket can be read.
    WantsWrite,  ///< Again when it can be written.
    Ended,       ///< The peer said that it sends no more.
    Failed,      ///< Nothing can be said on this connection any more.
};

class TlsSession {
  public:
    /// Takes a session that is set up for a socket. For TlsIdentity only.
    explicit TlsSession(ssl_st* session);
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;
    ~TlsSession();

    TlsStep shake_hands();
    /// Done: `count` bytes, at least one, were read into `to`.
    TlsStep read(char* to, std::size_t size, std::size_t& count);
    /// Done: `count` bytes, at least one, were taken from `from`. After Wants... the next call
    /// begins with the same bytes.
    TlsStep write(const char* from, std::size_t size, std::size_t& count);
    /// Says that no more is sent, if that can be said at once.
    void say_goodbye();

    /// Bytes given to the kernel so far: what progress is, when a record takes several turns.
    [[nodiscard]] std::size_t bytes_sent() const;

  private:
    TlsStep step(int outcome);

    ssl_st* session_;
};

}  // namespace flywheel::http
