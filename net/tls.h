#pragma once

#include <memory>
#include <string>

#include "net/stream.h"

namespace net {

// TlsSession remembers how to resume TLS with one upstream. Written by the streams that refer to
// it; it must outlive them.
class TlsSession {
public:
    virtual ~TlsSession() = default;
};

struct TlsSettings {
    // PEM file with the authorities to trust, instead of the system's.
    std::string ca_file;
};

// Tls makes client-side TLS streams (1.2 and 1.3): certificates are verified against the trusted
// authorities and the host. Read-only once made, so that all workers share one.
class Tls {
public:
    virtual ~Tls() = default;

    // TLS over `lower`. `host` is a name or an address literal.
    virtual std::unique_ptr<Stream> wrap(std::unique_ptr<Stream> lower, const std::string& host,
                                         TlsSession& session) const = 0;
    virtual std::unique_ptr<TlsSession> make_session() const = 0;

    static bool is_built_in();
    // Throws std::runtime_error: no authorities found, or built without TLS.
    static std::unique_ptr<Tls> make(const TlsSettings& settings);
};

}  // namespace net
