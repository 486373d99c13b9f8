#include "net/body_window.h"

#include <doctest.h>

#include <string>

TEST_CASE("BodyWindow holds what was appended and not consumed, wherever it grows or moves") {
    for (const size_t reserved : {0, 1, 100, 4000}) {
        net::BodyWindow window(1 << 20);
        std::string held;
        for (size_t i = 0; i < 200; ++i) {
            window.reserve(reserved);
            const std::string piece(i % 37, static_cast<char>('a' + i % 26));
            window.append(piece);
            held += piece;
            CHECK(window.view() == held);
            CHECK(window.room() == (1 << 20) - held.size());
            const size_t consumed = i % 5 == 0 ? held.size() : held.size() / 3;
            window.consume(consumed);
            held.erase(0, consumed);
        }
        CHECK(window.view() == held);
    }
}

TEST_CASE("BodyWindow does not move while what was reserved is appended in pieces") {
    net::BodyWindow window(1 << 20);
    window.append("before");
    window.reserve(5000);
    const char* const place = window.view().data();
    for (int i = 0; i < 50; ++i) window.append(std::string(100, 'x'));
    CHECK(window.view().data() == place);
    CHECK(window.size() == 5006);
}
