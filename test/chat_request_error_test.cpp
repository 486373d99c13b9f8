#include <doctest.h>

#include <string>

#include "json/chat_request.h"
#include "json/utf8.h"
#include "refusals.h"

using test::body_of;
using test::body_with;
using test::check_refusals;
using test::check_types;
using test::Decoded;
using test::missing;
using test::Refusal;
using test::wrong_type;

namespace {

void check_malformed(std::string_view body, std::string_view hint) {
    CAPTURE(body);
    Decoded decoded(body);
    CHECK_FALSE(decoded.ok);
    CHECK(decoded.error.message ==
          "We could not parse the JSON body of your request. (Hint: " + std::string(hint) + ".)");
    CHECK(decoded.error.param.empty());
    CHECK(decoded.error.code.empty());
}

}  // namespace

TEST_CASE("a body that is not JSON is refused with a hint") {
    check_malformed("", "it is empty");
    check_malformed(" \n\t", "it is empty");
    check_malformed("[]", "it is not an object");
    check_malformed("\"text\"", "it is not an object");
    check_malformed("12", "it is not an object");
    check_malformed("null", "it is not an object");
    check_malformed("{", "it does not end where its object ends");
    check_malformed(R"({"model":"m")", "it does not end where its object ends");
    check_malformed(R"({"a":[1}})", "unexpected text at byte 7");
    check_malformed(R"({"a":1,})", "unexpected text at byte 7");
    check_malformed(R"({"a" 1})", "unexpected text at byte 5");
    check_malformed(R"({"a":1 "b":2})", "unexpected text at byte 7");
    check_malformed(R"({a:1})", "unexpected text at byte 1");
    check_malformed(R"({"a":tru})", "unexpected text at byte 5");
    check_malformed(R"({"a":1.})", "unexpected text at byte 5");
    check_malformed(R"({"a":1} x})", "unexpected text after the object at byte 8");
    check_malformed(R"({"a":"\x"})", "wrong escape at byte 6");
    check_malformed(R"({"\q":1})", "wrong escape at byte 2");
    check_malformed("{\"a\":\"b\nc\"}", "a control character in a string at byte 7");
    check_malformed("{\"a\":\"\\\t\"}", "a control character in a string at byte 7");
    check_malformed("{\"a\":\"\xFF\"}", "a byte that is not UTF-8 at byte 6");
    check_malformed(R"({"a":"b})", "a string without an end at byte 5");
    check_malformed(std::string("{\"a\":\0}", 7), "unexpected text at byte 5");
}

