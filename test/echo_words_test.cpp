#include "core/echo_words.h"

#include <doctest.h>

#include <string>
#include <vector>

#include "json/utf8.h"

using core::EchoWords;
using json::JsonText;

namespace {

std::vector<std::string> words_of(std::string_view inside) {
    std::vector<std::string> words;
    EchoWords cursor(JsonText::trusted(inside));
    while (!cursor.is_over()) {
        const JsonText word = cursor.next();
        REQUIRE_FALSE(word.empty());
        words.emplace_back(word.view());
    }
    // All at once, and from each of them on.
    std::vector<JsonText> many(words.size() + 1);
    cursor.rewind();
    REQUIRE(cursor.next(many) == words.size());
    size_t done = 0;
    for (size_t i = 0; i < words.size(); done += words[i++].size()) {
        CHECK(many[i].view() == words[i]);
        uint32_t tokens = 0;
        EchoWords from(JsonText::trusted(inside), done);
        CHECK(from.rest(tokens).view() == inside.substr(done));
        CHECK(tokens == words.size() - i);
        CHECK(from.is_over());
    }
    CHECK(done == inside.size());
    return words;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("A word takes the spaces before it along") {
    CHECK(words_of("") == Words{});
    CHECK(words_of("one") == Words{"one"});
    CHECK(words_of("one two  three") == Words{"one", " two", "  three"});
    CHECK(words_of(" one ") == Words{" one", " "});
    CHECK(words_of("   ") == Words{"   "});
    CHECK(words_of("a\\nb c") == Words{"a\\nb", " c"});
}

TEST_CASE("A word has 16 bytes at most") {
    CHECK(words_of("0123456789abcdef") == Words{"0123456789abcdef"});
    CHECK(words_of("0123456789abcdefg") == Words{"0123456789abcdef", "g"});
    CHECK(words_of("0123456789abcdef g") == Words{"0123456789abcdef", " g"});
    CHECK(words_of(" 0123456789abcdefg") == Words{" 0123456789abcde", "fg"});
    CHECK(words_of(std::string(40, ' ')) ==
          Words{std::string(16, ' '), std::string(16, ' '), std::string(8, ' ')});
}

TEST_CASE("A word splits no escape, no pair and no character, wherever the border falls") {
    const std::string units[] = {"\\n",
                                 "\\\\",
                                 "\\\"",
                                 "\\u0041",
                                 "\\ud83d\\ude00",
                                 "\xC3\xA9",
                                 "\xE2\x82\xAC",
                                 "\xF0\x9F\x98\x80"};
    for (const std::string& unit : units) {
        for (size_t lead = 0; lead < 20; ++lead) {
            const std::string text = std::string(lead, 'x') + unit + unit + "yz";
            std::string joined;
            for (const std::string& word : words_of(text)) {
                CAPTURE(word);
                CHECK(word.size() <= 16);
                JsonText checked;
                CHECK(json::check(word, checked));
                CHECK(json::find_bad_utf8(word) == std::string::npos);
                joined += word;
                // A pair is one character, though each half is a valid escape.
                CHECK_FALSE(word.ends_with("\\ud83d"));
            }
            CHECK(joined == text);
        }
    }
}
