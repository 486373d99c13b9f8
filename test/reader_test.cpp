// What Reader takes for JSON, where it finds a fault, and what it hands to its visits.

#include "json/reader.h"

#include <doctest.h>
#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

using json::Node;
using json::Reader;
using json::Token;

namespace {

// A text with something behind it that would go on with it.
std::string padded(std::string_view text, char filling = '}') {
    return std::string(text) + std::string(Reader::padding_bytes, filling);
}

bool is_object(Reader& reader, std::string_view text, char filling = '}') {
    const std::string memory = padded(text, filling);
    const auto visit = [&](std::string_view, Node& node) { return reader.skip(node); };
    return reader.read(std::string_view(memory).substr(0, text.size()), visit);
}

std::string fault_of(std::string_view text) {
    Reader reader(8);
    return is_object(reader, text) ? "" : reader.fault();
}

// Runs the work with each of simdjson's implementations that this machine has.
template <class Work>
void for_each_implementation(const Work& work) {
    auto& active = simdjson::get_active_implementation();
    const auto* const usual = &*active;
    for (const auto* implementation : simdjson::get_available_implementations()) {
        if (!implementation->supported_by_runtime_system()) continue;
        CAPTURE(implementation->name());
        active = implementation;
        work();
    }
    active = usual;
}

// All sequences of so many words.
template <class Work>
void for_each_sequence(const std::vector<std::string>& words, size_t length, const Work& work) {
    std::vector<size_t> chosen(length, 0);
    for (;;) {
        std::string text;
        for (const size_t word : chosen) text += words[word];
        work(text);
        size_t at = 0;
        while (at < length && ++chosen[at] == words.size()) chosen[at++] = 0;
        if (at == length) return;
    }
}

}  // namespace

TEST_CASE("Reader and simdjson's DOM parser agree on every short text") {
    const std::vector<std::string> words = {"{",      "}",       "[", "]", ",", ":",  "\"",  "\\",
                                            "\"a\":", R"("\n")", "1", "x", " ", "-0", "true"};
    for_each_implementation([&] {
        Reader reader(100);
        simdjson::dom::parser parser;
        for (size_t length = 0; length <= 4; ++length) {
            for_each_sequence(words, length, [&](const std::string& inside) {
                const std::string text = "{\"k\":" + inside + "}";
                simdjson::dom::element root;
                const bool is_json = !parser.parse(text).get(root) && root.is_object();
                if (is_object(reader, text) == is_json) return;
                CAPTURE(text);
                CHECK(is_object(reader, text) == is_json);
            });
        }
    });
}

TEST_CASE("Reader refuses every truncation, whatever follows it") {
    const std::string text =
        R"( { "a" : [ {} , [ ] , {"b":"c\\"} , -1.5e3 , "\u00e9" ] , "d\n" : { "e" : null } } )";
    for_each_implementation([&] {
        Reader reader(8);
        CHECK(is_object(reader, text));
        for (size_t size = 0; size + 1 < text.size(); ++size) {
            for (const char filling : {'}', ']', ',', ':', '"', '{', '1', '\\', ' ', '\xBF'}) {
                CAPTURE(size);
                CAPTURE(filling);
                CHECK_FALSE(is_object(reader, text.substr(0, size), filling));
            }
        }
    });
}

TEST_CASE("Reader says where a text goes wrong") {
    struct Case {
        std::string_view text, fault;
    };
    constexpr std::string_view unfinished = "it does not end where its object ends";
    for (const Case& wrong : {
             Case{R"({"a":})", "unexpected text at byte 5"},
             {R"({"a":,"b":1})", "unexpected text at byte 5"},
             {R"({"a"})", "unexpected text at byte 4"},
             {R"({"a","b"})", "unexpected text at byte 4"},
             {R"({,})", "unexpected text at byte 1"},
             {R"({"a":1,,"b":2})", "unexpected text at byte 7"},
             {R"({"a":[,1]})", "unexpected text at byte 6"},
             {R"({"a":[1,]})", "unexpected text at byte 8"},
             {R"({"a":["b":1]})", "unexpected text at byte 9"},
             {R"({"a":{]})", "unexpected text at byte 6"},
             {R"({"a":"b" "c"})", "unexpected text at byte 9"},
             {R"({"a":"b"c})", "unexpected text at byte 8"},
             {R"({"a" "b":1})", "unexpected text at byte 5"},
             {R"({"a":1"b"})", "unexpected text at byte 5"},
             {"\xEF\xBB\xBF{\"a\":x}", "unexpected text at byte 8"},
             {"\xEF\xBB\xBF{\"a\":\"\xFF\"}", "a byte that is not UTF-8 at byte 9"},
             {R"({"a":"b","c":"\u12x4"})", "wrong escape at byte 14"},
             {R"({"a\n":"b","c\x":1})", "wrong escape at byte 13"},
             {R"({"a":{})", unfinished},
             {R"({"a":[{})", unfinished},
             {R"({"a":1)", unfinished},
             {R"({} {})", "unexpected text after the object at byte 3"},
             {R"({"a":[[[[[[[[]]]]]]]]})", "it is nested deeper than 8 levels"},
         }) {
        CAPTURE(wrong.text);
        CHECK(fault_of(wrong.text) == wrong.fault);
    }
    CHECK(fault_of(R"({"a":[[[[[[[]]]]]]]})").empty());
}

TEST_CASE("Reader hands out keys unescaped, and containers as they stand") {
    Reader reader(8);
    const std::string memory =
        padded(R"({"plain":1, "\u00e9\"" : [ {} ,"\\"] ,"\n":{"x" : [1] } ,"last":"\""} )");
    std::vector<std::string> seen;
    const auto visit = [&](std::string_view key, Node& node) {
        seen.emplace_back(key);
        if (!reader.skip(node)) return false;
        const bool is_scalar = node.token.is_string() || node.is(Token::Kind::integer);
        seen.emplace_back(is_scalar ? node.token.text : reader.raw(node));
        return true;
    };
    const size_t size = memory.size() - Reader::padding_bytes;
    REQUIRE(reader.read(std::string_view(memory).substr(0, size), visit));
    CHECK(seen == std::vector<std::string>{"plain", "1", "é\"", R"([ {} ,"\\"])", "\n",
                                           R"({"x" : [1] })", "last", R"("\"")"});
}

TEST_CASE("Reader stops when a visit says so") {
    Reader reader(8);
    const std::string memory = padded(R"({"a":1,"b":[1,2,3],"c":3})");
    const std::string_view text = std::string_view(memory).substr(0, 25);
    std::string seen;
    const auto visit = [&](std::string_view key, Node& node) {
        seen += key;
        if (!node.is(Token::Kind::array)) return true;
        return reader.elements(node, [&](size_t index, Node&) {
            seen += std::to_string(index);
            return index < 1;
        });
    };
    CHECK_FALSE(reader.read(text, visit));
    CHECK(seen == "ab01");
}
