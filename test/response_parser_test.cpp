#include "net/response_parser.h"

#include <doctest.h>

#include <string>
#include <vector>

#include "net/http_text.h"

using net::BodyWindow;
using net::ResponseParser;
using net::UpstreamHead;
using State = net::ResponseParser::State;

namespace {

struct Parsed {
    State state;
    std::string body;
    std::string fields;
    std::string refusal;
    int status = 0;
    bool keeps_alive = false;
    bool ends_here = false;

    bool operator==(const Parsed&) const = default;
};

Parsed parse(const std::vector<std::string>& pieces) {
    const net::UpstreamLimits limits;
    ResponseParser parser(limits);
    BodyWindow window(limits.window_bytes);
    for (const std::string& piece : pieces) {
        if (parser.state() == State::refused || piece.empty()) continue;
        // A copy of the exact size, so that a sanitizer sees a read behind the end.
        std::vector<char> exact(piece.begin(), piece.end());
        parser.feed({exact.data(), exact.size()}, window);
    }
    Parsed parsed{parser.state(), std::string(window.view()), {}, std::string(parser.refusal())};
    parsed.ends_here = parser.ends_here();
    if (parsed.state == State::body || parsed.state == State::complete) {
        parsed.status = parser.status();
        parsed.fields = parser.take_fields();
    }
    parsed.keeps_alive = parsed.state == State::complete && parser.keeps_alive();
    return parsed;
}

// However it is split, the outcome is the same.
Parsed parse_split(const std::string& text) {
    const Parsed whole = parse({text});
    std::vector<std::string> bytes;
    for (size_t i = 0; i <= text.size(); ++i) {
        CAPTURE(i);
        CHECK(parse({text.substr(0, i), text.substr(i)}) == whole);
        if (i < text.size()) bytes.push_back(text.substr(i, 1));
    }
    CHECK(parse(bytes) == whole);
    return whole;
}

}  // namespace

TEST_CASE("ResponseParser lets a field's name hold the characters of a token and no others") {
    for (int code = 0; code < 256; ++code) {
        const std::string name{'a', static_cast<char>(code), 'b'};
        CAPTURE(code);
        const bool is_good = net::is_token(name) || code == ':';
        const Parsed parsed =
            parse({"HTTP/1.1 200 OK\r\n" + name + ": c\r\nContent-Length: 0\r\n\r\n"});
        CHECK((parsed.state == State::complete) == is_good);
    }
    CHECK(parse({"HTTP/1.1 200 OK\r\n: c\r\nContent-Length: 0\r\n\r\n"}).state == State::refused);
}

TEST_CASE("ResponseParser frames a body of known length") {
    const Parsed parsed = parse_split(
        "HTTP/1.1 200 OK\r\nContent-Type:  text/plain \r\nX-Empty:\r\nContent-Length: "
        "5\r\n\r\nhello");
    CHECK(parsed.state == State::complete);
    CHECK(parsed.status == 200);
    CHECK(parsed.body == "hello");
    CHECK(parsed.keeps_alive);
    CHECK(UpstreamHead::find_field(parsed.fields, "content-type") == "text/plain");
    CHECK(UpstreamHead::find_field(parsed.fields, "x-empty").empty());
    CHECK(UpstreamHead::find_field(parsed.fields, "x-none").empty());
}

TEST_CASE("ResponseParser joins chunks and drops extensions and trailers") {
    const Parsed parsed = parse_split(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
        "3;a=b\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n");
    CHECK(parsed.state == State::complete);
    CHECK(parsed.body == "abc0123456789");
    CHECK(parsed.keeps_alive);
    CHECK(parsed.fields == "Transfer-Encoding: Chunked\r\n");
}

TEST_CASE("ResponseParser reads to the end without a length") {
    const Parsed parsed = parse_split("HTTP/1.1 200 OK\r\n\r\nabc");
    CHECK(parsed.state == State::body);
    CHECK(parsed.ends_here);
    CHECK(parsed.body == "abc");
    const Parsed old = parse_split("HTTP/1.0 200 OK\r\n\r\nabc");
    CHECK(old.ends_here);
    CHECK_FALSE(parse_split("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc").ends_here);
}

TEST_CASE("ResponseParser knows responses without a body") {
    for (const char* head : {"204 No Content\r\n", "304 Not Modified\r\nContent-Length: 9\r\n",
                             "200 OK\r\nContent-Length: 0\r\n"}) {
        const Parsed parsed = parse_split("HTTP/1.1 " + std::string(head) + "\r\n");
        CHECK(parsed.state == State::complete);
        CHECK(parsed.keeps_alive);
    }
}

