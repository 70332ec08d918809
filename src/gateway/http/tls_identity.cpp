// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/tls_identity.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/log.h"

namespace flywheel::http {

namespace {

// What every client of the last ten years can speak: forward secrecy and authenticated encryption.
// TLS 1.3 has nothing else and keeps OpenSSL's own list.
constexpr const char* kCiphers12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::string_view kProtocol = "\x08http/1.1";  // ALPN, RFC 7301: length, then name
constexpr mode_t kTooOpen = S_IWGRP | S_IXGRP | S_IRWXO;

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Bytes = std::unique_ptr<BIO, decltype(&BIO_free)>;

/// What OpenSSL says of its last failure.
std::string reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* text = ERR_reason_error_string(code);
    return text == nullptr ? std::string("it is not PEM") : std::string(text);
}

Error bad_file(std::string_view what, const std::filesystem::path& file, std::string_view why) {
    return invalid_argument(fmt::format(
        "The TLS {} cannot be used; see [serve] tls_certificate and tls_key: {}: {}",
        what,
        file.string(),
        why
    ));
}

/// A key that everybody may read is no key.
Result<void> check_rights(const std::filesystem::path& key) {
    struct stat seen{};
    if (::stat(key.c_str(), &seen) != 0) {
        return bad_file("key", key, std::generic_category().message(errno));
    }
    if ((seen.st_mode & kTooOpen) != 0) {
        return bad_file(
            "key",
            key,
            fmt::format("others may use it (mode {:o}); chmod 600 it", seen.st_mode & 0777U)
        );
    }
    return {};
}

/// Nobody sits at a server to be asked for a passphrase.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) {
    return -1;
}

void choose_manners(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, kCiphers12);
    SSL_CTX_set_options(
        context,
        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
            SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF
    );
    SSL_CTX_set_mode(
        context,
        SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
            SSL_MODE_RELEASE_BUFFERS  // an idle connection costs no 34 KiB
    );
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets resume without memory
    SSL_CTX_set_num_tickets(context, 1);
    constexpr auto kChoose = [](SSL*,
                                const unsigned char** chosen,
                                unsigned char* chosen_bytes,
                                const unsigned char* offered,
                                unsigned offered_bytes,
                                void*) {
        unsigned char* place = nullptr;
        const int found = SSL_select_next_proto(
            &place,
            chosen_bytes,
            reinterpret_cast<const unsigned char*>(kProtocol.data()),
            static_cast<unsigned>(kProtocol.size()),
            offered,
            offered_bytes
        );
        *chosen = place;
        return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
    };
    SSL_CTX_set_alpn_select_cb(context, kChoose, nullptr);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
}

Result<std::shared_ptr<SSL_CTX>> make_context(const TlsPlan& plan) {
    TRY(check_rights(plan.key));
    ERR_clear_error();
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    SSL_CTX* made = context.get();
    if (made == nullptr) {
        return make_error(Code::Internal, "OpenSSL cannot make a context: " + reason());
    }
    choose_manners(made);
    if (SSL_CTX_use_certificate_chain_file(made, plan.certificate.c_str()) != 1) {
        return bad_file("certificate", plan.certificate, reason());
    }
    if (SSL_CTX_use_PrivateKey_file(made, plan.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(made) != 1) {
        const bool strange = ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;
        const std::string why = reason();
        return bad_file("key", plan.key, strange ? "it does not belong to the certificate" : why);
    }
    return context;
}

std::string names_of(const X509* certificate) {
    const Bytes out(BIO_new(BIO_s_mem()), BIO_free);
    const int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    if (at >= 0) {
        X509V3_EXT_print(out.get(), X509_get_ext(certificate, at), 0, 0);
    } else {
        X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE);
    }
    char* text = nullptr;
    const long bytes = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(bytes)};
}

}  // namespace

Result<CertificateFacts> read_certificate(const std::filesystem::path& file) {
    ERR_clear_error();
    const Bytes in(BIO_new_file(file.c_str(), "r"), BIO_free);
    const Certificate certificate(
        in ? PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr) : nullptr, X509_free
    );
    if (certificate == nullptr) {
        return bad_file("certificate", file, reason());
    }
    CertificateFacts facts;
    facts.names = names_of(certificate.get());
    unsigned char* der = nullptr;
    const int bytes = i2d_X509(certificate.get(), &der);
    facts.sha256 =
        flywheel::sha256({reinterpret_cast<char*>(der), static_cast<std::size_t>(bytes)}).hex();
    OPENSSL_free(der);
    std::tm end{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) == 1) {
        facts.expires = ::timegm(&end);
    }
    return facts;
}

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::open(TlsPlan plan) {
    auto identity = std::make_unique<TlsIdentity>(std::move(plan));
    TRY(identity->refresh());
    identity->thread_ = std::thread([one = identity.get()] { one->watch(); });
    return identity;
}

TlsIdentity::TlsIdentity(TlsPlan plan) : plan_(std::move(plan)) {}

TlsIdentity::~TlsIdentity() {
    {
        const std::scoped_lock lock(watching_);
        stopping_ = true;
    }
    ended_.notify_one();
    if (thread_.joinable()) {
        thread_.join();
    }
}

TlsIdentity::Stamp TlsIdentity::stamp_of(const std::filesystem::path& file) {
    struct stat seen{};
    if (::stat(file.c_str(), &seen) != 0) {
        return {};
    }
    return {
        seen.st_mtim.tv_sec * 1'000'000'000 + seen.st_mtim.tv_nsec,
        seen.st_ino,
        static_cast<std::uint64_t>(seen.st_size)
    };
}

Result<void> TlsIdentity::refresh() {
    const Stamps now{stamp_of(plan_.certificate), stamp_of(plan_.key)};
    if (context_ != nullptr && now == read_) {
        return {};
    }
    auto context = TRY(make_context(plan_));
    read_ = now;
    const std::scoped_lock lock(mutex_);
    context_.swap(context);
    return {};
}

/// A certificate and its key are two files: between the two renames they are no pair, so a failure
/// is tried again, and told once.
void TlsIdentity::watch() {
    std::string told;
    std::unique_lock lock(watching_);
    while (!ended_.wait_for(lock, plan_.look_every, [this] { return stopping_; })) {
        lock.unlock();
        const Stamps before = read_;
        const auto refreshed = refresh();
        if (!refreshed && refreshed.error().message != told) {
            told = refreshed.error().message;
            log_warn("the certificate has changed but cannot be used", {{"error", told}});
        } else if (refreshed && !(before == read_)) {
            told.clear();
            log_info("a new certificate is shown", {{"file", plan_.certificate.string()}});
        }
        lock.lock();
    }
}

std::unique_ptr<TlsSession> TlsIdentity::session(int socket) const {
    std::shared_ptr<SSL_CTX> context;
    {
        const std::scoped_lock lock(mutex_);
        context = context_;
    }
    SSL* made = SSL_new(context.get());  // keeps the context alive
    CHECK(made != nullptr);
    SSL_set_fd(made, socket);
    return std::make_unique<TlsSession>(made);
}

}  // namespace flywheel::http
