#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace net {

// Peer is the address of the other side, small: 18 bytes for IPv4 and IPv6 alike.
struct Peer {
    in6_addr address{};  // IPv4 as a mapped address
    uint16_t port = 0;

    static Peer of(const sockaddr_storage& from);

    // host:port, as in a URL.
    std::string text() const;
};

}  // namespace net