TEST_CASE("ResponseParser skips interim responses") {
    const Parsed parsed = parse_split(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
    CHECK(parsed.state == State::complete);
    CHECK(parsed.status == 404);
    CHECK(parsed.body == "no");
    CHECK(parsed.fields == "Content-Length: 2\r\n");
    std::string many;
    for (int i = 0; i < 9; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
    CHECK(parse({many}).state == State::refused);
}

TEST_CASE("ResponseParser tells when the connection cannot be used again") {
    CHECK_FALSE(parse_split("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                    .keeps_alive);
    CHECK_FALSE(parse_split("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keeps_alive);
    CHECK_FALSE(parse({"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"}).keeps_alive);
    CHECK_FALSE(parse({"HTTP/1.1 204 OK\r\n\r\nHTTP/1.1 200 OK\r\n"}).keeps_alive);
}

TEST_CASE("ResponseParser reads the options of the connection") {
    const auto keeps_alive = [](const std::string& version, const std::string& fields) {
        return parse_split("HTTP/" + version + " 200 OK\r\n" + fields + "Content-Length: 0\r\n\r\n")
            .keeps_alive;
    };
    CHECK(keeps_alive("1.1", "Connection: keep-alive\r\n"));
    CHECK(keeps_alive("1.1", "Connection: closed, x\r\n"));
    CHECK(keeps_alive("1.1", "X-Connection: close\r\n"));
    CHECK(keeps_alive("1.0", "connection: Keep-Alive\r\n"));
    CHECK_FALSE(keeps_alive("1.1", "Connection: keep-alive, Close ,\r\n"));
    CHECK_FALSE(keeps_alive("1.1", "Connection: x\r\nConnection: close\r\n"));
    CHECK_FALSE(keeps_alive("1.1", "Proxy-Connection: close\r\n"));
    CHECK_FALSE(keeps_alive("1.0", "Connection: x\r\n"));
}

TEST_CASE("ResponseParser skips empty lines and takes any reason, also none") {
    for (const char* line :
         {"\r\n\r\nHTTP/1.1 200 OK", "HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1 200 \xFF \t:"}) {
        const Parsed parsed = parse_split(std::string(line) + "\r\nContent-Length: 2 \r\n\r\nok");
        CHECK(parsed.status == 200);
        CHECK(parsed.body == "ok");
    }
}

TEST_CASE("ResponseParser does not wait for the end of what is not HTTP") {
    for (const char* text :
         {"SSH-2.0-OpenSSH", "htt", "\r\n220 mail", "\x15\x03", "HTTP/1.1 2\x01"}) {
        CHECK(parse({text}).state == State::refused);
    }
    for (const char* text : {"H", "HTTP/", "\r", "HTTP/1.1 200 OK\r\nA"}) {
        CHECK(parse({text}).state == State::head);
    }
}

TEST_CASE("ResponseParser refuses what can be read in two ways") {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    for (const std::string& text :
         {ok + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
          ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
          ok + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n",
          ok + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
          ok + "Content-Length: 3, 3\r\n\r\n",
          ok + "Content-Length: -1\r\n\r\n",
          ok + "Content-Length: 99999999999999999999\r\n\r\n",
          ok + "Transfer-Encoding: gzip, chunked\r\n\r\n",
          ok + "Transfer-Encoding: gzip\r\n\r\n",
          ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
          std::string("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
          ok + "A: b\r\n c\r\n\r\n",
          ok + "A : b\r\n\r\n",
          ok + "A: b\rC: d\r\n\r\n",
          ok + "A: b\nC: d\r\n\r\n",
          ok + "A: \x01\r\n\r\n",
          ok + "Content-Length:\r\n\r\n",
          ok + "Content-Length: +1\r\n\r\n",
          ok + "Content-Length: 0x1\r\n\r\n",
          ok + ": b\r\n\r\n",
          ok + "A\r\n\r\n",
          std::string("HTTP/1.1 200 OK\n\n"),
          std::string("HTTP/1.1 20 OK\r\n\r\n"),
          std::string("HTTP/1.1  200 OK\r\n\r\n"),
          std::string("HTTP/1.1 000 OK\r\n\r\n"),
          std::string("HTTP/1.10 200 OK\r\n\r\n"),
          std::string("http/1.1 200 OK\r\n\r\n"),
          std::string("HTTP/2.0 200 OK\r\n\r\n"),
          std::string("HTTP/0.9 200 OK\r\n\r\n"),
          std::string("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
          std::string("SSH-2.0-OpenSSH\r\n"),
          std::string("\x15\x03\x01\x00\x02\x02\x16"),
          ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: \x02\r\n\r\n"}) {
        CAPTURE(text);
        const Parsed parsed = parse_split(text);
        CHECK(parsed.state == State::refused);
        CHECK_FALSE(parsed.refusal.empty());
    }
}

TEST_CASE("ResponseParser bounds what a response may cost") {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    CHECK(parse({ok + "A: " + std::string(70'000, 'x')}).state == State::refused);
    CHECK(parse({ok + std::string(70'000, 'x')}).state == State::refused);
    CHECK(parse({"HTTP/1.1 200 " + std::string(70'000, 'x')}).state == State::refused);
    std::string fields;
    for (int i = 0; i < 201; ++i) fields += "A: b\r\n";
    CHECK(parse({ok + fields + "\r\n"}).state == State::refused);
    std::string chunks;
    for (int i = 0; i < 200; ++i) chunks += "1;" + std::string(100, 'e') + "\r\na\r\n";
    CHECK(parse({ok + "Transfer-Encoding: chunked\r\n\r\n" + chunks}).state == State::refused);
    CHECK(parse({ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "A: " + std::string(70'000, 'x')})
              .state == State::refused);
}
