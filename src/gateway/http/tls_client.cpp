// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/tls_client.h"

#include <csignal>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/hash.h"
#include "gateway/http/tls_identity.h"

namespace flywheel::http {

namespace {

Error tls_failed(std::string_view what) {
    const char* text = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return make_error(
        Code::Unavailable,
        fmt::format("{}: {}", what, text == nullptr ? "the connection ended" : text)
    );
}

std::string digest_of_peer(SSL* session) {
    X509* shown = SSL_get1_peer_certificate(session);
    unsigned char* der = nullptr;
    const int bytes = shown == nullptr ? 0 : i2d_X509(shown, &der);
    X509_free(shown);
    const std::string digest =
        sha256({reinterpret_cast<char*>(der), static_cast<std::size_t>(bytes)}).hex();
    OPENSSL_free(der);
    return digest;
}

void spare_broken_pipes() {
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

}  // namespace

TlsClient::TlsClient(ssl_st* session) : session_(session) {}

TlsClient::~TlsClient() {
    SSL_free(session_);
}

Result<std::unique_ptr<TlsClient>> TlsClient::open(
    int socket, const std::filesystem::path& certificate
) {
    const CertificateFacts trusted = TRY(read_certificate(certificate));
    spare_broken_pipes();
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free
    );
    CHECK(context != nullptr);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    auto client = std::make_unique<TlsClient>(SSL_new(context.get()));
    SSL* session = client->session_;
    SSL_set_fd(session, socket);
    if (SSL_connect(session) != 1) {
        return tls_failed("TLS handshake failed");
    }
    if (digest_of_peer(session) != trusted.sha256) {
        return make_error(
            Code::Unavailable,
            fmt::format(
                "The server shows another certificate than this project's; if it was just changed, "
                "try again: {}",
                certificate.string()
            )
        );
    }
    return client;
}

Result<void> TlsClient::send(std::string_view bytes) {
    std::size_t sent = 0;
    while (!bytes.empty()) {
        if (SSL_write_ex(session_, bytes.data(), bytes.size(), &sent) != 1) {
            return tls_failed("Cannot send");
        }
        bytes.remove_prefix(sent);
    }
    return {};
}

Result<std::size_t> TlsClient::receive(char* to, std::size_t size) {
    std::size_t got = 0;
    const int outcome = SSL_read_ex(session_, to, size, &got);
    if (outcome == 1 || SSL_get_error(session_, outcome) == SSL_ERROR_ZERO_RETURN) {
        return got;
    }
    return tls_failed("Cannot receive");
}

}  // namespace flywheel::http
