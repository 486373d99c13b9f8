// Texts that a JSON parser must accept or refuse, put to ChatDecoder in every place a value can
// stand: JSONTestSuite, truncation, corruption, and bodies in front of a guard page.

#include <doctest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "decoded.h"
#include "guarded_text.h"
#include "json/token.h"

using test::body_of;
using test::body_with;
using test::Decoded;

namespace {

std::string contents_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// The text as the value of an unknown field: of the root, of a message, and within an array.
std::vector<std::string> bodies_around(const std::string& text) {
    return {body_with("\"x\":" + text), body_of("[{\"role\":\"user\",\"x\":" + text + "}]"),
            body_of("[{\"x\":" + text + ",\"role\":\"user\"}]"),
            body_with("\"x\":[" + text + ",1]"),
            body_with("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
                      "\"parameters\":{\"x\":" +
                      text + "}}}]")};
}

// "a",,"b" inside an array and the like: broken alone, but not where it is put.
bool is_malformed(const Decoded& decoded) {
    return !decoded.ok && decoded.error.message.starts_with("We could not parse");
}

const std::string rich_body =
    R"({"model":"m\u0041","stream":true,"stream_options":{"include_usage":true},"n":1,)"
    R"("temperature":0.5,"stop":["a","b"],"messages":[{"role":"system","content":"s"},)"
    R"({"role":"user","content":[{"type":"text","text":"h\n"},)"
    R"({"type":"image_url","image_url":{"url":"u"}}]},)"
    R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)"
    R"("function":{"name":"f","arguments":"{}"}}]},)"
    R"({"role":"tool","tool_call_id":"c","content":"r"}],)"
    R"("tools":[{"type":"function","function":{"name":"f","parameters":{"a":[true,null,-1e3]}}}],)"
    R"("response_format":{"type":"json_object"},"user":"é😀"})";

}  // namespace

TEST_CASE("ChatDecoder agrees with JSONTestSuite") {
    const std::filesystem::path folder = "../shared/json-data/JSONTestSuite";
    if (!std::filesystem::exists(folder)) {
        MESSAGE("no JSONTestSuite here, skipped");
        return;
    }
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename();
        const std::string text = contents_of(entry.path());
        CAPTURE(name);
        for (const std::string& body : bodies_around(text)) {
            Decoded decoded(body, {.depth_max = 128});
            CAPTURE(decoded.error.message);
            if (name[0] == 'y') CHECK(decoded.ok);
            if (name[0] == 'n') CHECK(is_malformed(decoded));
            if (name[0] == 'i') CHECK((decoded.ok || is_malformed(decoded)));
        }
        // As the whole body nothing but an object can be right.
        if (name[0] == 'n') CHECK(is_malformed(Decoded(text)));
        ++count;
    }
    CHECK(count > 300);
}

TEST_CASE("numbers have the grammar of RFC 8259") {
    using Kind = json::Token::Kind;
    for (const char* text : {"0", "-0", "1", "-1", "10", "9007199254740993"}) {
        CAPTURE(text);
        CHECK(json::number_kind(text) == Kind::integer);
    }
    for (const char* text : {"0.0", "-0.5", "1.25", "1e0", "1E5", "1e+5", "1e-5", "0e0", "1.5e10",
                             "-1.5E-10", "1e999"}) {
        CAPTURE(text);
        CHECK(json::number_kind(text) == Kind::decimal);
    }
    for (const char* text :
         {"",     "-",   "+1",       "01",        "-01",   "00",    "1.",  ".5", "-.5",
          "1.e5", "1e",  "1e+",      "1e-",       "1e5.5", "1.5.5", "0x1", "1a", "--1",
          "1-",   "NaN", "Infinity", "-Infinity", "1 2",   "1_000", "１"}) {
        CAPTURE(text);
        CHECK(json::number_kind(text) == Kind::wrong);
    }
}

