#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <mutex>
#include <stdexcept>

#include "net/address.h"
#include "net/ca_store.h"
#include "net/stream_bio.h"

namespace net {
namespace {

template <auto release>
struct Releaser {
    template <typename T>
    void operator()(T* object) const {
        release(object);
    }
};

using Context = std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>>;
using Connection = std::unique_ptr<SSL, Releaser<SSL_free>>;
using SessionHandle = std::unique_ptr<SSL_SESSION, Releaser<SSL_SESSION_free>>;
using Method = std::unique_ptr<BIO_METHOD, Releaser<BIO_meth_free>>;

class OpenSslSession final : public TlsSession {
public:
    SessionHandle handle;
};

// What a person can do something about, in words; for the rest OpenSSL's.
std::string certificate_problem(long result, const std::string& host) {
    switch (result) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "the certificate of " + host + " has expired";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "the certificate of " + host + " is not valid yet (is the clock right?)";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "the certificate is not for " + host;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return "the certificate of " + host + " is self-signed and not trusted";
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
            return "the certificate of " + host + " is from an authority that is not trusted here";
        default:
            return "the certificate of " + host +
                   " is not good: " + X509_verify_cert_error_string(result);
    }
}

std::string last_error() {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "the connection ended" : reason;
}

class TlsStream final : public Stream {
public:
    TlsStream(Connection ssl, std::unique_ptr<Stream> lower, std::string host,
              OpenSslSession& session)
        : lower_(std::move(lower)),
          host_(std::move(host)),
          session_(session),
          ssl_(std::move(ssl)) {
        SSL_set_app_data(ssl_.get(), this);
    }
    ~TlsStream() override;

    Io open() override;
    Io read(std::span<char> room, size_t& bytes) override;
    Io write(std::string_view bytes, size_t& taken) override;
    std::string failure() const override { return failure_; }

    void remember(SSL_SESSION* session) { session_.handle.reset(session); }

private:
    Io outcome(int result);
    void describe_failure();

    std::unique_ptr<Stream> lower_;
    const std::string host_;
    OpenSslSession& session_;
    std::string failure_;
    Connection ssl_;
    bool is_open_ = false;
    bool is_broken_ = false;
};

TlsStream::~TlsStream() {
    // Tells the peer, if the socket takes it; OpenSSL also would not resume a session whose
    // connection ended without.
    if (is_open_ && !is_broken_) SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

Io TlsStream::open() {
    if (is_open_) return Io::ok;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) return outcome(result) == Io::again ? Io::again : Io::failed;
    is_open_ = true;
    return Io::ok;
}

Io TlsStream::read(std::span<char> room, size_t& bytes) {
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), room.data(), room.size(), &bytes);
    return result == 1 ? Io::ok : outcome(result);
}

Io TlsStream::write(std::string_view bytes, size_t& taken) {
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &taken);
    return result == 1 ? Io::ok : outcome(result);
}

Io TlsStream::outcome(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return Io::again;
        case SSL_ERROR_ZERO_RETURN:
            return Io::closed;
        default:
            is_broken_ = true;
            describe_failure();
            return Io::failed;
    }
}

void TlsStream::describe_failure() {
    const long verified = SSL_get_verify_result(ssl_.get());
    failure_ = verified != X509_V_OK ? certificate_problem(verified, host_)
               : is_open_            ? "TLS: " + last_error()
                                     : "no TLS handshake with " + host_ + ": " + last_error();
    ERR_clear_error();
}

int on_new_session(SSL* ssl, SSL_SESSION* session) {
    static_cast<TlsStream*>(SSL_get_app_data(ssl))->remember(session);
    return 1;  // the reference is ours now
}

// NoStream stands for one that could not be made.
class NoStream final : public Stream {
public:
    explicit NoStream(std::string why) : why_(std::move(why)) {}

    Io open() override { return Io::failed; }
    Io read(std::span<char>, size_t&) override { return Io::failed; }
    Io write(std::string_view, size_t&) override { return Io::failed; }
    std::string failure() const override { return why_; }

private:
    const std::string why_;
};

