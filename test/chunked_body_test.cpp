#include "net/chunked_body.h"

#include <doctest.h>

#include <string>

#include "guarded_text.h"

using net::ChunkedBody;

namespace {

// Decodes a text in front of a page that must not be touched; -1 when it is refused.
int64_t decoded_bytes(const std::string& coded, std::string& body) {
    const net::Limits limits;
    const test::GuardedText text(coded);
    char* const base = const_cast<char*>(text.view().data());
    ChunkedBody chunks;
    size_t from = 0;
    size_t body_end = 0;
    const ChunkedBody::State state =
        chunks.feed(base, from, coded.size(), body_end, limits.body_bytes_max, 0, limits);
    body.assign(base, body_end);
    if (state == ChunkedBody::State::refused) return -1;
    CHECK((state == ChunkedBody::State::complete) ==
          (from < coded.size() || coded.ends_with("\r\n\r\n")));
    return static_cast<int64_t>(from);
}

}  // namespace

TEST_CASE("ChunkedBody reads nothing behind its input, wherever that ends") {
    const std::string coded =
        "5;ext=\"a;b\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nTrailer: one\r\nb:\r\n\r\n";
    std::string body;
    for (size_t size = 0; size < coded.size(); ++size) {
        CHECK(decoded_bytes(coded.substr(0, size), body) == static_cast<int64_t>(size));
        CHECK(std::string("hello0123456789").starts_with(body));
    }
    CHECK(decoded_bytes(coded, body) == static_cast<int64_t>(coded.size()));
    CHECK(body == "hello0123456789");
}

TEST_CASE("ChunkedBody takes a size in any number of digits and either case, up to the limit") {
    for (const std::string coded : {"a\r\n0123456789\r\n0\r\n\r\n", "0A\r\n0123456789\r\n0\r\n\r\n",
                                    "00000000000000000000a\r\n0123456789\r\n000\r\n\r\n"}) {
        std::string body;
        CHECK(decoded_bytes(coded, body) == static_cast<int64_t>(coded.size()));
        CHECK(body == "0123456789");
    }
    for (const std::string coded :
         {"\r\n", "g\r\n", "1g\r\na\r\n", "1\n\na\r\n", "1\r\r\na\r\n", "1\r\nab\r\n", "1\r\na\r\r",
          "1\r\na\n", "ffffffffffffffff\r\n", "10000000000000001\r\na\r\n", "2000001\r\na"}) {
        CAPTURE(coded);
        std::string body;
        CHECK(decoded_bytes(coded, body) == -1);
    }
}

TEST_CASE("ChunkedBody stops at the end of the body") {
    std::string body;
    const std::string coded = "1\r\na\r\n0\r\n\r\n";
    CHECK(decoded_bytes(coded + "5\r\nnext\r\n", body) == static_cast<int64_t>(coded.size()));
    CHECK(body == "a");
}

TEST_CASE("ChunkedBody starts anew after a reset") {
    const net::Limits limits;
    ChunkedBody chunks;
    for (const char* text : {"1\r\nab", "5\r\nab", "0\r\nTrai", "1;ext"}) {
        std::string input = text;
        size_t from = 0;
        size_t end = 0;
        (void)chunks.feed(input.data(), from, input.size(), end, 100, 0, limits);
        chunks.reset();
        input = "2\r\nok\r\n0\r\n\r\n";
        from = end = 0;
        CHECK(chunks.feed(input.data(), from, input.size(), end, 100, 0, limits) ==
              ChunkedBody::State::complete);
        CHECK(input.substr(0, end) == "ok");
        chunks.reset();
    }
}
