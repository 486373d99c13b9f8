#include "json/chat_request.h"

#include <doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "decoded.h"

using json::Part;
using json::Role;
using test::body_of;
using test::body_with;
using test::Decoded;

namespace {

// The text of a message's parts, joined.
std::string content_of(const json::ChatRequest& request, size_t index) {
    std::string text;
    for (const Part& part : request.parts_of(request.messages[index])) part.text.unescape(text);
    return text;
}

}  // namespace

TEST_CASE("ChatDecoder decodes the smallest request") {
    Decoded decoded(R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
    REQUIRE_MESSAGE(decoded.ok, decoded.error.message);
    const json::ChatRequest& request = decoded.request;
    CHECK(request.model.view() == "m");
    CHECK_FALSE(request.stream);
    CHECK_FALSE(request.include_usage);
    CHECK(request.n == 1);
    CHECK_FALSE(request.max_tokens);
    CHECK_FALSE(request.temperature);
    CHECK_FALSE(request.seed);
    CHECK_FALSE(request.parallel_tool_calls);
    CHECK(request.reasoning_effort.empty());
    CHECK(request.response_format.kind == json::ResponseFormat::Kind::text);
    CHECK(request.tool_choice.kind == json::ToolChoice::Kind::automatic);
    CHECK(request.stop.empty());
    CHECK(request.tools.empty());
    REQUIRE(request.messages.size() == 1);
    CHECK(request.messages[0].role == Role::user);
    CHECK(request.messages[0].has_content);
    CHECK(content_of(request, 0) == "hi");
}

TEST_CASE("ChatDecoder reads every field it knows") {
    Decoded decoded(body_with(R"("stream":true,"stream_options":{"include_usage":true,"x":[1]},
        "n":128,"max_tokens":7,"max_completion_tokens":9,"temperature":2,"top_p":0.25,
        "presence_penalty":-2.0,"frequency_penalty":1e0,"seed":-9223372036854775808,
        "parallel_tool_calls":false,"reasoning_effort":"low","stop":["a","","b\n","c"],
        "logprobs":true,"top_logprobs":20,"logit_bias":{"50256":-100}, "store":true)"));
    REQUIRE_MESSAGE(decoded.ok, decoded.error.message);
    const json::ChatRequest& request = decoded.request;
    CHECK(request.stream);
    CHECK(request.include_usage);
    CHECK(request.n == 128);
    CHECK(request.max_tokens == 9);
    CHECK(request.temperature == 2.0);
    CHECK(request.top_p == 0.25);
    CHECK(request.presence_penalty == -2.0);
    CHECK(request.frequency_penalty == 1.0);
    CHECK(request.seed == std::numeric_limits<int64_t>::min());
    CHECK(request.parallel_tool_calls == false);
    CHECK(request.reasoning_effort.view() == "low");
    REQUIRE(request.stop.size() == 3);
    CHECK(request.stop[0].view() == "a");
    CHECK(request.stop[1].view() == "b\\n");
    CHECK(request.stop[2].view() == "c");
}

TEST_CASE("ChatDecoder takes max_tokens when there is no max_completion_tokens") {
    CHECK(Decoded(body_with(R"("max_tokens":7)")).request.max_tokens == 7);
    CHECK(Decoded(body_with(R"("max_tokens":7,"max_completion_tokens":null)")).request.max_tokens ==
          7);
    CHECK(Decoded(body_with(R"("max_completion_tokens":3,"max_tokens":7)")).request.max_tokens ==
          3);
}

TEST_CASE("ChatDecoder accepts every allowed value of every field") {
    for (const char* fields : {
             "",
             R"("stream":false)",
             R"("stream":true)",
             R"("stream":true,"stream_options":{})",
             R"("stream_options":{"include_usage":false},"stream":true)",
             R"("stream":true,"stream_options":{"include_usage":null})",
             R"("stream":true,"stream_options":{"include_obfuscation":"any"})",
             R"("n":1)",
             R"("max_tokens":1)",
             R"("max_tokens":9223372036854775807)",
             R"("temperature":0)",
             R"("temperature":-0.0)",
             R"("temperature":1e-400)",
             R"("top_p":1)",
             R"("top_p":0)",
             R"("presence_penalty":2)",
             R"("frequency_penalty":-2)",
             R"("seed":9223372036854775807)",
             R"("seed":-1)",
             R"("top_logprobs":0)",
             R"("stop":"x")",
             R"("stop":"")",
             R"("stop":["a","b","c","d"])",
             R"("stop":[""])",
             R"("response_format":{"type":"text"})",
             R"("response_format":{"type":"text","json_schema":null})",
             R"("response_format":{"type":"json_object"})",
             R"("response_format":{"type":"json_schema","json_schema":{"name":"x"}})",
             R"("response_format":{"json_schema":{"name":"x","schema":null},"type":"json_schema"})",
             R"("tools":[])",
             R"("tool_choice":"none")",
             R"("tool_choice":"auto")",
             R"("tool_choice":"required")",
             R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto"}})",
             R"("tool_choice":{"type":"custom","custom":{"name":"x"}})",
             R"("functions":[{"name":"f"}],"function_call":{"name":"f"})",
             R"("user":{"id":1,"name":"open webui"})",
             R"("user":"x","metadata":{"a":"b"},"store":false,"service_tier":"auto")",
             R"("metadata":[1,2,{"a":null}],"prediction":7,"audio":"x","modalities":"text")",
             R"("verbosity":"low","reasoning":{"effort":"high"},"web_search_options":{})",
             R"("reasoning_effort":"whatever")",
             R"("unknown":{"deep":[[[{"a":[1.5e3,-0,true,false,null,"\ud800"]}]]]})",
             R"("unknown":1e999,"other":123456789012345678901234567890)",
             R"("":0)",
         }) {
        CAPTURE(fields);
        Decoded decoded(body_with(fields));
        CHECK_MESSAGE(decoded.ok, decoded.error.message);
    }
}

TEST_CASE("ChatDecoder takes null for an absent field") {
    for (const char* key : {"stream",
                            "stream_options",
                            "max_completion_tokens",
                            "max_tokens",
                            "temperature",
                            "top_p",
                            "presence_penalty",
                            "frequency_penalty",
                            "n",
                            "stop",
                            "seed",
                            "logit_bias",
                            "logprobs",
                            "top_logprobs",
                            "response_format",
                            "tools",
                            "tool_choice",
                            "parallel_tool_calls",
                            "functions",
                            "function_call",
                            "user",
                            "metadata",
                            "store",
                            "service_tier",
                            "reasoning_effort",
                            "verbosity",
                            "modalities",
                            "audio",
                            "prediction"}) {
        CAPTURE(key);
        Decoded decoded(body_with("\"" + std::string(key) + "\":null"));
        CHECK_MESSAGE(decoded.ok, decoded.error.message);
        CHECK(decoded.request.n == 1);
        CHECK_FALSE(decoded.request.max_tokens);
    }
}

TEST_CASE("ChatDecoder takes the last of equal keys") {
    CHECK(Decoded(body_with(R"("n":2,"n":3)")).request.n == 3);
    CHECK(Decoded(body_with(R"("n":2,"n":null)")).request.n == 1);
    CHECK_FALSE(Decoded(body_with(R"("stream":true,"stream":false)")).request.stream);
    CHECK(Decoded(body_with(R"("model":"other")")).request.model.view() == "other");
    CHECK(Decoded(body_with(R"("stop":["a","b"],"stop":"c")")).request.stop.size() == 1);
    CHECK(Decoded(body_with(R"("stream_options":{},"stream_options":null)")).ok);
    CHECK(Decoded(body_with(R"("tools":[{"function":{"name":"f"}}],"tools":null)"))
              .request.tools.empty());
    Decoded decoded(
        body_with(R"("messages":[{"role":"tool","role":"user","content":["x"],"content":"one"}])"));
    CHECK_FALSE(decoded.ok);  // a wrong value is wrong wherever it stands
    Decoded messages(body_with(
        R"("messages":[{"role":"assistant","role":"user","content":"one","content":"two"}])"));
    REQUIRE_MESSAGE(messages.ok, messages.error.message);
    CHECK(messages.request.messages.size() == 1);
    CHECK(content_of(messages.request, 0) == "two");
    CHECK(messages.request.messages[0].role == Role::user);
}

TEST_CASE("ChatDecoder unescapes keys before it compares them") {
    Decoded decoded(
        R"({"\u006dodel":"m","mess\u0061ges":[{"r\u006fle":"user","\u0063ontent":"hi"}],)"
        R"("\u006e":3,"n\u0000":{},"\ud800":1})");
    REQUIRE_MESSAGE(decoded.ok, decoded.error.message);
    CHECK(decoded.request.n == 3);
    CHECK(content_of(decoded.request, 0) == "hi");
}

TEST_CASE("ChatDecoder keeps text as it came") {
    Decoded decoded(body_of(R"([{"role":"user","content":"a\n\u00e9\ud83d\ude00 é \"q\""}])"));
    REQUIRE(decoded.ok);
    auto parts = decoded.request.parts_of(decoded.request.messages[0]);
    REQUIRE(parts.size() == 1);
    CHECK(parts[0].text.view() == R"(a\n\u00e9\ud83d\ude00 é \"q\")");
}

TEST_CASE("ChatDecoder reads messages of every role") {
    Decoded decoded(body_of(R"([
        {"role":"system","content":"s","name":"boss"},
        {"role":"developer","content":[{"type":"text","text":"d"}]},
        {"role":"user","content":null},
        {"role":"user"},
        {"role":"assistant","content":null,"refusal":null,"reasoning_content":"r","audio":null,
         "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},
                       {"id":"c2","function":{"arguments":"{\"a\":1}","name":"g"},"index":1},
                       {"id":"c3","type":"custom","custom":{"name":"x","input":"y"}}]},
        {"role":"assistant"},
        {"role":"assistant","content":"","tool_calls":null,"function_call":{"name":"f"}},
        {"role":"assistant","content":"x","tool_calls":[]},
        {"role":"tool","content":"","tool_call_id":"c1"},
        {"role":"tool","content":[{"type":"text","text":"t"}],"tool_call_id":"c2","extra":[{}]},
        {"role":"tool","tool_call_id":"c3"},
        {"role":"function","name":"f","content":"r"}])"));
    REQUIRE_MESSAGE(decoded.ok, decoded.error.message);
    const json::ChatRequest& request = decoded.request;
    const std::vector<Role> roles = {
        Role::system,    Role::developer, Role::user, Role::user, Role::assistant, Role::assistant,
        Role::assistant, Role::assistant, Role::tool, Role::tool, Role::tool,      Role::function};
    REQUIRE(request.messages.size() == roles.size());
    for (size_t i = 0; i < roles.size(); ++i) CHECK(request.messages[i].role == roles[i]);
    CHECK(request.messages[0].name.view() == "boss");
    CHECK(content_of(request, 1) == "d");
    CHECK_FALSE(request.messages[2].has_content);
    CHECK_FALSE(request.messages[3].has_content);
    CHECK(request.messages[6].has_content);
    CHECK(request.messages[9].tool_call_id.view() == "c2");
    CHECK(content_of(request, 9) == "t");
    auto calls = request.calls_of(request.messages[4]);
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].id.view() == "c1");
    CHECK(calls[0].name.view() == "f");
    CHECK(calls[0].arguments.view() == "{}");
    CHECK(calls[1].name.view() == "g");
    CHECK(calls[1].arguments.view() == R"({\"a\":1})");
    CHECK(request.calls_of(request.messages[7]).empty());
}

