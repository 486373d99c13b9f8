#include "net/line_check.h"

#include <doctest.h>

#include <string>

#include "guarded_text.h"

using net::LineCheck;

namespace {

bool passes(std::string_view text) {
    LineCheck lines;
    return lines.feed(text);
}

// The same text in two pieces at every border, and byte for byte.
void check_all_splits(const std::string& text, bool expected) {
    CAPTURE(text);
    CHECK(passes(text) == expected);
    for (size_t border = 0; border <= text.size(); ++border) {
        LineCheck lines;
        const bool both = lines.feed(std::string_view(text).substr(0, border)) &&
                          lines.feed(std::string_view(text).substr(border));
        CHECK(both == expected);
    }
    LineCheck lines;
    bool all = true;
    for (size_t i = 0; i < text.size() && all; ++i) all = lines.feed({&text[i], 1});
    CHECK(all == expected);
}

}  // namespace

TEST_CASE("LineCheck accepts lines that end in CRLF") {
    check_all_splits("", true);
    check_all_splits("\r\n", true);
    check_all_splits("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", true);
    check_all_splits("a line of more than eight bytes\twith a tab, and \x80\xFF high bytes\r\n",
                     true);
    check_all_splits("an unfinished line", true);
    check_all_splits(
        "A long line, so that many bytes of it are looked at together: \t~\xFF\r\nB: c\r\n", true);
    check_all_splits("the first half of a line's end\r", true);
}

TEST_CASE("LineCheck refuses every other line end") {
    check_all_splits("bare LF\nnext\r\n", false);
    check_all_splits("\n", false);
    check_all_splits("bare CR\rnext\r\n", false);
    check_all_splits("\r\r\n", false);
    check_all_splits("A: b\r\n\rTransfer-Encoding: chunked\r\n\r\n", false);
    check_all_splits("X:\rTransfer-Encoding: chunked\r\n\r\n", false);
    check_all_splits("A: b\r\n\n", false);
    const std::string long_line(40, 'a');
    for (const char* end :
         {"\n", "\r", "\r\r\n", "\r\n\n", "\r\n folded\r\n", "\r\n\tfolded\r\n"}) {
        check_all_splits(long_line + end + long_line, false);
        check_all_splits(long_line + "\r\n" + long_line + "abc" + end + "b: c\r\n", false);
    }
}

TEST_CASE("LineCheck refuses a folded line") {
    check_all_splits("Host: a\r\n Content-Length: 3\r\n\r\n", false);
    check_all_splits("Host: a\r\n\tb\r\n\r\n", false);
    check_all_splits("\r\n \r\n", false);
}

TEST_CASE("LineCheck lets the first line begin with whitespace, which others judge") {
    CHECK(passes(" GET"));
    CHECK(passes("\tGET"));
}

TEST_CASE("LineCheck refuses control characters wherever they stand in a line") {
    // As many bytes as are looked at one by one, sixteen at a time, and thirty-two at a time.
    std::string line = "0123456789";
    SUBCASE("short") {}
    SUBCASE("long") {
        line += "abcdef0123456789";
    }
    SUBCASE("longer") {
        line += std::string(70, '~');
    }
    for (int code = 0; code < 256; ++code) {
        const bool is_control = (code < 0x20 && code != '\t') || code == 0x7F;
        for (size_t at = 0; at < line.size(); ++at) {
            std::string text = line;
            text[at] = static_cast<char>(code);
            // A CR is right only where an LF follows.
            const bool passed = passes(text + "\r\n");
            CAPTURE(code);
            CAPTURE(at);
            CHECK(passed == !is_control);
        }
    }
}

TEST_CASE("LineCheck is not deceived by the byte beside a control character") {
    // Many bytes are looked at together: none may be refused for what its neighbour is.
    for (const char* text : {"abcd\texy!abcdefgh\r\n", "\x80\x80\x80\x80\x80\x80\x80\x80\r\n",
                             "abc~\x80~~~~~~~~~~\r\n", "        \x81       \r\n"}) {
        check_all_splits(text, true);
    }
}

TEST_CASE("LineCheck stays refused to the end of the piece it was refused in") {
    LineCheck lines;
    CHECK_FALSE(lines.feed("a\nfine again\r\n"));
}

TEST_CASE("LineCheck says whether it is between two lines") {
    LineCheck lines;
    CHECK_FALSE(lines.at_line_start());
    CHECK(lines.feed("abc\r"));
    CHECK_FALSE(lines.at_line_start());
    CHECK(lines.feed("\n"));
    CHECK(lines.at_line_start());
    CHECK_FALSE(lines.feed(" folded"));
    lines.reset();
    CHECK(lines.feed(" not folded: nothing is before it"));
}

TEST_CASE("LineCheck reads nothing behind its input") {
    for (size_t size = 0; size < 80; ++size) {
        const test::GuardedText text(std::string(size, 'x'));
        CHECK(passes(text.view()));
    }
}
