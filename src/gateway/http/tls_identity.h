#pragma once
// SPDX-License-Identifier: Apache-2.0
// TlsIdentity: the certificate and the key by which the server shows who it is. It looks at the two
// files now and then; when they have changed, new connections get the new ones and those that are
// open keep what they have. Made by the server; any thread may ask for a session.

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "gateway/http/tls_session.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace flywheel::http {

struct TlsPlan {
    std::filesystem::path certificate;  ///< PEM: the leaf first, then what it was signed with.
    std::filesystem::path key;          ///< PEM, without a passphrase.
    std::chrono::milliseconds look_every = std::chrono::seconds(1);
};

/// What a certificate says of itself, for people.
struct CertificateFacts {
    std::string names;         ///< "DNS:example.org, IP Address:127.0.0.1"; else the subject.
    std::string sha256;        ///< Of its DER form, 64 hexadecimal digits.
    std::int64_t expires = 0;  ///< Seconds since 1970.
};

/// The first certificate of a PEM file. InvalidArgument names the file and what is wrong.
Result<CertificateFacts> read_certificate(const std::filesystem::path& file);

class TlsIdentity {
  public:
    /// InvalidArgument says which file is wrong and what to do: not readable, not PEM, not a pair,
    /// or a key that others may read.
    static Result<std::unique_ptr<TlsIdentity>> open(TlsPlan plan);
    /// For open() only.
    explicit TlsIdentity(TlsPlan plan);
    TlsIdentity(const TlsIdentity&) = delete;
    TlsIdentity& operator=(const TlsIdentity&) = delete;
    ~TlsIdentity();

    /// Reads the files again if they have changed. On an error what was read before stays.
    Result<void> refresh();

    /// For a connection that was just accepted; `socket` does not block.
    [[nodiscard]] std::unique_ptr<TlsSession> session(int socket) const;

  private:
    struct Stamp {
        std::int64_t changed_ns = 0;
        std::uint64_t file = 0;
        std::uint64_t bytes = 0;

        bool operator==(const Stamp&) const = default;
    };

    struct Stamps {
        Stamp certificate;
        Stamp key;

        bool operator==(const Stamps&) const = default;
    };

    static Stamp stamp_of(const std::filesystem::path& file);
    void watch();

    TlsPlan plan_;
    mutable std::mutex mutex_;
    std::shared_ptr<ssl_ctx_st> context_;  // under mutex_
    Stamps read_;                          // of what context_ was made from; refresh() only
    std::mutex watching_;
    std::condition_variable ended_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace flywheel::http
