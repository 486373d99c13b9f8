#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace net {

// Url is the address of an upstream or a proxy: where to connect, and what its paths begin with
// (RFC 3986; no query, no fragment).
struct Url {
    bool is_https = false;
    std::string host;  // lower case; an IPv6 literal has no brackets
    uint16_t port = 0;
    std::string path;  // empty, or begins with a slash and does not end with one
    std::string user;  // user:password, decoded; only where it is allowed

    enum class UserInfo : uint8_t { refused, allowed };

    // What is wrong with `text` (static), or nothing, and then `url` is filled.
    [[nodiscard]] static std::string_view parse(std::string_view text, Url& url,
                                                UserInfo user_info = UserInfo::refused);

    // host:port, with brackets around IPv6.
    std::string host_and_port() const;
    // The Host field: the port only when it is not the scheme's.
    std::string authority() const;
    // localhost, or a loopback address.
    bool is_loopback() const;
};

bool is_localhost(std::string_view host);   // RFC 6761 section 6.3; lower case
bool is_ip_address(std::string_view text);  // a literal without brackets and without a zone

}  // namespace net
