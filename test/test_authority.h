#pragma once

#include <doctest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

template <auto release>
struct Release {
    template <typename T>
    void operator()(T* object) const {
        release(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;

// A certificate and its key, signed by another one or by itself.
struct Identity {
    struct Wish {
        std::string name{};      // common name
        std::string subjects{};  // as "DNS:localhost,IP:127.0.0.1"; empty: none
        bool is_authority = false;
        long begins = -3600;  // seconds from now
        long ends = 3600;
    };

    explicit Identity(const Wish& wish, const Identity* issuer = nullptr)
        : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
        X509* x = certificate.get();
        X509_set_version(x, X509_VERSION_3);
        static long serial = 1;
        ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
        X509_gmtime_adj(X509_getm_notBefore(x), wish.begins);
        X509_gmtime_adj(X509_getm_notAfter(x), wish.ends);
        X509_set_pubkey(x, key.get());
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1,
                                   -1, 0);
        const Identity& signer = issuer ? *issuer : *this;
        X509_set_issuer_name(x, X509_get_subject_name(signer.certificate.get()));
        if (wish.is_authority) extend(NID_basic_constraints, "critical,CA:TRUE");
        if (!wish.subjects.empty()) extend(NID_subject_alt_name, wish.subjects);
        REQUIRE(X509_sign(x, signer.key.get(), EVP_sha256()) != 0);
    }

    void extend(int kind, const std::string& value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
        REQUIRE(extension != nullptr);
        X509_add_ext(certificate.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }

    Key key;
    Certificate certificate;
};

// An authority, and the file by which clients trust it.
class TestAuthority {
public:
    TestAuthority() : identity({.name = "Test Authority", .is_authority = true}) {
        char path[] = "/tmp/test-authority-XXXXXX";
        const int fd = ::mkstemp(path);
        REQUIRE(fd >= 0);
        FILE* file = ::fdopen(fd, "w");
        PEM_write_X509(file, identity.certificate.get());
        ::fclose(file);
        path_ = path;
    }
    ~TestAuthority() { ::unlink(path_.c_str()); }

    const std::string& path() const { return path_; }
    Identity issue(const Identity::Wish& wish) const { return Identity(wish, &identity); }

    const Identity identity;

private:
    std::string path_;
};

// The server's side of a TLS connection, blocking.
class TlsPeer {
public:
    static std::shared_ptr<SSL_CTX> context(const Identity& identity,
                                            int version_max = TLS1_3_VERSION) {
        std::shared_ptr<SSL_CTX> made(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
        SSL_CTX_use_certificate(made.get(), identity.certificate.get());
        SSL_CTX_use_PrivateKey(made.get(), identity.key.get());
        SSL_CTX_set_max_proto_version(made.get(), version_max);
        SSL_CTX_set_session_id_context(made.get(), reinterpret_cast<const unsigned char*>("t"), 1);
        return made;
    }

    TlsPeer(SSL_CTX& context, int fd) : ssl_(SSL_new(&context)) {
        SSL_set_fd(ssl_.get(), fd);
        is_open_ = SSL_accept(ssl_.get()) == 1;
    }

    bool is_open() const { return is_open_; }
    bool was_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
    std::string server_name() const {
        const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
        return name == nullptr ? "" : name;
    }
    int version() const { return SSL_version(ssl_.get()); }

    // Up to the end of a head; bodies are not looked for.
    std::string request() {
        std::string text;
        char byte;
        while (text.find("\r\n\r\n") == std::string::npos) {
            if (SSL_read(ssl_.get(), &byte, 1) != 1) return {};
            text.push_back(byte);
        }
        return text;
    }
    bool send(std::string_view bytes) {
        return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    }
    void end() { SSL_shutdown(ssl_.get()); }

private:
    std::unique_ptr<SSL, Release<SSL_free>> ssl_;
    bool is_open_ = false;
};