TEST_CASE("a body nested too deeply is refused") {
    auto nested = [](int depth) {
        std::string lists(static_cast<size_t>(depth), '['), ends(static_cast<size_t>(depth), ']');
        return body_with("\"x\":" + lists + ends);
    };
    CHECK(Decoded(nested(127)).ok);
    check_malformed(nested(128), "it is nested deeper than 128 levels");
    check_malformed(nested(100'000), "it is nested deeper than 128 levels");
    CHECK(Decoded(body_with(""), {.depth_max = 3}).ok);
    CHECK_FALSE(Decoded(body_with(""), {.depth_max = 2}).ok);
}

TEST_CASE("a request without a model is refused") {
    const std::string message = "you must provide a model parameter";
    check_refusals({{"{}", "", "", message},
                    {R"({"model":null,"messages":[]})", "", "", message},
                    {R"({"model":"","messages":7})", "", "", message},
                    {R"({"model":"m","model":null,"messages":[]})", "", "", message},
                    {R"({"temperature":"x"})", "", "", message}});
    check_types(R"({"model":)", R"(,"messages":[{"role":"user"}]})", "model", "a string",
                {"a string"});
}

TEST_CASE("a request without messages is refused") {
    check_refusals(
        {{R"({"model":"m"})", "messages", "missing_required_parameter", missing("messages")},
         {R"({"model":"m","n":"x"})", "messages", "missing_required_parameter",
          missing("messages")},
         {R"({"model":7})", "messages", "missing_required_parameter", missing("messages")},
         {body_of("[]"), "messages", "empty_array",
          "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an "
          "empty array instead."},
         {body_of("null"), "messages", "invalid_type",
          wrong_type("messages", "an array of objects", "null")}});
    check_types(R"({"model":"m","messages":)", "}", "messages", "an array of objects",
                {"an array"});
}

TEST_CASE("too many messages are refused") {
    std::string two = body_of(R"([{"role":"user"},{"role":"user"}])");
    CHECK(Decoded(two, {.messages_max = 2}).ok);
    Decoded decoded(body_of(R"([{"role":"user"},{"role":"x"},{"y":0}])"), {.messages_max = 1});
    CHECK_FALSE(decoded.ok);
    CHECK(decoded.request.messages.size() == 1);
    CHECK(decoded.error.code == "array_above_max_length");
    CHECK(decoded.error.param == "messages");
    CHECK(decoded.error.message ==
          "Invalid 'messages': array too long. Expected an array with maximum length 1, but got an "
          "array with length 3 instead.");
}

TEST_CASE("a wrong message is refused with its place") {
    const std::string roles = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'";
    check_types(R"({"model":"m","messages":[)", "]}", "messages[0]", "an object", {"an object"});
    check_types(R"({"model":"m","messages":[{"role":)", "}]}", "messages[0].role",
                "one of " + roles, {"a string"});
    check_types(R"({"model":"m","messages":[{"role":"user","content":)", "}]}",
                "messages[0].content", "one of a string or array of objects",
                {"a string", "an array"});
    check_types(R"({"model":"m","messages":[{"role":"user","name":)", "}]}", "messages[0].name",
                "a string", {"a string"});
    check_types(R"({"model":"m","messages":[{"role":"tool","tool_call_id":)", "}]}",
                "messages[0].tool_call_id", "a string", {"a string"});
    check_refusals(
        {{body_of("[{}]"), "messages[0].role", "missing_required_parameter",
          missing("messages[0].role")},
         {body_of(R"([{"role":"user"},{"content":"x"}])"), "messages[1].role",
          "missing_required_parameter", missing("messages[1].role")},
         {body_of(R"([{"role":null}])"), "messages[0].role", "invalid_type",
          wrong_type("messages[0].role", "one of " + roles, "null")},
         {body_of(R"([{"role":"x"}])"), "messages[0].role", "invalid_value",
          "Invalid value: 'x'. Supported values are: " + roles + "."},
         {body_of(R"([{"role":"User"}])"), "messages[0].role", "invalid_value",
          "Invalid value: 'User'. Supported values are: " + roles + "."},
         {body_of(R"([{"role":"tool","content":"x"}])"), "messages[0].tool_call_id",
          "missing_required_parameter", missing("messages[0].tool_call_id")},
         {body_of(R"([{"role":"tool","tool_call_id":null}])"), "messages[0].tool_call_id",
          "missing_required_parameter", missing("messages[0].tool_call_id")}});
}

TEST_CASE("a wrong content part is refused with its place") {
    const std::string begin = R"({"model":"m","messages":[{"role":"user","content":[)";
    const std::string end = "]}]}";
    const std::string at = "messages[0].content[0]";
    check_types(begin, end, at, "an object", {"an object"});
    check_types(begin + R"({"type":)", "}" + end, at + ".type", "a string", {"a string"});
    check_types(begin + R"({"type":"text","text":)", "}" + end, at + ".text", "a string",
                {"a string"});
    check_types(begin + R"({"type":"image_url","image_url":)", "}" + end, at + ".image_url",
                "an object", {"an object", "a string"});
    check_types(begin + R"({"type":"image_url","image_url":{"url":)", "}}" + end,
                at + ".image_url.url", "a string", {"a string"});
    check_types(begin + R"({"type":"input_audio","input_audio":)", "}" + end, at + ".input_audio",
                "an object", {"an object"});
    check_types(begin + R"({"type":"file","file":)", "}" + end, at + ".file", "an object",
                {"an object"});
    auto lacks = [&](std::string_view part, const std::string& key) {
        return Refusal{begin + std::string(part) + end, at + key, "missing_required_parameter",
                       missing(at + key)};
    };
    check_refusals(
        {lacks("{}", ".type"),
         lacks(R"({"text":"x"})", ".type"),
         lacks(R"({"type":"text"})", ".text"),
         lacks(R"({"type":"text","text":null})", ".text"),
         lacks(R"({"type":"image_url"})", ".image_url"),
         lacks(R"({"type":"image_url","image_url":{}})", ".image_url.url"),
         lacks(R"({"type":"input_audio"})", ".input_audio"),
         lacks(R"({"type":"input_audio","input_audio":{"format":"wav"}})", ".input_audio.data"),
         lacks(R"({"type":"file"})", ".file"),
         lacks(R"({"type":"refusal"})", ".refusal"),
         {begin + R"({"type":"text","text":"x"},{"type":"video","text":1})" + end,
          "messages[0].content[1].type", "invalid_value",
          "Invalid value: 'video'. Supported values are: 'text', 'image_url', 'input_audio', "
          "'refusal', 'audio', and 'file'."}});
}

TEST_CASE("a wrong tool call in the history is refused with its place") {
    const std::string begin = R"({"model":"m","messages":[{"role":"assistant","tool_calls":)";
    const std::string end = "}]}";
    const std::string list = "messages[0].tool_calls", at = list + "[0]";
    const std::string function = R"("function":{"name":"f","arguments":"{}"})";
    check_types(begin, end, list, "an array of objects", {"an array"});
    check_types(begin + "[", "]" + end, at, "an object", {"an object"});
    check_types(begin + R"([{"id":)", "," + function + "}]" + end, at + ".id", "a string",
                {"a string"});
    check_types(begin + R"([{"id":"c","function":)", "}]" + end, at + ".function", "an object",
                {"an object"});
    check_types(begin + R"([{"id":"c","function":{"name":"f","arguments":)", "}}]" + end,
                at + ".function.arguments", "a string", {"a string"});
    auto lacks = [&](const std::string& call, const std::string& key) {
        return Refusal{begin + "[" + call + "]" + end, at + key, "missing_required_parameter",
                       missing(at + key)};
    };
    check_refusals({lacks("{" + function + "}", ".id"), lacks(R"({"id":"c"})", ".function"),
                    lacks(R"({"id":"c","function":{"arguments":""}})", ".function.name"),
                    lacks(R"({"id":"c","function":{"name":"f"}})", ".function.arguments")});
}

TEST_CASE("of several errors the most basic one is reported") {
    SUBCASE("malformed JSON before everything") {
        check_malformed(R"({"model":7,"messages":[{"role":1}],"x":01})",
                        "unexpected text at byte 39");
        check_malformed(R"({"model":7,"messages":[]}])", "it does not end where its object ends");
    }
    SUBCASE("then the first wrong field of the body") {
        CHECK(Decoded(body_with(R"("n":0,"top_p":"x")")).error.param == "n");
        CHECK(Decoded(body_with(R"("top_p":"x","n":0)")).error.param == "top_p");
        CHECK(Decoded(R"({"n":0,"model":7,"messages":[]})").error.param == "n");
        CHECK(Decoded(body_of(R"([{"content":7},{"role":"x"}])")).error.param ==
              "messages[0].content");
        CHECK(Decoded(body_of(R"([{"content":"x"},{"role":"x"}])")).error.param ==
              "messages[0].role");
    }
}

TEST_CASE("a quoted value is short, whole and valid") {
    auto message_of = [](const std::string& role) {
        return Decoded(body_of("[{\"role\":\"" + role + "\"}]")).error.message;
    };
    std::string euros;
    for (int i = 0; i < 1000; ++i) euros += "\xE2\x82\xAC";
    for (const std::string& role : {std::string(5000, 'x'), euros, std::string("\\ud83d"),
                                    std::string("\\n\\\"\\u0000'"), std::string("a\\ud800b")}) {
        std::string message = message_of(role);
        CAPTURE(message);
        CHECK(message.size() < 250);
        CHECK(json::find_bad_utf8(message) == std::string::npos);
        CHECK(message.starts_with("Invalid value: '"));
    }
    CHECK(message_of("a\\ud800b")
              .starts_with("Invalid value: 'a\xEF\xBF\xBD"
                           "b'."));
    CHECK(message_of("a\\nb").starts_with("Invalid value: 'a?b'."));
    CHECK(message_of(euros).find("\xAC...'.") != std::string::npos);
    std::string digits(5000, '9');
    CHECK(Decoded(body_with("\"n\":" + digits)).error.message.size() < 250);
}
