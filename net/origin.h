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
    Origin(const Url& upstream, const Proxy* its_proxy);

    Url url;                  // without path
    const Proxy* proxy;       // null: none
    std::string before_path;  // of a request line, behind the method
    std::string behind_path;  // the rest of the request line, and the fields that are always sent
    std::unique_ptr<TlsSession> session{};
    std::vector<UpstreamConnection*> idle{};  // the one used last is at the end
};

}  // namespace net
