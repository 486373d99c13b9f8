#include <doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "json/chat_request.h"
#include "refusals.h"

using test::body_with;
using test::check_refusals;
using test::check_types;
using test::Decoded;
using test::missing;
using test::Refusal;
using test::wrong_type;

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

TEST_CASE("a place is named right when its keys and those below it are escaped") {
    for (const size_t size : {1, 40, 1000, 100'000}) {
        const std::string inner = '"' + std::string(size, 'k') + R"(\u0061":1,"url":5)";
        const std::string part = R"({"type":"image_url","image\u005furl":{)" + inner + "}}";
        const std::string message = R"({"role":"user","content":[)" + part + "]}";
        const std::string param = "messages[0].content[0].image_url.url";
        check_refusals({{test::body_of('[' + message + ']'), param, "invalid_type",
                         wrong_type(param, "a string", "an integer")}});
        const std::string call = R"({"id":"i","f\u0075nction":{)" + inner + R"(,"n\u0061me":5}})";
        const std::string calling = R"({"role":"assistant","tool\u005fcalls":[)" + call + "]}";
        const std::string name = "messages[0].tool_calls[0].function.name";
        check_refusals({{test::body_of('[' + calling + ']'), name, "invalid_type",
                         wrong_type(name, "a string", "an integer")}});
    }
}
