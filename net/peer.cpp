#include "net/peer.h"

#include <arpa/inet.h>

#include <cstring>

namespace net {

Peer Peer::of(const sockaddr_storage& from) {
    Peer peer;
    if (from.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
        peer.address = v6.sin6_addr;
        peer.port = ntohs(v6.sin6_port);
    } else {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
        peer.address.s6_addr[10] = peer.address.s6_addr[11] = 0xFF;
        std::memcpy(&peer.address.s6_addr[12], &v4.sin_addr, 4);
        peer.port = ntohs(v4.sin_port);
    }
    return peer;
}

std::string Peer::text() const {
    char host[INET6_ADDRSTRLEN] = "";
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
        ::inet_ntop(AF_INET, &address.s6_addr[12], host, sizeof host);
        return std::string(host) + ':' + std::to_string(port);
    }
    ::inet_ntop(AF_INET6, &address, host, sizeof host);
    return '[' + std::string(host) + "]:" + std::to_string(port);
}

}  // namespace net
