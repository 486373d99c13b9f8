#include "net/address.h"

#include <arpa/inet.h>

#include <cstring>

namespace net {

Address::Address(const in_addr& address, uint16_t port) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr = address;
    std::memcpy(&any_, &v4, sizeof v4);
}

Address::Address(const in6_addr& address, uint16_t port) {
    any_.sin6_family = AF_INET6;
    any_.sin6_port = htons(port);
    any_.sin6_addr = address;
}

bool Address::parse(const std::string& literal, Address& address) {
    in_addr v4{};
    if (::inet_pton(AF_INET, literal.c_str(), &v4) == 1) {
        address = Address(v4, 0);
        return true;
    }
    in6_addr v6{};
    if (::inet_pton(AF_INET6, literal.c_str(), &v6) != 1) return false;
    address = Address(v6, 0);
    return true;
}

Address Address::with_port(uint16_t port) const {
    Address copy = *this;
    copy.any_.sin6_port = htons(port);
    return copy;
}

uint16_t Address::port() const {
    return ntohs(any_.sin6_port);
}

bool Address::is_loopback() const {
    if (family() == AF_INET) return bytes()[0] == 127;
    return IN6_IS_ADDR_LOOPBACK(&any_.sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&any_.sin6_addr) && any_.sin6_addr.s6_addr[12] == 127);
}

bool Address::is_in(const Address& network, int bits) const {
    if (family() != network.family()) return false;
    const auto whole = static_cast<size_t>(bits / 8);
    if (std::memcmp(bytes().data(), network.bytes().data(), whole) != 0) return false;
    const int rest = bits % 8;
    return rest == 0 || (bytes()[whole] ^ network.bytes()[whole]) >> (8 - rest) == 0;
}

std::string Address::text() const {
    char host[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(family(), bytes().data(), host, sizeof host);
    const std::string port_text = ':' + std::to_string(port());
    return family() == AF_INET6 ? '[' + std::string(host) + ']' + port_text : host + port_text;
}

socklen_t Address::size() const {
    return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::span<const uint8_t> Address::bytes() const {
    if (family() == AF_INET6) return any_.sin6_addr.s6_addr;
    return {reinterpret_cast<const uint8_t*>(&v4().sin_addr), sizeof(in_addr)};
}

}  // namespace net
