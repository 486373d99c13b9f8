#include "net/http_text.h"

#include <doctest.h>
#include <llhttp.h>

#include <string>

#include "guarded_text.h"

using namespace std::string_view_literals;

TEST_CASE("is_token takes the characters of RFC 9110 and no others") {
    const std::string allowed =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    CHECK(net::is_token(allowed));
    CHECK_FALSE(net::is_token(""));
    for (int code = 0; code < 256; ++code) {
        const std::string text{'a', static_cast<char>(code), 'b'};
        CAPTURE(code);
        const bool is_allowed = code != 0 && allowed.find(text[1]) != std::string::npos;
        CHECK(net::is_token(text) == is_allowed);
    }
}

TEST_CASE("equals_ignoring_case folds ASCII letters only") {
    CHECK(net::equals_ignoring_case("Content-LENGTH", "content-length"));
    CHECK(net::equals_ignoring_case("", ""));
    CHECK_FALSE(net::equals_ignoring_case("a", "ab"));
    CHECK_FALSE(net::equals_ignoring_case("@", "`"));  // 0x20 apart, like A and a
    CHECK_FALSE(net::equals_ignoring_case("[", "{"));
    CHECK_FALSE(net::equals_ignoring_case("\xC4", "\xE4"));
}

TEST_CASE("equals_ignoring_case compares each byte of texts of any size") {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    for (size_t size = 1; size <= 20; ++size) {
        for (size_t at = 0; at < size; ++at) {
            std::string a(size, 'x'), b(size, 'X');
            bool all_right = true;
            for (int code = 0; code < 256 * 256; code += size == 5 ? 1 : 31) {
                a[at] = static_cast<char>(code);
                b[at] = static_cast<char>(code >> 8);
                all_right &= net::equals_ignoring_case(a, b) == (lower(a[at]) == lower(b[at]));
            }
            CAPTURE(size);
            CAPTURE(at);
            CHECK(all_right);
        }
    }
}

TEST_CASE("trim takes spaces and tabs off both ends") {
    CHECK(net::trim(" \t a b\t ") == "a b");
    CHECK(net::trim("").empty());
    CHECK(net::trim(" \t ").empty());
    CHECK(net::trim("\r\na") == "\r\na");
}

TEST_CASE("is_host takes names, addresses and ports") {
    for (const auto text :
         {"localhost", "a", "example.org", "example.org:80", "127.0.0.1:8080", "[::1]", "[::1]:443",
          "[v1.a:b]", "a-b_c~d", "a%20b", "host:", "x:65535", "xn--bcher-kva.example"}) {
        CAPTURE(text);
        CHECK(net::is_host(text));
    }
}

TEST_CASE("is_host refuses what is not a host and a port") {
    for (const auto text :
         {""sv,          ":80"sv,      "a b"sv,     "a/b"sv,         "user@host"sv,
          "host:port"sv, "host:80x"sv, "host:-1"sv, "host:123456"sv, "host:80:80"sv,
          "[::1"sv,      "[]"sv,       "[1]"sv,     "[::1]x"sv,      "[::1]80"sv,
          "[::1]:x"sv,   "[a/b]"sv,    "::1"sv,     "a,b:c"sv,       "a\0b"sv,
          "a?b"sv,       "a#b"sv,      "a\\b"sv,    "http://a"sv,    "\xC3\xA9.example"sv,
          " a"sv}) {
        CAPTURE(text);
        CHECK_FALSE(net::is_host(text));
    }
}

TEST_CASE("is_version takes a digit, a dot and a digit") {
    CHECK(net::is_version("1.1"));
    CHECK(net::is_version("9.0"));
    for (const auto text : {"", "1", "1.", ".1", "1.10", "11.1", "1,1", "a.b", "1.x", " 1.1"}) {
        CHECK_FALSE(net::is_version(text));
    }
}

TEST_CASE("path_of finds the path in every form of target") {
    struct Case {
        const char* target;
        const char* path;
    };
    for (const Case& c :
         {Case{"/", "/"}, Case{"/v1/models", "/v1/models"},
          Case{"/v1/models?api-version=1", "/v1/models"}, Case{"/a#b", "/a"}, Case{"/a?b#c", "/a"},
          Case{"/?x", "/"}, Case{"//a//b", "//a//b"}, Case{"http://h/a/b?c", "/a/b"},
          Case{"http://h", "/"}, Case{"http://h:80", "/"}, Case{"http://h?x=/y", "/"},
          Case{"http://h#/y", "/"}, Case{"HTTPS://u@h/p", "/p"}, Case{"*", "*"},
          Case{"host:443", "host:443"}, Case{"", ""}}) {
        CAPTURE(c.target);
        CHECK(net::path_of(c.target) == c.path);
    }
}

TEST_CASE("The functions on HTTP text read nothing behind it") {
    for (const std::string_view text :
         {"token", "Host", "http://h", "http://host/path?query", "[::1]", "host:80", "1.1", "  ",
          "/path", "x", "GET", "http:", "http:/"}) {
        const test::GuardedText guarded(text);
        const std::string_view view = guarded.view();
        (void)net::is_token(view);
        (void)net::is_host(view);
        (void)net::is_version(view);
        CHECK(net::equals_ignoring_case(view, text));
        CHECK(net::trim(view) == net::trim(text));
        CHECK(net::path_of(view) == net::path_of(text));
    }
}

TEST_CASE("method_of names the methods we answer to") {
    CHECK(net::method_of(HTTP_GET) == net::Method::get);
    CHECK(net::method_of(HTTP_HEAD) == net::Method::head);
    CHECK(net::method_of(HTTP_POST) == net::Method::post);
    CHECK(net::method_of(HTTP_OPTIONS) == net::Method::options);
    for (const auto method : {HTTP_PUT, HTTP_DELETE, HTTP_CONNECT, HTTP_PATCH, HTTP_TRACE}) {
        CHECK(net::method_of(method) == net::Method::other);
    }
}

TEST_CASE("Every status we send has a reason phrase") {
    for (const int status : {200, 204, 400, 401, 402, 403, 404, 405, 408, 409, 413, 414,
                             415, 417, 422, 429, 431, 500, 501, 502, 503, 504, 505}) {
        CAPTURE(status);
        const std::string text(net::status_text(status));
        CHECK(text.starts_with(std::to_string(status) + ' '));
        CHECK(text.size() > 4);
    }
    CHECK(net::status_text(404) == "404 Not Found");
    CHECK(net::status_text(299).empty());
}

TEST_CASE("Request finds its fields by name, the first of several") {
    const net::Field fields[] = {{"Host", "a"}, {"X-A", "1"}, {"x-a", "2"}, {"Empty", ""}};
    net::Request request;
    request.fields = fields;
    CHECK(request.field("host") == "a");
    CHECK(request.field("x-A") == "1");
    CHECK(request.field("y").empty());
    CHECK(request.has_field("EMPTY"));
    CHECK(request.field("empty").empty());
    CHECK_FALSE(request.has_field("y"));
}

TEST_CASE("hex_value knows the digits of both cases and nothing else") {
    const std::string_view digits = "0123456789abcdef";
    for (int c = 0; c < 256; ++c) {
        const char digit = static_cast<char>(c);
        const char lower = digit >= 'A' && digit <= 'F' ? static_cast<char>(digit | 0x20) : digit;
        const size_t value = digits.find(lower);
        CHECK(net::hex_value(digit) == (value < 16 ? static_cast<int>(value) : -1));
    }
}
