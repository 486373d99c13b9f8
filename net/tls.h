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
// authorities and the host. All workers share one. The first stream loads the authorities; that
// takes some 20 ms where they come as one file, and programs that never call https do without.
class Tls {
public:
    virtual ~Tls() = default;

    // TLS over `lower`. `host` is a name or an address literal.
    virtual std::unique_ptr<Stream> wrap(std::unique_ptr<Stream> lower, const std::string& host,
                                         TlsSession& session) const = 0;
    virtual std::unique_ptr<TlsSession> make_session() const = 0;

    static bool is_built_in();
    // Throws std::runtime_error: no authorities found, or built without TLS. What is wrong with
    // `ca_file` shows here, too; what is wrong inside the system's shows when a stream opens.
    static std::unique_ptr<Tls> make(const TlsSettings& settings);
};

}  // namespace net
