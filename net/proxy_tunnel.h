#pragma once

#include <string>

#include "net/origin.h"
#include "net/response_parser.h"
#include "net/stream.h"

namespace net {

// ProxyTunnel asks a proxy for a connection to an origin (CONNECT, RFC 9110 section 9.3.6).
class ProxyTunnel {
public:
    // `limits` must outlive it.
    ProxyTunnel(const UpstreamLimits& limits, const Origin& origin);

    Io advance(Stream& proxy);  // again, ok or failed

    const std::string& failure() const { return failure_; }

private:
    Io judge();

    const std::string proxy_name_;
    std::string request_;
    size_t sent_ = 0;
    ResponseParser parser_;
    BodyWindow no_body_{0};
    std::string failure_;
};

}  // namespace net
