#include "net/upstream_request.h"

#include <doctest.h>

#include <string>

namespace {

net::Url url_of(std::string_view text) {
    net::Url url;
    REQUIRE(net::Url::parse(text, url).empty());
    return url;
}

}  // namespace

TEST_CASE("UpstreamRequest joins what the call, its URL and its origin say") {
    const net::Url url = url_of("http://example.test:8080/base");
    const net::Origin origin(url, nullptr);
    const std::string body(100, 'x');
    CHECK(
        net::UpstreamRequest(
            {.url = url, .path = "/ask?x=1", .fields = "A: b\r\n", .body = body, .body_end = "end"},
            origin)
            .text() ==
        "POST /base/ask?x=1 HTTP/1.1\r\nHost: example.test:8080\r\nA: b\r\n"
        "Content-Length: 103\r\n\r\n" +
            body + "end");
}

TEST_CASE("UpstreamRequest names all of the URL to a proxy of http alone") {
    const net::Proxy proxy{url_of("http://proxy.test:3128"), "Proxy-Authorization: Basic eA==\r\n"};
    const net::Url plain = url_of("http://example.test");
    const net::Origin plain_origin(plain, &proxy);
    CHECK(
        net::UpstreamRequest({.url = plain, .method = "GET", .path = "?x"}, plain_origin).text() ==
        "GET http://example.test/?x HTTP/1.1\r\nHost: example.test\r\n"
        "Proxy-Authorization: Basic eA==\r\n\r\n");
    const net::Url secret = url_of("https://example.test");
    const net::Origin secret_origin(secret, &proxy);
    CHECK(net::UpstreamRequest({.url = secret}, secret_origin).text() ==
          "POST / HTTP/1.1\r\nHost: example.test\r\nContent-Length: 0\r\n\r\n");
}
