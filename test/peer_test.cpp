#include "net/peer.h"

#include <arpa/inet.h>
#include <doctest.h>

#include <cstring>

#include "net/request_id.h"

namespace {

std::string text_of(const char* host, uint16_t port) {
    sockaddr_storage address{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    if (std::strchr(host, ':') != nullptr) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        REQUIRE(inet_pton(AF_INET6, host, &v6.sin6_addr) == 1);
    } else {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        REQUIRE(inet_pton(AF_INET, host, &v4.sin_addr) == 1);
    }
    return net::Peer::of(address).text();
}

}  // namespace

TEST_CASE("Peer names the other side as a URL would") {
    CHECK(text_of("127.0.0.1", 80) == "127.0.0.1:80");
    CHECK(text_of("255.0.10.1", 65535) == "255.0.10.1:65535");
    CHECK(text_of("::1", 8080) == "[::1]:8080");
    CHECK(text_of("2001:db8::2:1", 1) == "[2001:db8::2:1]:1");
    CHECK(text_of("::ffff:1.2.3.4", 5) == "1.2.3.4:5");
}

TEST_CASE("RequestId is the client's own when that may stand in a field, else a new one") {
    net::RequestId id;
    char room[net::RequestId::digits];
    id.assign(7, "client-id_1.2~3");
    CHECK(id.text(room) == "client-id_1.2~3");
    id.assign(7, "");
    const std::string seventh(id.text(room));
    CHECK(seventh.size() == 16);
    CHECK(seventh.find_first_not_of("0123456789abcdef") == std::string::npos);
    id.assign(8, "not a token");
    CHECK(id.text(room) != seventh);
    id.assign(7, "\r\nx: y");
    CHECK(id.text(room) == seventh);
    id.assign(1, std::string(128, 'a'));
    CHECK(id.text(room).size() == 128);
    id.assign(1, std::string(129, 'a'));
    CHECK(id.text(room).size() == 16);
}
