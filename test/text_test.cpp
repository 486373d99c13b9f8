#include "json/text.h"

#include <doctest.h>
#include <simdjson.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "guarded_text.h"
#include "json/utf8.h"

using json::JsonText;

namespace {

std::string escaped(std::string_view text) {
    std::string out;
    json::escape(text, out);
    return out;
}

std::string unescaped(std::string_view inside) {
    std::string out;
    JsonText::trusted(inside).unescape(out);
    return out;
}

std::string line_safe(std::string_view inside) {
    std::string out(json::line_safe_bytes_max(inside.size()) + 8, '?');
    char* end = json::copy_line_safe(out.data(), JsonText::trusted(inside));
    out.resize(static_cast<size_t>(end - out.data()));
    std::string appended = "before";
    json::append_line_safe(JsonText::trusted(inside), appended);
    CHECK(appended == "before" + out);
    return out;
}

bool is_checked(std::string_view inside) {
    JsonText text;
    return json::check(inside, text) && text.view() == inside;
}

// What another parser makes of the inside of a string; "refused" if it refuses it.
std::string reparsed(std::string_view inside) {
    std::string whole = "[\"" + std::string(inside) + "\"]";
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    std::string_view text;
    if (parser.parse(whole).get(root)) return "refused";
    if (root.at(0).get(text)) return "refused";
    return std::string(text);
}

// Cuts `inside` into pieces of at most `bytes_max` bytes and checks each of them.
std::string cut_and_joined(std::string_view inside, size_t bytes_max) {
    std::string joined;
    JsonText rest = JsonText::trusted(inside);
    while (!rest.empty()) {
        JsonText piece = rest.cut(bytes_max);
        REQUIRE_FALSE(piece.empty());
        CHECK(is_checked(piece.view()));
        CHECK(json::find_bad_utf8(piece.view()) == std::string_view::npos);
        joined += unescaped(piece.view());
        rest = rest.after(piece);
    }
    return joined;
}

const std::string every_kind =
    "plain \\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u0041 \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 "
    "\\ud83d\\ude00 \\ud83d \\ude00 \\ud83d\\ud83d\\ude00 \\\\ud83d \\\\\\\\\\n end";

}  // namespace

TEST_CASE("check accepts what RFC 8259 allows inside a string") {
    for (const char* text :
         {"", "a", "plain text of some length", "\\\"", "\\\\", "\\/", "\\b\\f\\n\\r\\t", "\\u0000",
          "\\uABCD\\uabcd", "\\ud800", "\\udc00\\ud800", "12345678\\n", "\x7F", "\xC2\x85",
          "0123456\\\\", "01234567\\u12ab"}) {
        CAPTURE(text);
        CHECK(is_checked(text));
    }
    CHECK(is_checked(every_kind));
}

TEST_CASE("check refuses quotes, control characters and wrong escapes at every position") {
    for (std::string bad : {"\"", "\n", "\t", "\x1F", "\\x", "\\", "\\u", "\\u1", "\\u12", "\\u123",
                            "\\u123g", "\\u 123", "\\U0041", "\\'", "\\0", "\\u00\\n"}) {
        for (size_t before = 0; before < 20; ++before) {
            std::string text = std::string(before, 'a') + bad;
            CAPTURE(text);
            CHECK_FALSE(is_checked(text));
            if (bad.back() != '\\') CHECK_FALSE(is_checked(text + std::string(20 - before, ' ')));
        }
    }
    CHECK_FALSE(is_checked(std::string_view("\0", 1)));
    CHECK_FALSE(is_checked(std::string_view("01234567\0", 9)));
}

TEST_CASE("find_bad_escape names the escape that is wrong") {
    CHECK(json::find_bad_escape("ab\\n\\q") == 4);
    CHECK(json::find_bad_escape("\\\\\\u12g4") == 2);
    CHECK(json::find_bad_escape(every_kind) == std::string_view::npos);
}

TEST_CASE("find_bad_escape sees an escape wherever it stands") {
    for (size_t before = 0; before < 20; ++before) {
        for (size_t after = 0; after < 20; ++after) {
            const auto between = [&](std::string_view escape) {
                return std::string(before, 'x').append(escape).append(after, 'y');
            };
            CAPTURE(before);
            CAPTURE(after);
            for (std::string_view good :
                 {"\\\\", "\\\"", "\\u00e9", "\\\\\\\\\\n", "\\n\\n\\n\\n\\n"}) {
                CHECK(json::find_bad_escape(between(good)) == std::string_view::npos);
            }
            for (std::string_view bad : {"\\x", "\\\xC3\xA9", "\\u00g9", "\\u\\n\\n\\n"}) {
                CHECK(json::find_bad_escape(between(bad)) == before);
            }
            CHECK(json::find_bad_escape(between("\\\\\\q")) == before + 2);
            CHECK(json::find_bad_escape(between("z") + '\\') == before + after + 1);
        }
    }
}

