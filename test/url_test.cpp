#include "net/url.h"

#include <doctest.h>

#include <string>

using net::Url;

TEST_CASE("Url takes addresses apart") {
    Url url;
    SUBCASE("the usual form") {
        REQUIRE(Url::parse("https://q.us-east-1.amazonaws.com", url).empty());
        CHECK(url.is_https);
        CHECK(url.host == "q.us-east-1.amazonaws.com");
        CHECK(url.port == 443);
        CHECK(url.path.empty());
        CHECK(url.authority() == "q.us-east-1.amazonaws.com");
        CHECK(url.host_and_port() == "q.us-east-1.amazonaws.com:443");
    }
    SUBCASE("port, path and capitals") {
        REQUIRE(Url::parse("HTTP://LocalHost:8080/v1/", url).empty());
        CHECK_FALSE(url.is_https);
        CHECK(url.host == "localhost");
        CHECK(url.path == "/v1");
        CHECK(url.authority() == "localhost:8080");
        CHECK(url.is_loopback());
    }
    SUBCASE("IPv6") {
        REQUIRE(Url::parse("http://[::1]:81/a%20b", url).empty());
        CHECK(url.host == "::1");
        CHECK(url.port == 81);
        CHECK(url.authority() == "[::1]:81");
        CHECK(url.is_loopback());
    }
    SUBCASE("IPv6 without a port") {
        REQUIRE(Url::parse("https://[2001:db8::1]", url).empty());
        CHECK(url.authority() == "[2001:db8::1]");
        CHECK_FALSE(url.is_loopback());
    }
    SUBCASE("a user, where one is allowed") {
        REQUIRE(Url::parse("http://me:p%40ss@proxy:3128", url, Url::UserInfo::allowed).empty());
        CHECK(url.user == "me:p@ss");
        CHECK(url.host == "proxy");
    }
}

TEST_CASE("Url refuses what is not one") {
    for (const char* text : {"",
                             "q.example.com",
                             "ftp://a",
                             "https//a",
                             "https://",
                             "https://a b",
                             "https://a:0",
                             "https://a:65536",
                             "https://a:",
                             "https://a:8x",
                             "https://a?x",
                             "https://a#x",
                             "https://me@a",
                             "https://a..b",
                             "https://.a",
                             "https://a/\n",
                             "https://a/%zz",
                             "https://1.2.3",
                             "https://1.2.3.400",
                             "https://[::1",
                             "https://[]",
                             "https://[1.2.3.4]",
                             "https://[::1]x",
                             "https://[::1%25eth0]",
                             "https://a\xC3\xA9",
                             "https://a/\"",
                             "https://:80",
                             "https://a%41"}) {
        CAPTURE(text);
        Url url;
        CHECK_FALSE(Url::parse(text, url).empty());
    }
    Url url;
    CHECK_FALSE(Url::parse("http://" + std::string(64, 'a') + ".b", url).empty());
    CHECK_FALSE(Url::parse("http://a%0Ab:c@p", url, Url::UserInfo::allowed).empty());
}

TEST_CASE("An IP address is told from a name") {
    for (const char* text : {"127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1", "::ffff:1.2.3.4"}) {
        CHECK(net::is_ip_address(text));
    }
    for (const char* text : {"", "localhost", "256.1.1.1", "1.2.3", "[::1]", "::g", "1.2.3.4 "}) {
        CHECK_FALSE(net::is_ip_address(text));
    }
    CHECK_FALSE(net::is_ip_address(std::string_view("1.2.3.4\0", 8)));
}
