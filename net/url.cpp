#include "net/url.h"

#include <algorithm>
#include <charconv>

#include "net/address.h"
#include "net/http_text.h"

namespace net {
namespace {

constexpr size_t host_bytes_max = 253;  // RFC 1035 section 2.3.4, as text
constexpr size_t label_bytes_max = 63;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Of a percent-encoded byte at the beginning of `text`; -1 when there is none.
int encoded_byte(std::string_view text) {
    if (text.size() < 3 || text[0] != '%') return -1;
    const int high = hex_value(text[1]);
    const int low = hex_value(text[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Names of machines, and the underscore that some have.
bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > host_bytes_max) return false;
    while (true) {
        const size_t end = std::min(host.find('.'), host.size());
        const std::string_view label = host.substr(0, end);
        if (label.empty() || label.size() > label_bytes_max) return false;
        const auto fits = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; };
        if (!std::all_of(label.begin(), label.end(), fits)) return false;
        if (end == host.size()) break;
        host.remove_prefix(end + 1);
    }
    return true;
}

// RFC 3986 section 3.2.2: what ends in a number is an IPv4 address or nothing.
bool ends_in_number(std::string_view host) {
    const std::string_view last = host.substr(host.rfind('.') + 1);
    return std::all_of(last.begin(), last.end(), is_digit);
}

bool parse_host(std::string_view text, std::string& host) {
    Address address;
    if (text.starts_with('[')) {
        host = text.substr(1, text.size() - 2);
        return text.ends_with(']') && host.find(':') != std::string::npos &&
               Address::parse(host, address);
    }
    if (!is_host_name(text)) return false;
    host.resize(text.size());
    std::transform(text.begin(), text.end(), host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    return !ends_in_number(host) || Address::parse(host, address);
}

bool parse_port(std::string_view text, uint16_t& port) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), port);
    return result.ec == std::errc() && result.ptr == text.data() + text.size() && port != 0;
}

bool decode(std::string_view text, std::string& out) {
    out.clear();
    while (!text.empty()) {
        const int byte = encoded_byte(text);
        if (text[0] == '%' && byte < 0) return false;
        out.push_back(byte < 0 ? text[0] : static_cast<char>(byte));
        text.remove_prefix(byte < 0 ? 1 : 3);
    }
    return std::none_of(out.begin(), out.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_path(std::string_view path) {
    for (size_t i = 0; i < path.size(); ++i) {
        const char c = path[i];
        if (c == '%' && encoded_byte(path.substr(i)) < 0) return false;
        constexpr std::string_view others = "-._~!$&'()*+,;=:@/%";  // pchar and the slash
        if (!is_alphanumeric(c) && others.find(c) == std::string_view::npos) return false;
    }
    return true;
}

}  // namespace

std::string_view Url::parse(std::string_view text, Url& url, UserInfo user_info) {
    Url made;
    const size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return "it does not begin with https:// or http://";
    const std::string_view scheme = text.substr(0, scheme_end);
    made.is_https = equals_ignoring_case(scheme, "https");
    if (!made.is_https && !equals_ignoring_case(scheme, "http")) {
        return "the scheme is neither https nor http";
    }
    text.remove_prefix(scheme_end + 3);
    if (text.find_first_of("?#") != std::string_view::npos) return "it has a query or a fragment";
    const size_t path = std::min(text.find('/'), text.size());
    made.path = text.substr(path);
    while (made.path.ends_with('/')) made.path.pop_back();
    if (!is_path(made.path)) return "the path has a character that must be percent-encoded";
    text = text.substr(0, path);

    if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
        if (user_info == UserInfo::refused) return "it must not hold a user or password";
        if (!decode(text.substr(0, at), made.user)) return "the user or password is not valid";
        text.remove_prefix(at + 1);
    }
    const bool is_literal = text.starts_with('[');
    const size_t host_end = is_literal ? text.find(']') + 1 : std::min(text.find(':'), text.size());
    if (!parse_host(text.substr(0, host_end), made.host)) return "the host is not valid";
    text.remove_prefix(host_end);
    made.port = made.is_https ? 443 : 80;
    if (!text.empty() && (text[0] != ':' || !parse_port(text.substr(1), made.port))) {
        return "the port is not a number from 1 to 65535";
    }
    url = std::move(made);
    return {};
}

std::string Url::host_and_port() const {
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

std::string Url::authority() const {
    std::string text = host_and_port();
    if (port == (is_https ? 443 : 80)) text.resize(text.rfind(':'));
    return text;
}

bool Url::is_loopback() const {
    Address address;
    return is_localhost(host) || (Address::parse(host, address) && address.is_loopback());
}

bool is_localhost(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost");
}

bool is_ip_address(std::string_view text) {
    Address address;
    return text.find('\0') == std::string_view::npos && Address::parse(std::string(text), address);
}

}  // namespace net