class OpenSslTls final : public Tls {
public:
    explicit OpenSslTls(const TlsSettings& settings);

    std::unique_ptr<Stream> wrap(std::unique_ptr<Stream> lower, const std::string& host,
                                 TlsSession& session) const override;
    std::unique_ptr<TlsSession> make_session() const override {
        return std::make_unique<OpenSslSession>();
    }

private:
    SSL_CTX* context() const;
    std::unique_ptr<Stream> secure(std::unique_ptr<Stream> lower, const std::string& host,
                                   OpenSslSession& session) const;

    const AuthorityPlaces places_;
    mutable std::mutex mutex_;  // guards the two until they are made
    mutable Method method_;
    mutable Context context_;
};

Context make_context(const AuthorityPlaces& places) {
    // The system's configuration could load modules built for another libc.
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    Context made(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* const context = made.get();
    if (!context) throw std::runtime_error("OpenSSL cannot be initialized");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // An idle connection keeps no buffers; a write is tried again from wherever its bytes are then.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);  // a record costs one system call instead of two
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, on_new_session);
    static constexpr unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1);
    load_authorities(SSL_CTX_get_cert_store(context), places);
    return made;
}

OpenSslTls::OpenSslTls(const TlsSettings& settings) : places_(find_authorities(settings.ca_file)) {
    // Whoever named a file is told at once when it is the wrong one.
    if (!settings.ca_file.empty() || !may_hold_authorities(places_)) context();
}

SSL_CTX* OpenSslTls::context() const {
    const std::lock_guard lock(mutex_);
    if (context_) return context_.get();
    Context made = make_context(places_);
    method_.reset(make_stream_bio_method());
    if (!method_) throw std::bad_alloc();
    context_ = std::move(made);
    return context_.get();
}

std::unique_ptr<Stream> OpenSslTls::wrap(std::unique_ptr<Stream> lower, const std::string& host,
                                         TlsSession& session) const {
    try {
        return secure(std::move(lower), host, static_cast<OpenSslSession&>(session));
    } catch (const std::runtime_error& error) {
        return std::make_unique<NoStream>(error.what());
    }
}

// Names whom the certificate must be for. Not SSL_set1_host, which reads the name as an address
// first, with sscanf. False when it could not be noted: without it any certificate would do.
bool expect_host(SSL* ssl, const std::string& host) {
    X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
    Address address;
    if (Address::parse(host, address)) {
        const auto bytes = address.bytes();
        return X509_VERIFY_PARAM_set1_ip(expected, bytes.data(), bytes.size()) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return !host.empty() && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 &&
           X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) == 1;
}

std::unique_ptr<Stream> OpenSslTls::secure(std::unique_ptr<Stream> lower, const std::string& host,
                                           OpenSslSession& session) const {
    Connection ssl(SSL_new(context()));
    BIO* bio = ssl ? make_stream_bio(method_.get(), *lower) : nullptr;
    if (!bio) throw std::bad_alloc();
    SSL_set_bio(ssl.get(), bio, bio);
    SSL_set_connect_state(ssl.get());
    if (!expect_host(ssl.get(), host)) throw std::bad_alloc();
    if (session.handle) {
        SSL_set_session(ssl.get(), session.handle.get());
        // Tickets of TLS 1.3 are for one use (RFC 8446 appendix C.4); a new one comes.
        const bool is_used_up =
            SSL_SESSION_get_protocol_version(session.handle.get()) > TLS1_2_VERSION;
        if (is_used_up) session.handle.reset();
    }
    return std::make_unique<TlsStream>(std::move(ssl), std::move(lower), host, session);
}

}  // namespace

bool Tls::is_built_in() {
    return true;
}

std::unique_ptr<Tls> Tls::make(const TlsSettings& settings) {
    return std::make_unique<OpenSslTls>(settings);
}

}  // namespace net
