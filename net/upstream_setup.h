#pragma once

#include <memory>
#include <string>

#include "net/proxy.h"
#include "net/tls.h"
#include "net/upstream_limits.h"

namespace net {

// UpstreamSetup is how upstreams are reached. All loops share it: it is read-only once made, and
// must outlive their clients.
struct UpstreamSetup {
    UpstreamLimits limits;
    ProxySettings proxies;
    std::unique_ptr<Tls> tls;  // null: https is not possible

    // With the environment's proxies. Throws std::runtime_error.
    static UpstreamSetup make(bool needs_tls, const std::string& ca_file);
};

}  // namespace net