TEST_CASE("find_bad_utf8 names the first byte that is not UTF-8") {
    using namespace std::string_literals;
    CHECK(json::find_bad_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80") == std::string_view::npos);
    for (std::string bad :
         {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC3"s, "\xC3("s, "\xE0\x80\x80"s,
          "\xE0\x9F\xBF"s, "\xE2\x82"s, "\xE2(\xAC"s, "\xED\xA0\x80"s, "\xED\xBF\xBF"s,
          "\xF0\x80\x80\x80"s, "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s,
          "\xF0\x9F\x98"s, "\xFE"s, "\xFF"s}) {
        CAPTURE(bad);
        CHECK(json::find_bad_utf8("ab" + bad) == 2);
        CHECK(json::find_bad_utf8("ab" + bad + "cdef") == 2);
    }
}

TEST_CASE("cut returns the longest prefix that splits nothing") {
    struct Case {
        const char* text;
        size_t bytes_max, expected;
    };
    for (const Case& c : std::vector<Case>{
             {"hello", 5, 5},
             {"hello", 9, 5},
             {"hello", 4, 4},
             {"hello", 0, 1},
             {"", 0, 0},
             {"ab\\ncd", 3, 2},
             {"ab\\ncd", 4, 4},
             {"\\ncd", 1, 2},
             {"\\u0041b", 5, 6},
             {"a\\u0041b", 6, 1},
             {"a\\u0041b", 7, 7},
             {"\xC3\xA9z", 1, 2},
             {"a\xC3\xA9z", 2, 1},
             {"a\xF0\x9F\x98\x80z", 4, 1},
             {"a\xF0\x9F\x98\x80z", 5, 5},
             {"a\\ud83d\\ude00z", 12, 1},
             {"a\\ud83d\\ude00z", 7, 1},
             {"a\\ud83d\\ude00z", 13, 13},
             {"\\ud83d\\ude00z", 6, 12},
             {"\\ud83dz\\ude00", 6, 6},
             {"\\ud83d\\ud83d\\ude00", 12, 6},
             {"\\\\\\\\\\\\n", 5, 4},
             {"aaaaaaaaaaaaaaaaaaa\\\\u1234", 21, 21},
             {"aaaaaaaaaaaaaaaaaaa\\\\u1234", 20, 19},
         }) {
        CAPTURE(c.text);
        CAPTURE(c.bytes_max);
        CHECK(JsonText::trusted(c.text).cut(c.bytes_max).size() == c.expected);
    }
}

TEST_CASE("cut at every size keeps the text whole") {
    const std::string plain = unescaped(every_kind);
    for (size_t bytes_max = 0; bytes_max <= every_kind.size() + 1; ++bytes_max) {
        CAPTURE(bytes_max);
        CHECK(cut_and_joined(every_kind, bytes_max) == plain);
    }
}

TEST_CASE("cut gives the longest prefix, compared with counting units one by one") {
    std::vector<size_t> borders = {0};
    for (JsonText rest = JsonText::trusted(every_kind); !rest.empty();) {
        JsonText unit = rest.cut(0);
        borders.push_back(borders.back() + unit.size());
        rest = rest.after(unit);
    }
    REQUIRE(borders.back() == every_kind.size());
    for (size_t bytes_max = 1; bytes_max <= every_kind.size(); ++bytes_max) {
        size_t expected = borders[1];
        for (size_t border : borders) {
            if (border <= bytes_max && border > 0) expected = border;
        }
        CAPTURE(bytes_max);
        CHECK(JsonText::trusted(every_kind).cut(bytes_max).size() == expected);
    }
}

TEST_CASE("unescape gives UTF-8") {
    CHECK(unescaped("a\\n\\t\\\"\\\\\\/\\b\\f\\r") == "a\n\t\"\\/\b\f\r");
    CHECK(unescaped("\\u0041\\u00e9\\u20AC\\ud83d\\ude00") ==
          "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    CHECK(unescaped("\\u0000") == std::string(1, '\0'));
    CHECK(unescaped("\\uffff\\udbff\\udfff") == "\xEF\xBF\xBF\xF4\x8F\xBF\xBF");
    CHECK(unescaped("\\ud83dx") == "\xED\xA0\xBDx");
}

TEST_CASE("escape writes what JSON demands and the line separators") {
    CHECK(escaped("a\"\\/\b\f\n\r\t") == "a\\\"\\\\/\\b\\f\\n\\r\\t");
    CHECK(escaped(std::string_view("\0\x01\x1F", 3)) == "\\u0000\\u0001\\u001f");
    CHECK(escaped("\x7F\xC2\x85\xE2\x80\xA8\xE2\x80\xA9") == "\\u007f\\u0085\\u2028\\u2029");
    CHECK(escaped("\xC3\xA9\xE2\x80\xA7\xF0\x9F\x98\x80") ==
          "\xC3\xA9\xE2\x80\xA7\xF0\x9F\x98\x80");
    CHECK(escaped("a\xFF\xC3(") == "a\xEF\xBF\xBD\xEF\xBF\xBD(");
    CHECK(escaped("\xE2\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("a lone surrogate survives unescape and escape") {
    for (const char* text : {"\\ud800", "\\udfff", "x\\udc00\\ud800y"}) {
        CHECK(escaped(unescaped(text)) == text);
    }
}

TEST_CASE("copy_line_safe escapes line separators and nothing else, at every position") {
    struct Case {
        std::string from, to;
    };
    for (const Case& c : std::vector<Case>{{"\x7F", "\\u007f"},
                                           {"\xC2\x85", "\\u0085"},
                                           {"\xE2\x80\xA8", "\\u2028"},
                                           {"\xE2\x80\xA9", "\\u2029"},
                                           {"\xC2\x84", "\xC2\x84"},
                                           {"\xC3\x85", "\xC3\x85"},
                                           {"\xE2\x80\xAA", "\xE2\x80\xAA"},
                                           {"\xE2\x81\xA8", "\xE2\x81\xA8"},
                                           {"\xE2\x80\x9C", "\xE2\x80\x9C"},
                                           {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
                                           {"~", "~"},
                                           {"\\n", "\\n"}}) {
        for (size_t before = 0; before < 40; ++before) {
            for (size_t after = 0; after < 40; ++after) {
                std::string head(before, 'h'), tail(after, 't');
                CHECK(line_safe(head + c.from + tail) == head + c.to + tail);
                CHECK(line_safe(head + c.from + tail + c.from) == head + c.to + tail + c.to);
            }
        }
    }
}

TEST_CASE("copy_line_safe stays within its room") {
    for (const char* piece : {"a", "\x7F", "\xC2\x85", "\xE2\x80\xA8"}) {
        std::string text;
        for (int i = 0; i < 30; ++i) {
            test::GuardedText room(std::string(json::line_safe_bytes_max(text.size()) + 8, ' '));
            auto* to = const_cast<char*>(room.view().data());
            char* end = json::copy_line_safe(to, JsonText::trusted(text));
            CHECK(static_cast<size_t>(end - to) <= json::line_safe_bytes_max(text.size()));
            text += piece;
        }
    }
}

TEST_CASE("no text is read beyond its end") {
    for (size_t size = 0; size <= every_kind.size(); ++size) {
        std::string prefix = every_kind.substr(every_kind.size() - size);
        test::GuardedText guarded(prefix);
        JsonText text;
        if (!json::check(guarded.view(), text)) continue;
        CHECK(line_safe(guarded.view()) == line_safe(prefix));
        CHECK(unescaped(guarded.view()) == unescaped(prefix));
        for (size_t bytes_max = 0; bytes_max <= size; ++bytes_max) {
            CHECK(text.cut(bytes_max).size() <= std::max(bytes_max, size_t{12}));
        }
    }
    JsonText text;
    for (size_t size = 0; size <= every_kind.size(); ++size) {
        test::GuardedText guarded(every_kind.substr(0, size));
        if (json::check(guarded.view(), text)) {
            CHECK(line_safe(guarded.view()) == line_safe(every_kind.substr(0, size)));
        }
    }
    for (const char* cut_off : {"\xE2\x80", "\xE2", "\xC2", "12345678\xE2\x80"}) {
        test::GuardedText guarded(cut_off);
        CHECK(line_safe(guarded.view()) == cut_off);
        CHECK(escaped(guarded.view()).ends_with("\xEF\xBF\xBD"));
    }
    for (size_t size = 0; size < 40; ++size) {
        std::string prefix(size, 'x');
        test::GuardedText guarded(prefix);
        CHECK(is_checked(guarded.view()));
        CHECK(line_safe(guarded.view()) == prefix);
        CHECK(escaped(guarded.view()) == prefix);
    }
}

TEST_CASE("naughty strings survive the round trip") {
    std::ifstream file("../shared/json-data/blns.json");
    if (!file) {
        MESSAGE("no naughty strings here, skipped");
        return;
    }
    std::string whole(std::istreambuf_iterator<char>(file), {});
    simdjson::dom::parser parser;
    simdjson::dom::array strings;
    REQUIRE_FALSE(parser.parse(whole).get(strings));
    size_t count = 0;
    for (auto element : strings) {
        std::string_view plain;
        REQUIRE_FALSE(element.get(plain));
        std::string inside = escaped(plain);
        CAPTURE(inside);
        CHECK(is_checked(inside));
        CHECK(unescaped(inside) == plain);
        CHECK(reparsed(inside) == plain);
        CHECK(line_safe(inside) == inside);
        for (size_t bytes_max = 0; bytes_max < 16; ++bytes_max) {
            CHECK(cut_and_joined(inside, bytes_max) == plain);
        }
        ++count;
    }
    CHECK(count > 400);
}

TEST_CASE("quotable text is short and has no control characters") {
    CHECK(json::quotable("abc") == "abc");
    CHECK(json::quotable("a\nb\x7F"
                         "c\x01") == "a?b?c?");
    CHECK(json::quotable(std::string(100, 'a')) == std::string(100, 'a'));
    CHECK(json::quotable(std::string(101, 'a')) == std::string(100, 'a') + "...");
    CHECK(json::quotable("") == "");
    CHECK(json::quotable("a\xFF\xED\xA0\x80z") == "a\xEF\xBF\xBD\xEF\xBF\xBDz");
    CHECK(json::quotable(std::string(99, 'a') + "\xC3\xA9") == std::string(99, 'a') + "...");
}
