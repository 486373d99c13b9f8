#include "net/proxy.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <stdexcept>

#include "net/address.h"
#include "net/http_text.h"

namespace net {
namespace {

// RFC 4648 section 4.
std::string base64(std::string_view bytes) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t group = 0;
        const size_t count = std::min<size_t>(3, bytes.size() - i);
        for (size_t k = 0; k < 3; ++k) {
            group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        }
        for (size_t k = 0; k < 4; ++k) {
            text.push_back(k <= count ? digits[group >> (18 - 6 * k) & 63] : '=');
        }
    }
    return text;
}

std::optional<Proxy> parse_proxy(const std::string& text) {
    if (text.empty()) return std::nullopt;
    Proxy proxy;
    // As curl: without a scheme it is http.
    const bool has_scheme = text.find("://") != std::string::npos;
    const std::string whole = has_scheme ? text : "http://" + text;
    const std::string_view error = Url::parse(whole, proxy.url, Url::UserInfo::allowed);
    // The text may hold a password, so it is not repeated.
    if (!error.empty()) {
        throw std::runtime_error("the proxy's address is not valid: " + std::string(error));
    }
    if (proxy.url.is_https) throw std::runtime_error("only proxies with http:// are supported");
    if (!proxy.url.user.empty()) {
        proxy.authorization = "Proxy-Authorization: Basic " + base64(proxy.url.user) + "\r\n";
    }
    return proxy;
}

std::string variable(const char* lower, const char* upper) {
    for (const char* name : {lower, upper}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') return value;
    }
    return {};
}

// The port behind a rule, taken off it; 0 when there is none. IPv6 with a port is in brackets.
uint16_t take_port(std::string_view& rule) {
    const size_t colon = rule.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return 0;
    if (rule.find(':') != colon && rule[colon - 1] != ']') return 0;
    uint16_t port = 0;
    const std::string_view digits = rule.substr(colon + 1);
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (result.ec != std::errc() || result.ptr != digits.data() + digits.size()) return 0;
    rule.remove_suffix(digits.size() + 1);
    return port;
}

bool is_in_network(const Address& address, std::string_view rule) {
    const size_t slash = std::min(rule.find('/'), rule.size());
    Address network;
    if (!Address::parse(std::string(rule.substr(0, slash)), network)) return false;
    const int bits_max = network.family() == AF_INET6 ? 128 : 32;
    int bits = bits_max;
    if (slash != rule.size()) {
        const std::string_view digits = rule.substr(slash + 1);
        const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (result.ec != std::errc() || bits < 0 || bits > bits_max) return false;
    }
    return address.is_in(network, bits);
}

bool is_covered(const Url& upstream, std::string_view rule) {
    if (rule == "*") return true;
    const uint16_t port = take_port(rule);
    if (port != 0 && port != upstream.port) return false;
    if (rule.starts_with('[') && rule.ends_with(']')) rule = rule.substr(1, rule.size() - 2);
    Address address;
    if (Address::parse(upstream.host, address)) return is_in_network(address, rule);
    while (rule.starts_with('*') || rule.starts_with('.')) rule.remove_prefix(1);
    if (rule.empty() || rule.size() > upstream.host.size()) return false;
    const std::string_view host = upstream.host;
    const size_t rest = host.size() - rule.size();
    return equals_ignoring_case(host.substr(rest), rule) && (rest == 0 || host[rest - 1] == '.');
}

}  // namespace

ProxySettings::ProxySettings(const std::string& http_proxy, const std::string& https_proxy,
                             std::string_view exceptions)
    : http_(parse_proxy(http_proxy)), https_(parse_proxy(https_proxy)) {
    while (!exceptions.empty()) {
        const size_t end = std::min(exceptions.find_first_of(", \t"), exceptions.size());
        if (end != 0) exceptions_.emplace_back(exceptions.substr(0, end));
        exceptions.remove_prefix(std::min(end + 1, exceptions.size()));
    }
}

ProxySettings ProxySettings::from_environment() {
    const std::string all = variable("all_proxy", "ALL_PROXY");
    std::string http = variable("http_proxy", "HTTP_PROXY");
    std::string https = variable("https_proxy", "HTTPS_PROXY");
    return ProxySettings(http.empty() ? all : http, https.empty() ? all : https,
                         variable("no_proxy", "NO_PROXY"));
}

const Proxy* ProxySettings::proxy_for(const Url& upstream) const {
    const std::optional<Proxy>& proxy = upstream.is_https ? https_ : http_;
    if (!proxy || upstream.is_loopback() || is_exception(upstream)) return nullptr;
    return &*proxy;
}

bool ProxySettings::is_exception(const Url& upstream) const {
    return std::any_of(exceptions_.begin(), exceptions_.end(),
                       [&](const std::string& rule) { return is_covered(upstream, rule); });
}

}  // namespace net