TEST_CASE("ChatDecoder reads parts of every kind") {
    Decoded decoded(body_of(R"([{"role":"user","content":[
        {"type":"text","text":"t","cache_control":{"type":"ephemeral"}},
        {"text":"later","type":"text"},
        {"type":"image_url","image_url":{"url":"data:x","detail":"low","extra":1}},
        {"type":"image_url","image_url":"http://x"},
        {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},
        {"type":"file","file":{"filename":"f.pdf","file_data":"BBBB"}},
        {"type":"file","file":{"file_id":"id"}},
        {"type":"refusal","refusal":"no"},
        {"type":"audio","audio":{"id":"x"}}]},
        {"role":"user","content":[]}])"));
    REQUIRE_MESSAGE(decoded.ok, decoded.error.message);
    auto parts = decoded.request.parts_of(decoded.request.messages[0]);
    struct Expected {
        Part::Kind kind;
        const char *text, *detail;
    };
    const std::vector<Expected> expected = {
        {Part::Kind::text, "t", ""},
        {Part::Kind::text, "later", ""},
        {Part::Kind::image_url, "data:x", "low"},
        {Part::Kind::image_url, "http://x", ""},
        {Part::Kind::input_audio, "AAAA", "wav"},
        {Part::Kind::file, "BBBB", "f.pdf"},
        {Part::Kind::file, "", ""},
        {Part::Kind::refusal, "no", ""},
        {Part::Kind::other, "", ""},
    };
    REQUIRE(parts.size() == expected.size());
    for (size_t i = 0; i < parts.size(); ++i) {
        CAPTURE(i);
        CHECK(parts[i].kind == expected[i].kind);
        CHECK(parts[i].text.view() == expected[i].text);
        CHECK(parts[i].detail.view() == expected[i].detail);
    }
    CHECK(decoded.request.messages[1].has_content);
    CHECK(decoded.request.parts_of(decoded.request.messages[1]).empty());
}

