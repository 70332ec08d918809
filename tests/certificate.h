#pragma once
// SPDX-License-Identifier: Apache-2.0
// A self-signed certificate and its key as PEM files, made anew for each test that wants one.

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/result.h"

namespace flywheel::testing {

struct CertificateFiles {
    std::filesystem::path certificate;
    std::filesystem::path key;
};

/// Writes `name`.crt and `name`.key (mode 0600); good for `days` from now, less than none = over.
inline CertificateFiles make_certificate(
    const std::filesystem::path& folder, const std::string& name, int days = 30
) {
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
    const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const Certificate made(X509_new(), X509_free);
    constexpr long kDay = 86'400;
    static long serial = 0;
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -400 * kDay);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), days * kDay);
    X509_NAME* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(
        subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0
    );
    X509_set_issuer_name(made.get(), subject);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(made.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_set_pubkey(made.get(), key.get());
    CHECK(X509_sign(made.get(), key.get(), EVP_sha256()) > 0);

    CertificateFiles files{folder / (name + ".crt"), folder / (name + ".key")};
    std::FILE* out = std::fopen(files.certificate.c_str(), "w");
    CHECK(PEM_write_X509(out, made.get()) == 1);
    std::fclose(out);
    out = std::fopen(files.key.c_str(), "w");
    CHECK(PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    std::fclose(out);
    ::chmod(files.key.c_str(), 0600);
    return files;
}

}  // namespace flywheel::testing
