#include "json/flat_object.h"

#include <doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "guarded_text.h"
#include "json/reader.h"

using json::FlatObject;
using json::JsonText;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
using Step = FlatObject::Step;

Step read(std::string_view text, Fields& out) {
    const test::GuardedText guarded(text, FlatObject::padding_bytes, '"');
    FlatObject object(guarded.view());
    std::string_view key;
    JsonText value;
    Step step;
    while ((step = object.next(key, value)) == Step::field) out.emplace_back(key, value.view());
    return step;
}

bool is_known(std::string_view text) {
    Fields fields;
    return read(text, fields) == Step::end;
}

// Whether it is taken for an object with one field of this key.
bool read_only(std::string_view text, std::string_view key, std::string& out) {
    const test::GuardedText guarded(text, FlatObject::padding_bytes, '"');
    JsonText value;
    if (!FlatObject::read_only_field(guarded.view(), key, value)) return false;
    out = value.view();
    return true;
}

// What Reader makes of the same text.
bool read_any(std::string_view text, Fields& out) {
    const test::GuardedText guarded(text, json::Reader::padding_bytes);
    json::Reader reader(8);
    return reader.read(guarded.view(), [&](std::string_view key, json::Node& node) {
        if (node.token.is_string()) out.emplace_back(key, node.token.string().view());
        return reader.skip(node);
    });
}

}  // namespace

TEST_CASE("FlatObject reads strings of any length") {
    for (size_t size = 0; size < 40; ++size) {
        const std::string value(size, 'v'), key = "k" + value;
        Fields fields;
        CHECK(read("{\"" + key + "\":\"" + value + "\",\"b\":\"\"}", fields) == Step::end);
        CHECK(fields == Fields{{key, value}, {"b", ""}});
    }
}

TEST_CASE("FlatObject passes short escapes on as they stand") {
    Fields fields;
    CHECK(read(R"({"a\\":"\"\\\/\b\f\n\r\t\\"})", fields) == Step::end);
    CHECK(fields == Fields{{R"(a\\)", R"(\"\\\/\b\f\n\r\t\\)"}});
}

TEST_CASE("FlatObject leaves all else to Reader") {
    for (const char* const text : {"",
                                   "{",
                                   "{}",
                                   "[]",
                                   R"({"a")",
                                   R"({"a":)",
                                   R"({"a":1})",
                                   R"({"a":"b)",
                                   R"({"a":"b\)",
                                   R"({"a":"b")",
                                   R"({"a":"b",)",
                                   R"({"a":"b",})",
                                   R"({"a":"b"} )",
                                   R"({"a":"b"}})",
                                   R"({ "a":"b"})",
                                   R"({"a": "b"})",
                                   R"({"a":"b" })",
                                   R"({"a":"\u0041"})",
                                   R"({"a":"\x"})",
                                   R"({"a":null})",
                                   R"({"a":{"b":"c"}})",
                                   "{\"a\":\"\n\"}",
                                   "{\"a\":\"\xC3\xA9\"}",
                                   "{\"a\xFF\":\"b\"}",
                                   R"(,"a":"b"})",
                                   R"({"a":"b"{"c":"d"})"}) {
        CAPTURE(text);
        CHECK_FALSE(is_known(text));
    }
}

TEST_CASE("FlatObject accepts nothing that Reader would not, and reads the same") {
    const std::string good = R"({"key":"va\\lue\"","b":"12345678901234567","c":"\n"})";
    const std::string bytes = "\"\\{}:, an0u\x01\x1F\x7F\x80\xC3\xFF";
    size_t known = 0;
    for (size_t at = 0; at < good.size(); ++at) {
        for (const char byte : bytes) {
            for (const size_t replaced : {0, 1, 2}) {
                std::string text = good;
                text.replace(at, replaced, 1, byte);
                Fields flat, any;
                if (read(text, flat) != Step::end) continue;
                ++known;
                CAPTURE(text);
                REQUIRE(read_any(text, any));
                REQUIRE(flat.size() == any.size());
                for (size_t i = 0; i < flat.size(); ++i) CHECK(flat[i].second == any[i].second);
            }
        }
    }
    CHECK(known > 500);
}

TEST_CASE("FlatObject reads an only field as it would any") {
    const std::string bytes = "\"\\{}:, key0u\x01\x7F\x80";
    size_t known = 0;
    for (const std::string good : {R"({"key":"v\\l\"12345678901234567"})", R"({"key":""})"}) {
        for (size_t at = 0; at <= good.size(); ++at) {
            for (const char byte : bytes) {
                for (const size_t replaced : {0, 1, 2}) {
                    std::string text = good;
                    text.replace(at, replaced, 1, byte);
                    CAPTURE(text);
                    Fields fields;
                    const bool is_known = read(text, fields) == Step::end;
                    std::string value;
                    const bool is_only = read_only(text, "key", value);
                    CHECK(is_only == (is_known && fields.size() == 1 && fields[0].first == "key"));
                    if (!is_only) continue;
                    ++known;
                    CHECK(value == fields[0].second);
                }
            }
        }
        for (size_t size = 0; size < good.size(); ++size) {
            std::string value;
            CHECK_FALSE(read_only(good.substr(0, size), "key", value));
        }
    }
    CHECK(known > 100);
}