TEST_CASE("ChatDecoder reads tools in both forms and leaves other types out") {
    Decoded decoded(body_with(R"("tools":[
        {"type":"function","function":{"name":"f","description":"d","strict":true,
         "parameters": { "type" : "object", "properties":{"a":{"enum":["}","]"]}} } }},
        {"type":"function","name":"flat","parameters":{}},
        {"function":{"parameters":null,"description":null,"name":"bare"}},
        {"type":"custom","custom":{"name":"x"}},
        {"type":"web_search"}],
        "tool_choice":{"type":"function","function":{"name":"f"}})"));
    REQUIRE_MESSAGE(decoded.ok, decoded.error.message);
    const auto& tools = decoded.request.tools;
    REQUIRE(tools.size() == 3);
    CHECK(tools[0].name.view() == "f");
    CHECK(tools[0].description.view() == "d");
    CHECK(tools[0].parameters == R"({ "type" : "object", "properties":{"a":{"enum":["}","]"]}} })");
    CHECK(tools[1].name.view() == "flat");
    CHECK(tools[1].parameters == "{}");
    CHECK(tools[2].name.view() == "bare");
    CHECK(tools[2].parameters.empty());
    CHECK(decoded.request.tool_choice.kind == json::ToolChoice::Kind::function);
    CHECK(decoded.request.tool_choice.name.view() == "f");
}

