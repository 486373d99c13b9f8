#include <doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "decoded.h"
#include "json/chat_request.h"
#include "json/error.h"
#include "json/text.h"

using test::body_of;
using test::body_with;
using test::Decoded;

namespace {

struct Refusal {
    std::string body, param, code, message;
};

void check_refusals(const std::vector<Refusal>& refusals) {
    for (const Refusal& refusal : refusals) {
        CAPTURE(refusal.body);
        Decoded decoded(refusal.body);
        CHECK_FALSE(decoded.ok);
        CHECK(decoded.error.message == refusal.message);
        CHECK(decoded.error.param == refusal.param);
        CHECK(decoded.error.code == refusal.code);
    }
}

void check_malformed(std::string_view body, std::string_view hint) {
    CAPTURE(body);
    Decoded decoded(body);
    CHECK_FALSE(decoded.ok);
    CHECK(decoded.error.message ==
          "We could not parse the JSON body of your request. (Hint: " + std::string(hint) + ".)");
    CHECK(decoded.error.param.empty());
    CHECK(decoded.error.code.empty());
}

std::string wrong_type(std::string_view field, std::string_view expected, std::string_view got) {
    return "Invalid type for '" + std::string(field) + "': expected " + std::string(expected) +
           ", but got " + std::string(got) + " instead.";
}

std::string missing(std::string_view field) {
    return "Missing required parameter: '" + std::string(field) + "'.";
}

// A value of each type but null, and its name in messages.
struct Typed {
    const char *text, *name;
};
const std::vector<Typed> values = {{R"("x")", "a string"},      {"1", "an integer"},
                                   {"1.0", "a decimal number"}, {"true", "a boolean"},
                                   {"{}", "an object"},         {"[]", "an array"}};

// Refusals of all values that are not of an accepted type.
void check_types(const std::string& before, const std::string& after, const std::string& param,
                 const std::string& expected, const std::vector<std::string>& accepted) {
    for (const Typed& value : values) {
        bool is_accepted = false;
        for (const std::string& name : accepted) is_accepted |= name == value.name;
        if (is_accepted) continue;
        check_refusals({{before + value.text + after, param, "invalid_type",
                         wrong_type(param, expected, value.name)}});
    }
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

TEST_CASE("numbers of the wrong type or out of range are refused") {
    for (const char* field : {"n", "max_tokens", "max_completion_tokens", "seed", "top_logprobs"}) {
        check_types(body_with("").substr(0, body_with("").size() - 1) + ",\"" + field + "\":", "}",
                    field, "an integer", {"an integer"});
    }
    for (const char* field : {"temperature", "top_p", "presence_penalty", "frequency_penalty"}) {
        check_types(body_with("").substr(0, body_with("").size() - 1) + ",\"" + field + "\":", "}",
                    field, "a decimal", {"an integer", "a decimal number"});
    }
    struct Case {
        std::string field, value, kind, bound;
    };
    for (const Case& c : std::vector<Case>{
             {"n", "0", "below", ">= 1"},
             {"n", "-5", "below", ">= 1"},
             {"n", "129", "above", "<= 128"},
             {"n", "99999999999999999999", "above", "<= 128"},
             {"n", "-99999999999999999999", "below", ">= 1"},
             {"max_tokens", "0", "below", ">= 1"},
             {"max_tokens", "9223372036854775808", "above", "<= 9223372036854775807"},
             {"max_completion_tokens", "-1", "below", ">= 1"},
             {"top_logprobs", "21", "above", "<= 20"},
             {"top_logprobs", "-1", "below", ">= 0"},
             {"seed", "9223372036854775808", "above", "<= 9223372036854775807"},
             {"seed", "-9223372036854775809", "below", ">= -9223372036854775808"},
         }) {
        check_refusals(
            {{body_with("\"" + c.field + "\":" + c.value), c.field,
              "integer_" + c.kind + "_" + (c.kind == "below" ? "min" : "max") + "_value",
              "Invalid '" + c.field + "': integer " + c.kind + " " +
                  (c.kind == "below" ? "minimum" : "maximum") + " value. Expected a value " +
                  c.bound + ", but got " + c.value + " instead."}});
    }
    for (const Case& c : std::vector<Case>{
             {"temperature", "-0.1", "below", ">= 0"},
             {"temperature", "2.1", "above", "<= 2"},
             {"temperature", "3", "above", "<= 2"},
             {"temperature", "1e999", "above", "<= 2"},
             {"temperature", "-1e999", "below", ">= 0"},
             {"top_p", "1.0000001", "above", "<= 1"},
             {"top_p", "-1e-9", "below", ">= 0"},
             {"presence_penalty", "2.5", "above", "<= 2"},
             {"frequency_penalty", "-2.5", "below", ">= -2"},
         }) {
        check_refusals(
            {{body_with("\"" + c.field + "\":" + c.value), c.field,
              "decimal_" + c.kind + "_" + (c.kind == "below" ? "min" : "max") + "_value",
              "Invalid '" + c.field + "': decimal " + c.kind + " " +
                  (c.kind == "below" ? "minimum" : "maximum") + " value. Expected a value " +
                  c.bound + ", but got " + c.value + " instead."}});
    }
}

TEST_CASE("other fields of the wrong type are refused") {
    auto before = [](const char* field) {
        return body_with("\"" + std::string(field) + "\":#")
            .substr(0, body_with("").size() + 3 + std::strlen(field));
    };
    for (const char* field : {"stream", "logprobs", "parallel_tool_calls"}) {
        check_types(before(field), "}", field, "a boolean", {"a boolean"});
    }
    for (const char* field : {"logit_bias", "stream_options", "response_format"}) {
        check_types(before(field), "}", field, "an object", {"an object"});
    }
    check_types(before("reasoning_effort"), "}", "reasoning_effort", "a string", {"a string"});
    check_types(before("tools"), "}", "tools", "an array of objects", {"an array"});
    check_types(before("tool_choice"), "}", "tool_choice", "one of a string or object",
                {"a string", "an object"});
    check_types(before("stop"), "}", "stop", "one of a string or array of strings",
                {"a string", "an array"});
    check_types(before("stop") + "[\"a\",", "]}", "stop[1]", "a string", {"a string"});
    check_types(before("stream_options") + "{\"include_usage\":", "},\"stream\":true}",
                "stream_options.include_usage", "a boolean", {"a boolean"});
}

TEST_CASE("stop takes one to four strings") {
    check_refusals(
        {{body_with(R"("stop":[])"), "stop", "empty_array",
          "Invalid 'stop': empty array. Expected an array with minimum length 1, but got an empty "
          "array instead."},
         {body_with(R"("stop":["a","b","c","d","e"])"), "stop", "array_above_max_length",
          "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an "
          "array with length 5 instead."},
         {body_with(R"("stop":[null])"), "stop[0]", "invalid_type",
          wrong_type("stop[0]", "a string", "null")}});
}

TEST_CASE("stream_options need a stream") {
    const std::string message =
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
    check_refusals({{body_with(R"("stream_options":{})"), "stream_options", "", message},
                    {body_with(R"("stream":false,"stream_options":{"include_usage":true})"),
                     "stream_options", "", message},
                    {body_with(R"("stream_options":{"include_usage":true},"stream":null)"),
                     "stream_options", "", message},
                    // In the order of the body, although it is found last.
                    {body_with(R"("stream_options":{},"n":0)"), "stream_options", "", message}});
    Decoded decoded(body_with(R"("n":0,"stream_options":{})"));
    CHECK(decoded.error.param == "n");
}

TEST_CASE("a wrong response format is refused") {
    const std::string types = "'json_object', 'json_schema', and 'text'";
    auto lacks = [](const char* format, const char* key) {
        return Refusal{body_with("\"response_format\":" + std::string(format)), key,
                       "missing_required_parameter", missing(key)};
    };
    check_refusals(
        {lacks("{}", "response_format.type"),
         lacks(R"({"type":"json_schema"})", "response_format.json_schema"),
         lacks(R"({"type":"json_schema","json_schema":null})", "response_format.json_schema"),
         lacks(R"({"type":"json_schema","json_schema":{"schema":{}}})",
               "response_format.json_schema.name"),
         {body_with(R"("response_format":{"type":"xml"})"), "response_format.type", "invalid_value",
          "Invalid value: 'xml'. Supported values are: " + types + "."},
         {body_with(R"("response_format":{"type":1})"), "response_format.type", "invalid_type",
          wrong_type("response_format.type", "a string", "an integer")},
         {body_with(R"("response_format":{"type":"json_schema","json_schema":[]})"),
          "response_format.json_schema", "invalid_type",
          wrong_type("response_format.json_schema", "an object", "an array")},
         {body_with(
              R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":1}})"),
          "response_format.json_schema.schema", "invalid_type",
          wrong_type("response_format.json_schema.schema", "an object", "an integer")}});
}

TEST_CASE("a wrong tool is refused with its place") {
    auto lacks = [](const char* tool, const char* key) {
        return Refusal{body_with("\"tools\":[" + std::string(tool) + "]"), key,
                       "missing_required_parameter", missing(key)};
    };
    check_refusals(
        {lacks("{}", "tools[0].type"),
         lacks(R"({"name":"f"})", "tools[0].type"),
         lacks(R"({"type":"function"})", "tools[0].function"),
         lacks(R"({"type":"function","function":{}})", "tools[0].function.name"),
         lacks(R"({"type":"function","name":"f","function":{}})", "tools[0].function.name"),
         {body_with(R"("tools":[1])"), "tools[0]", "invalid_type",
          wrong_type("tools[0]", "an object", "an integer")},
         {body_with(R"("tools":[{"type":"function","function":[]}])"), "tools[0].function",
          "invalid_type", wrong_type("tools[0].function", "an object", "an array")},
         {body_with(R"("tools":[{"type":"function","function":{"name":1}}])"),
          "tools[0].function.name", "invalid_type",
          wrong_type("tools[0].function.name", "a string", "an integer")},
         {body_with(R"("tools":[{"type":"function","function":{"name":"f","parameters":[]}}])"),
          "tools[0].function.parameters", "invalid_type",
          wrong_type("tools[0].function.parameters", "an object", "an array")},
         {body_with(R"("tool_choice":"any")"), "tool_choice", "invalid_value",
          "Invalid value: 'any'. Supported values are: 'none', 'auto', and 'required'."},
         {body_with(R"("tool_choice":{"type":"function"})"), "tool_choice.function",
          "missing_required_parameter", missing("tool_choice.function")},
         {body_with(R"("tool_choice":{"type":"function","function":{}})"),
          "tool_choice.function.name", "missing_required_parameter",
          missing("tool_choice.function.name")}});
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
    CHECK(message_of("a\\nb").starts_with("Invalid value: 'a\nb'."));
    CHECK(message_of(euros).find("\xAC...'.") != std::string::npos);
    std::string digits(5000, '9');
    CHECK(Decoded(body_with("\"n\":" + digits)).error.message.size() < 250);
}
