#include "net/chunked_body.h"

#include <doctest.h>

#include <string>

#include "guarded_text.h"

using net::ChunkedBody;

namespace {

// All pieces, joined.
ChunkedBody::State join(ChunkedBody& chunks, std::string_view& coded, size_t room,
                        std::string& body) {
    const net::Limits limits;
    ChunkedBody::State state;
    std::string_view piece;
    while ((state = chunks.next(coded, piece, room - body.size(), 0, limits)) ==
           ChunkedBody::State::data) {
        CHECK_FALSE(piece.empty());
        body += piece;
    }
    return state;
}

// Decodes a text in front of a page that must not be touched; -1 when it is refused.
int64_t decoded_bytes(const std::string& coded, std::string& body) {
    const test::GuardedText text(coded);
    ChunkedBody chunks;
    std::string_view left = text.view();
    body.clear();
    const ChunkedBody::State state = join(chunks, left, net::Limits().body_bytes_max, body);
    if (state == ChunkedBody::State::refused) return -1;
    CHECK((state == ChunkedBody::State::complete) ==
          (!left.empty() || coded.ends_with("\r\n\r\n")));
    return static_cast<int64_t>(coded.size() - left.size());
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
    ChunkedBody chunks;
    for (std::string_view text : {"1\r\nab", "5\r\nab", "0\r\nTrai", "1;ext"}) {
        std::string body;
        (void)join(chunks, text, 100, body);
        chunks.reset();
        text = "2\r\nok\r\n0\r\n\r\n";
        body.clear();
        CHECK(join(chunks, text, 100, body) == ChunkedBody::State::complete);
        CHECK(body == "ok");
        chunks.reset();
    }
}

TEST_CASE("ChunkedBody refuses a chunk that has no room, also one that had when it was announced") {
    for (const size_t room : {4, 5}) {
        ChunkedBody chunks;
        std::string_view coded = "5\r\nhello";
        std::string body;
        const ChunkedBody::State state = join(chunks, coded, room, body);
        CHECK((state == ChunkedBody::State::refused) == (room < 5));
    }
    ChunkedBody chunks;
    std::string body;
    std::string_view coded = "5\r\n";
    CHECK(join(chunks, coded, 5, body) == ChunkedBody::State::need_more);
    coded = "hello";
    CHECK(join(chunks, coded, 4, body) == ChunkedBody::State::refused);
    CHECK(chunks.refusal().status == 413);
}
