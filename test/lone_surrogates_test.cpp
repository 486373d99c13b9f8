#include "json/lone_surrogates.h"

#include <doctest.h>

#include <string>
#include <utility>

namespace {

std::string replaced(std::string json, size_t from = 0) {
    json::replace_lone_surrogates(json, from);
    return json;
}

}  // namespace

TEST_CASE("replace_lone_surrogates leaves pairs and all else alone") {
    for (const std::string text :
         {R"("")", R"("a")", R"("\ud800\udc00")", R"("\uDBFF\uDFFF")", R"("\uDbfF\udFfF")",
          R"("\ud7ff\ue000")", R"("\\ud800")", R"("\\\\ud800")", R"("\n\ud83d\ude00\\")",
          R"("\u00e9\u4e2d")"}) {
        CHECK(replaced(text) == text);
    }
}

TEST_CASE("replace_lone_surrogates replaces halves") {
    using Row = std::pair<std::string, std::string>;
    for (const auto& [text, expected] :
         {Row{R"("\ud800")", R"("\ufffd")"}, Row{R"("\uDFFF")", R"("\ufffd")"},
          Row{R"("\\\uDBFF")", R"("\\\ufffd")"},
          Row{R"("\ud800\ud800\udc00")", R"("\ufffd\ud800\udc00")"},
          Row{R"("\udc00\ud800")", R"("\ufffd\ufffd")"}, Row{R"("\ud800\n")", R"("\ufffd\n")"},
          Row{R"("\ud800\\udc00")", R"("\ufffd\\udc00")"},
          Row{R"("\ud800\udc00\udc00")", R"("\ud800\udc00\ufffd")"}}) {
        CHECK(replaced(text) == expected);
    }
    CHECK(replaced(R"("\ud800\ud800")", 7) == R"("\ud800\ufffd")");
}

TEST_CASE("replace_lone_surrogates finds them wherever they stand in a long text") {
    const std::string halves = R"(\\\ud800\\ud800\ud801\udc02\udc03\u00e9)";
    const std::string expected = R"(\\\ufffd\\ud800\ud801\udc02\ufffd\u00e9)";
    for (size_t before = 980; before < 1100; ++before) {
        for (const std::string& between :
             {std::string(), std::string(1000, 'u'), std::string(1900, '\\')}) {
            const std::string begin = R"("\n)" + std::string(before, 'x'), end(2100, 'y');
            CHECK(replaced(begin + halves + between + halves + end) ==
                  begin + expected + between + expected + end);
        }
    }
}
