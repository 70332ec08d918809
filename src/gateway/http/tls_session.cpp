// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace flywheel::http {

TlsSession::TlsSession(ssl_st* session) : session_(session) {}

TlsSession::~TlsSession() {
    SSL_free(session_);
}

TlsStep TlsSession::step(int outcome) {
    if (outcome == 1) {
        return TlsStep::Done;
    }
    switch (SSL_get_error(session_, outcome)) {
        case SSL_ERROR_WANT_READ:
            return TlsStep::WantsRead;
        case SSL_ERROR_WANT_WRITE:
            return TlsStep::WantsWrite;
        case SSL_ERROR_ZERO_RETURN:
            return TlsStep::Ended;
        default:
            ERR_clear_error();  // the queue belongs to the thread, and so to all its connections
            return TlsStep::Failed;
    }
}

TlsStep TlsSession::shake_hands() {
    return step(SSL_accept(session_));
}

TlsStep TlsSession::read(char* to, std::size_t size, std::size_t& count) {
    count = 0;
    return step(SSL_read_ex(session_, to, size, &count));
}

TlsStep TlsSession::write(const char* from, std::size_t size, std::size_t& count) {
    count = 0;
    return step(SSL_write_ex(session_, from, size, &count));
}

void TlsSession::say_goodbye() {
    if (SSL_is_init_finished(session_) == 1) {
        step(SSL_shutdown(session_));
    }
}

std::size_t TlsSession::bytes_sent() const {
    return static_cast<std::size_t>(BIO_number_written(SSL_get_wbio(session_)));
}

}  // namespace flywheel::http