TEST_CASE("ChatDecoder reads tool_choice in every form") {
    using Kind = json::ToolChoice::Kind;
    struct Case {
        const char* text;
        Kind kind;
    };
    for (const Case& c : std::vector<Case>{
             {R"("none")", Kind::none},
             {R"("auto")", Kind::automatic},
             {R"("required")", Kind::required},
             {R"({"type":"function","name":"f"})", Kind::function},
             {R"({"function":{"name":"f"}})", Kind::function},
             {R"({"type":"allowed_tools"})", Kind::other},
         }) {
        CAPTURE(c.text);
        Decoded decoded(body_with("\"tool_choice\":" + std::string(c.text)));
        REQUIRE_MESSAGE(decoded.ok, decoded.error.message);
        CHECK(decoded.request.tool_choice.kind == c.kind);
    }
}

TEST_CASE("ChatDecoder keeps the schema of a response format as it came") {
    Decoded decoded(body_with(
        R"("response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,)"
        R"("schema":{"type":"object", "x":[1 , 2]}  , "description":"d"}})"));
    REQUIRE_MESSAGE(decoded.ok, decoded.error.message);
    CHECK(decoded.request.response_format.kind == json::ResponseFormat::Kind::json_schema);
    CHECK(decoded.request.response_format.schema == R"({"type":"object", "x":[1 , 2]})");
    Decoded object(body_with(R"("response_format":{"type":"json_object"})"));
    CHECK(object.request.response_format.kind == json::ResponseFormat::Kind::json_object);
}

