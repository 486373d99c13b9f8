#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <span>
#include <string>

namespace net {

// Address is an IP address and a port. A value.
class Address {
public:
    Address() = default;
    Address(const in_addr& address, uint16_t port);
    Address(const in6_addr& address, uint16_t port);

    // A literal without brackets and without a zone. False when it is none.
    [[nodiscard]] static bool parse(const std::string& literal, Address& address);

    Address with_port(uint16_t port) const;

    int family() const { return any_.sin6_family; }
    uint16_t port() const;
    std::span<const uint8_t> bytes() const;  // 4 or 16, the first one first
    bool is_loopback() const;
    // Whether the first `bits` bits are those of `network`, and the family is.
    bool is_in(const Address& network, int bits) const;
    std::string text() const;  // host:port, with brackets around IPv6

    const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&any_); }
    socklen_t size() const;

private:
    const sockaddr_in& v4() const { return reinterpret_cast<const sockaddr_in&>(any_); }

    sockaddr_in6 any_{};  // the larger of the two; family and port have one place in both
};

}  // namespace net
