#include "net/origin.h"

namespace net {

// RFC 9112 section 3.2: a proxy for http is given the whole URL.
Origin::Origin(const Url& upstream, const Proxy* its_proxy)
    : url{upstream.is_https, upstream.host, upstream.port, {}, {}}, proxy(its_proxy) {
    const std::string authority = url.authority();
    const bool names_all = proxy && !url.is_https;
    before_path = names_all ? " http://" + authority : " ";
    behind_path = " HTTP/1.1\r\nHost: " + authority + "\r\n";
    if (names_all) behind_path += proxy->authorization;
}

}  // namespace net
