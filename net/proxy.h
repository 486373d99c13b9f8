#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/url.h"

namespace net {

// Proxy is an HTTP proxy: requests to http upstreams name the whole URL, https upstreams are
// reached through a tunnel (RFC 9110 section 9.3.6).
struct Proxy {
    Url url;
    std::string authorization;  // the whole Proxy-Authorization line, or empty
};

// ProxySettings says which upstream is reached through which proxy. Read-only once made; it must
// outlive the clients that use it.
class ProxySettings {
public:
    // No proxy at all.
    ProxySettings() = default;
    // Empty texts: none. `exceptions` is a list as in NO_PROXY: names (with all names below them),
    // addresses, networks in CIDR notation, each with or without a port, or * for all. Throws
    // std::runtime_error.
    ProxySettings(const std::string& http_proxy, const std::string& https_proxy,
                  std::string_view exceptions);

    // From HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; lower case names come first. Throws
    // std::runtime_error.
    static ProxySettings from_environment();

    // Null: connect directly, as is always done on loopback.
    const Proxy* proxy_for(const Url& upstream) const;

private:
    bool is_exception(const Url& upstream) const;

    std::optional<Proxy> http_;
    std::optional<Proxy> https_;
    std::vector<std::string> exceptions_;
};

}  // namespace net