TEST_CASE("every truncated body is refused") {
    REQUIRE(Decoded(rich_body).ok);
    for (size_t size = 0; size < rich_body.size(); ++size) {
        CAPTURE(size);
        CHECK(is_malformed(Decoded(rich_body.substr(0, size))));
    }
}

TEST_CASE("a decoded body is never read beyond its padding, whatever the padding holds") {
    json::ChatRequest request;
    json::DecodeError error;
    for (char filling : {'}', ']', ',', '"', ':', '1', ' ', '\\', '{', '[', '\xFF', '\0'}) {
        CAPTURE(filling);
        json::ChatDecoder decoder({});
        for (size_t size = 0; size <= rich_body.size(); ++size) {
            test::GuardedText guarded(rich_body.substr(0, size), json::ChatDecoder::padding_bytes,
                                      filling);
            request.clear();
            CHECK(decoder.decode(guarded.view(), request, error) == (size == rich_body.size()));
        }
        for (const char* text :
             {R"({"a":[{}})", R"({"a":{"b":{}})", R"({"a":[[{}]})", "{{}", R"({"a":[{},{}})",
              R"({"a":[1,2)", R"({"a":"b)", R"({"a":"b":"c"})", R"({"a":"b":],"c":[1]})"}) {
            CAPTURE(text);
            test::GuardedText guarded(text, json::ChatDecoder::padding_bytes, filling);
            request.clear();
            CHECK_FALSE(decoder.decode(guarded.view(), request, error));
        }
    }
}

TEST_CASE("a corrupted byte is refused or harmless") {
    simdjson::dom::parser parser;
    for (size_t at = 0; at < rich_body.size(); ++at) {
        for (int byte = 0; byte < 256; ++byte) {
            std::string body = rich_body;
            body[at] = static_cast<char>(byte);
            Decoded decoded(body);
            simdjson::dom::element root;
            bool is_json = parser.parse(body).get(root) == simdjson::SUCCESS && root.is_object();
            if (is_malformed(decoded) == is_json) {
                CAPTURE(body);
                CHECK(is_malformed(decoded) != is_json);
            }
        }
    }
}

TEST_CASE("an invalid byte is found in every kind of field") {
    for (const char* field :
         {"x", "model", "stop", "user", "n", "stream", "tools", "messages", "response_format"}) {
        for (const char* value :
             {"nul",      "tru",      "falsee",    "nulll",     "-",           "01",
              "1.",       "\"\\x\"",  "[1,]",      "{\"a\"}",   "[1 2]",       "{\"a\":1,}",
              "{1:2}",    "'x'",      "\v1",       "truefalse", "\"a\"\"b\"",  "1\"a\"",
              "\"a\"1",   "[}",       "{]",        "",          "\"a\":\"b\"", "\"a\":1",
              "1:2",      ":1",       "[]:1",      "null:{}",   "\"a\":[",     "\"a\":]",
              "\"a\":1]", "\"a\":1}", "\"a\":{}}", "{}{}",      "[]\"\"",      "\"\"[]"}) {
            std::string name = field;
            CAPTURE(name);
            CAPTURE(value);
            CHECK(is_malformed(Decoded(body_with("\"" + name + "\":" + value))));
            CHECK(
                is_malformed(Decoded(body_with("\"" + name + "\":[" + value + "," + value + "]"))));
        }
    }
}

TEST_CASE("white space is allowed between all tokens and a byte order mark in front") {
    std::string spaced =
        " \t\r\n{ \"model\" : \"m\" , \"n\" : 1 , \"messages\" : [ { \"role\" : "
        "\"user\" , \"content\" : \"x\" } ] } \n";
    CHECK(Decoded(spaced).ok);
    CHECK(Decoded("\xEF\xBB\xBF" + spaced).ok);
    CHECK(is_malformed(Decoded("\f" + spaced)));
    CHECK(is_malformed(Decoded(spaced + '\0')));
}