TEST_CASE("a decoder and a cleared request start afresh with each body") {
    std::string rich =
        body_with(R"("stream":true,"n":2,"temperature":1,"stop":"x","seed":1,"max_tokens":1,)"
                  R"("tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"none")");
    std::string plain = body_with("");
    std::string broken = "{";
    for (std::string* body : {&rich, &plain, &broken}) body->append(64, ' ');
    json::ChatDecoder decoder({});
    json::ChatRequest request;
    json::DecodeError error;
    auto decode = [&](const std::string& body) {
        request.clear();
        return decoder.decode(std::string_view(body).substr(0, body.size() - 64), request, error);
    };
    REQUIRE(decode(rich));
    const json::Message* kept = request.messages.data();
    REQUIRE_FALSE(decode(broken));
    REQUIRE(decode(plain));
    CHECK(request.messages.data() == kept);
    CHECK_FALSE(request.stream);
    CHECK(request.n == 1);
    CHECK_FALSE(request.temperature);
    CHECK_FALSE(request.seed);
    CHECK_FALSE(request.max_tokens);
    CHECK(request.stop.empty());
    CHECK(request.tools.empty());
    CHECK(request.tool_choice.kind == json::ToolChoice::Kind::automatic);
}

TEST_CASE("ChatRequest gives back the memory of an unusually long body") {
    std::string messages = R"({"role":"user"})";
    for (int i = 0; i < 40'000; ++i) messages += R"(,{"role":"user"})";
    Decoded decoded(body_of("[" + messages + "]"), {.messages_max = 50'000});
    REQUIRE(decoded.ok);
    decoded.request.clear();
    CHECK(decoded.request.messages.capacity() == 0);
}

TEST_CASE("ChatDecoder takes a body of many megabytes and then a small one") {
    std::string text(3'000'000, 'x');
    std::string big = body_of(R"([{"role":"user","content":")" + text + R"("}])");
    Decoded decoded(big);
    REQUIRE(decoded.ok);
    CHECK(decoded.request.parts[0].text.size() == text.size());
    std::string small = body_with("") + std::string(64, ' ');
    json::ChatRequest request;
    CHECK(decoded.decoder.decode(std::string_view(small).substr(0, small.size() - 64), request,
                                 decoded.error));
}

TEST_CASE("ChatDecoder tells whether a text is one object") {
    json::ChatDecoder decoder({});
    for (const char* text : {"{}", " {\"a\":[1,{\"b\":null}]} ", "{\"a\":1e999}"}) {
        CAPTURE(text);
        CHECK(decoder.is_object(text));
    }
    for (const char* text : {"", "[]", "1", "\"x\"", "{", "{}}", "{} {}", "{\"a\":01}", "{\"a\"}",
                             "{\"a\":\"\\x\"}", "{'a':1}"}) {
        CAPTURE(text);
        CHECK_FALSE(decoder.is_object(text));
    }
}

TEST_CASE("ChatDecoder knows names of values that are escaped") {
    Decoded decoded(R"({"model":"m","messages":[{"role":"us\u0065r","content":[
        {"type":"t\u0065xt","text":"hi"}]}],"tool_choice":"n\u006fne",
        "response_format":{"type":"json\u005fobject"},
        "tools":[{"type":"f\u0075nction","function":{"name":"f"}}]})");
    REQUIRE_MESSAGE(decoded.ok, decoded.error.message);
    const json::ChatRequest& request = decoded.request;
    CHECK(request.messages[0].role == Role::user);
    CHECK(content_of(request, 0) == "hi");
    CHECK(request.tool_choice.kind == json::ToolChoice::Kind::none);
    CHECK(request.response_format.kind == json::ResponseFormat::Kind::json_object);
    CHECK(request.tools.size() == 1);
}
