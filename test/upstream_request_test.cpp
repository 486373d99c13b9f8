#include "net/upstream_request.h"

#include <doctest.h>

#include <string>
#include <vector>

namespace {

net::Url url_of(std::string_view text) {
    net::Url url;
    REQUIRE(net::Url::parse(text, url).empty());
    return url;
}

// What is sent when each piece is put together in so many bytes.
std::string sent_through(size_t area_bytes, const net::UpstreamRequest& request) {
    std::vector<char> area(area_bytes);
    std::string sent;
    while (sent.size() < request.size()) sent += request.piece(sent.size(), area);
    return sent;
}

}  // namespace

TEST_CASE("UpstreamRequest is the same however small its pieces are") {
    const net::Url url = url_of("http://example.test:8080/base");
    const net::Origin origin(url, nullptr);
    const std::string body(100, 'x');
    const net::UpstreamRequest request(
        {.url = url, .path = "/ask?x=1", .fields = "A: b\r\n", .body = body}, origin);
    for (const size_t area_bytes : {1, 7, 64, 80, 65'536}) {
        CHECK(sent_through(area_bytes, request) ==
              "POST /base/ask?x=1 HTTP/1.1\r\nHost: example.test:8080\r\nA: b\r\n"
              "Content-Length: 100\r\n\r\n" +
                  body);
    }
}

TEST_CASE("UpstreamRequest names all of the URL to a proxy of http alone") {
    const net::Proxy proxy{url_of("http://proxy.test:3128"), "Proxy-Authorization: Basic eA==\r\n"};
    const net::Url plain = url_of("http://example.test");
    const net::Origin plain_origin(plain, &proxy);
    CHECK(sent_through(512, {{.url = plain, .method = "GET", .path = "?x"}, plain_origin}) ==
          "GET http://example.test/?x HTTP/1.1\r\nHost: example.test\r\n"
          "Proxy-Authorization: Basic eA==\r\n\r\n");
    const net::Url secret = url_of("https://example.test");
    const net::Origin secret_origin(secret, &proxy);
    CHECK(sent_through(512, {{.url = secret}, secret_origin}) ==
          "POST / HTTP/1.1\r\nHost: example.test\r\nContent-Length: 0\r\n\r\n");
}
