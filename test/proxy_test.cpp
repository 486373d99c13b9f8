#include "net/proxy.h"

#include <doctest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

using net::ProxySettings;
using net::Url;

namespace {

const net::Proxy* proxy_for(const ProxySettings& settings, const std::string& text) {
    Url url;
    REQUIRE(Url::parse(text, url).empty());
    return settings.proxy_for(url);
}

bool is_direct(const std::string& exceptions, const std::string& text) {
    const ProxySettings settings("http://p:1", "http://p:1", exceptions);
    return proxy_for(settings, text) == nullptr;
}

}  // namespace

TEST_CASE("ProxySettings chooses by scheme") {
    const ProxySettings settings("http://one:81", "two:82", "");
    CHECK(proxy_for(settings, "http://a.example")->url.host == "one");
    CHECK(proxy_for(settings, "https://a.example")->url.host_and_port() == "two:82");
    CHECK(proxy_for(ProxySettings(), "https://a.example") == nullptr);
    CHECK(proxy_for(ProxySettings("http://one", "", ""), "https://a.example") == nullptr);
}

TEST_CASE("ProxySettings never uses a proxy on loopback") {
    CHECK(is_direct("", "http://127.0.0.1:8080"));
    CHECK(is_direct("", "http://localhost"));
    CHECK(is_direct("", "https://[::1]"));
}

TEST_CASE("ProxySettings follows NO_PROXY") {
    CHECK(is_direct("*", "https://a.example"));
    CHECK(is_direct("b.example, a.example", "https://a.example"));
    CHECK(is_direct("example", "https://a.b.example"));
    CHECK(is_direct(".example", "https://a.example"));
    CHECK(is_direct("*.example", "https://a.example"));
    CHECK(is_direct("A.Example", "https://a.example"));
    CHECK(is_direct("a.example:443", "https://a.example"));
    CHECK_FALSE(is_direct("a.example:8443", "https://a.example"));
    CHECK_FALSE(is_direct("example", "https://anexample"));
    CHECK_FALSE(is_direct("a.example.org", "https://a.example"));
    CHECK_FALSE(is_direct("", "https://a.example"));
    CHECK_FALSE(is_direct(",, ,", "https://a.example"));
}

TEST_CASE("ProxySettings knows addresses and networks in NO_PROXY") {
    CHECK(is_direct("10.1.2.3", "https://10.1.2.3"));
    CHECK(is_direct("10.0.0.0/8", "https://10.1.2.3"));
    CHECK(is_direct("10.1.0.0/15", "https://10.1.2.3"));
    CHECK_FALSE(is_direct("10.2.0.0/15", "https://10.1.2.3"));
    CHECK_FALSE(is_direct("10.1.2.3/33", "https://10.1.2.3"));
    CHECK(is_direct("2001:db8::/32", "https://[2001:db8::5]"));
    CHECK(is_direct("[2001:db8::5]:443", "https://[2001:db8::5]"));
    CHECK_FALSE(is_direct("2001:db9::/32", "https://[2001:db8::5]"));
    CHECK_FALSE(is_direct("10.0.0.0/8", "https://10.example"));
}

TEST_CASE("ProxySettings encodes the proxy's user") {
    const ProxySettings settings("http://user:pass@p:1", "http://Aladdin:open%20sesame@p:1", "");
    CHECK(proxy_for(settings, "http://a.example")->authorization ==
          "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n");
    CHECK(proxy_for(settings, "https://a.example")->authorization ==
          "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
}

TEST_CASE("ProxySettings refuses proxies it cannot use, without repeating a password") {
    for (const char* text : {"socks5://u:secret@p:1", "https://u:secret@p", "http://u:secret@:1"}) {
        try {
            const ProxySettings settings("", text, "");
            FAIL("accepted");
        } catch (const std::runtime_error& error) {
            CHECK(std::string(error.what()).find("secret") == std::string::npos);
        }
    }
}

TEST_CASE("ProxySettings reads the environment") {
    ::setenv("https_proxy", "http://lower:1", 1);
    ::setenv("HTTPS_PROXY", "http://upper:1", 1);
    ::setenv("ALL_PROXY", "http://all:1", 1);
    ::setenv("NO_PROXY", "b.example", 1);
    ::unsetenv("http_proxy");
    ::unsetenv("HTTP_PROXY");
    ::unsetenv("no_proxy");
    const ProxySettings settings = ProxySettings::from_environment();
    CHECK(proxy_for(settings, "https://a.example")->url.host == "lower");
    CHECK(proxy_for(settings, "http://a.example")->url.host == "all");
    CHECK(proxy_for(settings, "https://b.example") == nullptr);
    for (const char* name : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
        ::unsetenv(name);
}
