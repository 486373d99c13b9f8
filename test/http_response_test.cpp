#include "net/http_response.h"

#include <doctest.h>

#include <ctime>
#include <string>

#include "manual_clock.h"

using net::DateText;
using net::MessageHead;
using net::OutputBuffer;
using net::ResponseHead;

namespace {

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string written(const ResponseHead& head, MessageHead message) {
    message.date = date;
    message.request_id = "0123456789abcdef";
    OutputBuffer out(64);
    write_head(head, message, out);
    return std::string(out.view());
}

}  // namespace

TEST_CASE("write_head writes a response of known length") {
    ResponseHead head;
    head.status = 200;
    head.content_type = "application/json";
    head.content_length = 1234567;
    head.fields = "Access-Control-Allow-Origin: *\r\nX-A: b\r\n";
    CHECK(written(head, {}) ==
          "HTTP/1.1 200 OK\r\n"
          "Content-Type: application/json\r\n"
          "Content-Length: 1234567\r\n"
          "Connection: keep-alive\r\n"
          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          "x-request-id: 0123456789abcdef\r\n"
          "Access-Control-Allow-Origin: *\r\n"
          "X-A: b\r\n"
          "\r\n");
}

TEST_CASE("write_head writes a stream: chunked, or ended by closing") {
    ResponseHead head;
    head.content_type = "text/event-stream; charset=utf-8";
    head.content_length = ResponseHead::stream;
    MessageHead message;
    message.chunked = true;
    CHECK(written(head, message) ==
          "HTTP/1.1 200 OK\r\n"
          "Content-Type: text/event-stream; charset=utf-8\r\n"
          "Transfer-Encoding: chunked\r\n"
          "Connection: keep-alive\r\n"
          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          "x-request-id: 0123456789abcdef\r\n"
          "\r\n");
    message.chunked = false;
    message.close = true;
    CHECK(written(head, message) ==
          "HTTP/1.1 200 OK\r\n"
          "Content-Type: text/event-stream; charset=utf-8\r\n"
          "Connection: close\r\n"
          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          "x-request-id: 0123456789abcdef\r\n"
          "\r\n");
}

TEST_CASE("write_head says nothing of content where there is none") {
    ResponseHead head;
    head.status = 204;
    CHECK(written(head, {}) ==
          "HTTP/1.1 204 No Content\r\n"
          "Connection: keep-alive\r\n"
          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          "x-request-id: 0123456789abcdef\r\n"
          "\r\n");
}

TEST_CASE("write_head writes an empty content's length") {
    ResponseHead head;
    head.content_type = "text/plain";
    CHECK(written(head, {}).find("Content-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("write_head keeps to the form for a status without a phrase") {
    ResponseHead head;
    head.status = 599;
    CHECK(written(head, {}).starts_with("HTTP/1.1 599 \r\n"));
}

TEST_CASE("A chunk is its size in six hex digits, its bytes, and CRLF") {
    OutputBuffer out(16);
    for (const size_t size : {size_t{1}, size_t{15}, size_t{16}, size_t{255}, size_t{4096},
                              size_t{0xABCDE}, size_t{0xFFFFFF}}) {
        out.clear();
        out.append("before");
        const size_t begin = net::open_chunk(out);
        CHECK(begin == 6);
        out.append(std::string(size, 'x'));
        net::close_chunk(out, begin);
        char digits[8];
        std::snprintf(digits, sizeof digits, "%06zx", size);
        const std::string_view all = out.view();
        REQUIRE(all.size() == 6 + 8 + size + 2);
        CHECK(all.substr(0, 14) == "before" + std::string(digits) + "\r\n");
        CHECK(all.substr(14, size).find_first_not_of('x') == std::string_view::npos);
        CHECK(all.substr(14 + size) == "\r\n");
    }
}

TEST_CASE("A chunk without bytes is taken back, since it would end the body") {
    OutputBuffer out(16);
    out.append("head");
    net::close_chunk(out, net::open_chunk(out));
    CHECK(out.view() == "head");
}

TEST_CASE("The last chunk ends a body without trailers") {
    CHECK(net::last_chunk == "0\r\n\r\n");
}

TEST_CASE("DateText is the present time as an IMF-fixdate") {
    DateText text;
    const std::time_t before = std::time(nullptr);
    const std::string date_now(text.at(test::ManualClock::beginning));
    const std::time_t after = std::time(nullptr);
    std::tm parts{};
    REQUIRE(strptime(date_now.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) != nullptr);
    const std::time_t said = timegm(&parts);
    CHECK(date_now.size() == 29);
    CHECK(said >= before);
    CHECK(said <= after);
    CHECK(text.unix_seconds() == said);
}

TEST_CASE("DateText is made again when its second is over") {
    DateText text;
    const net::TimePoint now = test::ManualClock::beginning;
    const std::string first(text.at(now));
    const char* bytes = text.at(now).data();
    CHECK(text.at(now).data() == bytes);
    // A second later by the monotonic clock it is read anew, and is never older.
    const int64_t seconds = text.unix_seconds();
    CHECK(text.at(now + std::chrono::seconds(1)).size() == 29);
    CHECK(text.unix_seconds() >= seconds);
}
