#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/proxy.h"
#include "net/tls.h"
#include "net/url.h"

namespace net {

class UpstreamConnection;

// Origin is one place that calls go to: scheme, host and port, and the proxy on the way. It keeps
// what calls to the same place share. Owned by the connection pool, for good: there are as many as
// the settings name.
struct Origin {
    Url url;                       // without path
    const Proxy* proxy = nullptr;  // null: none
    std::unique_ptr<TlsSession> session{};
    std::vector<UpstreamConnection*> idle{};  // the one used last is at the end
};

}  // namespace net
