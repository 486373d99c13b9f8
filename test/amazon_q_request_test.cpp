#include "json/amazon_q_request.h"

#include <doctest.h>
#include <simdjson.h>

#include <string>

#include "amazon_q_rules.h"

using json::AmazonQRequestWriter;
using json::AmazonQSettings;

namespace {

// Decodes a request and writes it for the service.
class Translation {
public:
    explicit Translation(const std::string& request, AmazonQRequestWriter::Limits limits = {},
                         const AmazonQSettings& settings = AmazonQSettings()) {
        json::ChatDecoder decoder(json::ChatDecoder::Limits{});
        body_ = request + std::string(json::ChatDecoder::padding_bytes, ' ');
        REQUIRE(decoder.decode(std::string_view(body_).substr(0, request.size()), chat_, error));
        AmazonQRequestWriter writer(settings, limits);
        ok = writer.write(chat_, "claude-sonnet-4.5", "c-1", names, out, error);
        CHECK(ok == !out.empty());
        if (ok) {
            CAPTURE(out);
            CHECK(test::AmazonQRules().check(out) == "");
            CHECK(writer.prompt_bytes() <= out.size());
            REQUIRE(parser_.parse(out).get(root_) == simdjson::SUCCESS);
        }
    }

    // The value at a JSON pointer: text unescaped, anything else as JSON; "-" when absent.
    std::string at(const std::string& pointer) {
        simdjson::dom::element value;
        if (root_.at_pointer(pointer).get(value) != simdjson::SUCCESS) return "-";
        std::string_view text;
        if (value.get(text) == simdjson::SUCCESS) return std::string(text);
        return simdjson::minify(value);
    }

    std::string current(const std::string& pointer) {
        return at("/conversationState/currentMessage/userInputMessage" + pointer);
    }
    std::string user(int turn, const std::string& pointer) {
        return at("/conversationState/history/" + std::to_string(turn) + "/userInputMessage" +
                  pointer);
    }
    std::string assistant(int turn, const std::string& pointer) {
        return at("/conversationState/history/" + std::to_string(turn) +
                  "/assistantResponseMessage" + pointer);
    }

    bool ok = false;
    std::string out;
    json::ToolNames names;
    json::DecodeError error;

private:
    std::string body_;
    json::ChatRequest chat_;
    simdjson::dom::parser parser_;
    simdjson::dom::element root_;
};

std::string chat(const std::string& messages, const std::string& more = "") {
    return R"({"model":"m","messages":[)" + messages + "]" + more + "}";
}

std::string tools(const std::string& list) {
    return R"(,"tools":[)" + list + "]";
}

std::string tool(const std::string& name, const std::string& description = "d",
                 const std::string& parameters = R"({"type":"object","properties":{}})") {
    return R"({"type":"function","function":{"name":")" + name + R"(","description":")" +
           description + R"(","parameters":)" + parameters + "}}";
}

std::string call(const std::string& id, const std::string& name,
                 const std::string& arguments = "{}") {
    return R"({"id":")" + id + R"(","type":"function","function":{"name":")" + name +
           R"(","arguments":")" + arguments + R"("}})";
}

std::string calls(const std::string& list, const std::string& content = "null") {
    return R"({"role":"assistant","content":)" + content + R"(,"tool_calls":[)" + list + "]}";
}

std::string result(const std::string& id, const std::string& text) {
    return R"({"role":"tool","tool_call_id":")" + id + R"(","content":")" + text + R"("})";
}

std::string message(const std::string& role, const std::string& text) {
    return R"({"role":")" + role + R"(","content":")" + text + R"("})";
}

const std::string hello = message("user", "hello");
const std::string result_0 = "/userInputMessageContext/toolResults/0";

}  // namespace

TEST_CASE("a single message becomes the current message") {
    Translation t(chat(hello));
    CHECK(t.out == R"({"conversationState":{"chatTriggerType":"MANUAL","conversationId":"c-1",)"
                   R"("currentMessage":{"userInputMessage":{"content":"hello","origin":"CLI",)"
                   R"("modelId":"claude-sonnet-4.5"}}}})");
}

TEST_CASE("text is spliced with its escapes") {
    Translation t(chat(message("user", R"(a\"\u0041\n\ud800 é)")));
    CHECK(t.out.find(R"("content":"a\"\u0041\n\ufffd é")") != std::string::npos);
    Translation pairs(chat(message("user", R"(\uD83D\ude00\udE00\\ud800)")));
    CHECK(pairs.current("/content") == "\U0001F600\uFFFD\\ud800");
    Translation halves(
        chat(message("user", R"(\uDBff\udc00\udbFF\uDFff\udBff\uDbff\uDFFF\ud7ff\ue000)")));
    CHECK(halves.current("/content") == "\U0010FC00\U0010FFFF\uFFFD\U0010FFFF\uD7FF\uE000");
    Translation last(chat(message("user", R"(\ud800\\\udfff)")));
    CHECK(last.current("/content") == "\uFFFD\\\uFFFD");
}

TEST_CASE("R1: turns alternate and begin and end with a user's") {
    Translation t(chat(hello + "," + message("assistant", "hi") + "," + message("user", "bye")));
    CHECK(t.user(0, "/content") == "hello");
    CHECK(t.assistant(1, "/content") == "hi");
    CHECK(t.current("/content") == "bye");
    CHECK(t.user(0, "/modelId") == "-");
    Translation first(chat(message("assistant", "hi") + "," + hello));
    CHECK(first.user(0, "/content") == "(no text)");
    CHECK(first.assistant(1, "/content") == "hi");
}

TEST_CASE("R2: system and developer messages are text of the user at their place") {
    Translation t(chat(message("system", "S") + "," + message("developer", "D") + "," + hello +
                       "," + message("assistant", "hi") + "," + message("system", "later") + "," +
                       message("user", "bye")));
    CHECK(t.user(0, "/content") == "S\n\nD\n\nhello");
    CHECK(t.current("/content") == "later\n\nbye");
    CHECK(Translation(chat(message("system", "S"))).current("/content") == "S");
    Translation greeted(
        chat(message("system", "S") + "," + message("assistant", "hi") + "," + hello));
    CHECK(greeted.user(0, "/content") == "S");
}

TEST_CASE("R3: neighbours of the same side are merged") {
    const std::string more = call("a", "f") + "," + call("b", "f");
    Translation t(chat(hello + "," + message("user", "again") + "," + message("assistant", "one") +
                       "," + message("assistant", "") + "," + calls(more, "\"two\"") + "," +
                       result("a", "A") + "," + message("user", "between") + "," +
                       result("b", "B")));
    CHECK(t.user(0, "/content") == "hello\n\nagain");
    CHECK(t.assistant(1, "/content") == "one\n\ntwo");
    CHECK(t.assistant(1, "/toolUses/1/toolUseId") == "b");
    CHECK(t.current("/content") == "between");
    CHECK(t.current(result_0 + "/content/0/text") == "A");
    CHECK(t.current("/userInputMessageContext/toolResults/1/content/0/text") == "B");
    Translation parts(chat(R"({"role":"user","content":[{"type":"text","text":"a"},)"
                           R"({"type":"text","text":""},{"type":"text","text":"b"}]})"));
    CHECK(parts.current("/content") == "a\n\nb");
}

TEST_CASE("R4: tool messages become results of the next turn") {
    Translation t(chat(hello + "," + calls(call("a", "f")) + "," + result("a", "sunny\\n") + "," +
                           message("user", "and now?"),
                       tools(tool("f"))));
    CHECK(t.assistant(1, "/content") == " ");
    CHECK(t.current("/content") == "and now?");
    CHECK(t.current(result_0) ==
          R"({"toolUseId":"a","content":[{"text":"sunny\n"}],"status":"success"})");
    Translation parts(
        chat(hello + "," + calls(call("a", "f")) +
             R"(,{"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"x"},)"
             R"({"type":"text","text":"y"}]})"));
    CHECK(parts.current(result_0 + "/content") == R"([{"text":"x"},{"text":"y"}])");
    CHECK(parts.current("/content") == "(tool results)");
    Translation empty(chat(hello + "," + calls(call("a", "f")) + "," + result("a", "")));
    CHECK(empty.current(result_0 + "/content/0/text") == "(no output)");
}

TEST_CASE("R5: calls and results are paired") {
    SUBCASE("a missing result is a cancelled call") {
        Translation t(chat(hello + "," + calls(call("a", "f") + "," + call("b", "f")) + "," +
                           result("b", "B")));
        CHECK(t.current(result_0 + "/status") == "error");
        CHECK(t.current(result_0 + "/content/0/text") == "Tool use was cancelled by the user");
        CHECK(t.current("/userInputMessageContext/toolResults/1/content/0/text") == "B");
    }
    SUBCASE("calls at the end are cancelled") {
        Translation t(chat(hello + "," + calls(call("a", "f"))));
        CHECK(t.current(result_0 + "/status") == "error");
        CHECK(t.current("/content") == "(tool results)");
    }
    SUBCASE("an orphan becomes text") {
        Translation t(chat(result("x", "X") + "," + hello));
        CHECK(t.current("/content") == "Tool result:\n\nX\n\nhello");
        Translation late(chat(hello + "," + calls(call("a", "f")) + "," + message("user", "wait") +
                              "," + message("assistant", "ok") + "," + result("a", "late")));
        CHECK(late.user(2, result_0 + "/status") == "error");
        CHECK(late.current("/content") == "Tool result:\n\nlate");
    }
    SUBCASE("of several results the last one counts") {
        Translation t(chat(hello + "," + calls(call("a", "f")) + "," + result("a", "1") + "," +
                           result("a", "2")));
        CHECK(t.current(result_0 + "/content/0/text") == "2");
        CHECK(t.current("/userInputMessageContext/toolResults/1") == "-");
    }
    SUBCASE("ids used again or illegal are replaced, and still paired") {
        Translation t(chat(hello + "," + calls(call("a", "f")) + "," + result("a", "1") + "," +
                           calls(call("a", "f") + "," + call("x:1", "f") + "," + call("a", "f")) +
                           "," + result("x:1", "2") + "," + result("a", "3") + "," +
                           result("a", "4")));
        CHECK(t.assistant(1, "/toolUses/0/toolUseId") == "a");
        CHECK(t.assistant(3, "/toolUses/0/toolUseId") != "a");
        CHECK(t.current(result_0 + "/content/0/text") == "4");  // the one after the last match
        CHECK(t.current("/userInputMessageContext/toolResults/1/content/0/text") == "2");
        CHECK(t.current("/userInputMessageContext/toolResults/2/content/0/text") == "3");
    }
    SUBCASE("a made id does not meet a client's") {
        Translation t(
            chat(hello + "," +
                 calls(call("", "f") + "," + call("call_1", "f") + "," + call("call_2", "f"))));
        CHECK(t.ok);
    }
}

TEST_CASE("R6: content is never empty") {
    CHECK(Translation(chat(message("user", ""))).current("/content") == "(no text)");
    CHECK(Translation(chat(message("user", R"( \n\t)"))).current("/content") == "(no text)");
    CHECK(Translation(chat(R"({"role":"user","content":[]})")).current("/content") == "(no text)");
    Translation t(chat(message("user", "") + "," + message("assistant", "a") + "," + hello));
    CHECK(t.user(0, "/content") == "(no text)");
    Translation skipped(chat(hello + "," + R"({"role":"assistant","content":null})" + "," + hello));
    CHECK(skipped.current("/content") == "hello\n\nhello");
}

TEST_CASE("R7: tools of the history are declared") {
    Translation t(
        chat(hello + "," + calls(call("a", "gone")) + "," + result("a", "1"), tools(tool("f"))));
    CHECK(t.current("/userInputMessageContext/tools/0/toolSpecification/name") == "f");
    CHECK(t.current("/userInputMessageContext/tools/1/toolSpecification/name") == "gone");
    Translation none(chat(hello + "," + calls(call("a", "f")) + "," + result("a", "1"),
                          tools(tool("f") + "," + tool("g")) + R"(,"tool_choice":"none")"));
    CHECK(none.current("/userInputMessageContext/tools/0/toolSpecification/name") == "f");
    CHECK(none.current("/userInputMessageContext/tools/1") == "-");
    CHECK(none.current("/content") == "Do not call any tool in this answer.");
}

TEST_CASE("R8: names, descriptions and schemas are put in order") {
    const std::string long_name(80, 'n');
    Translation t(chat(hello, tools(tool("get.weather") + "," + tool("_x") + "," + tool(long_name) +
                                    "," + tool("a-b_1") + "," + tool("a-b_1", "again") + "," +
                                    tool("get_weather", R"( \n)"))));
    const auto name = [&](int i) {
        return t.current("/userInputMessageContext/tools/" + std::to_string(i) +
                         "/toolSpecification/name");
    };
    CHECK(name(0).starts_with("get_weather_"));
    CHECK(name(2).size() == 64);
    CHECK(name(3) == "a-b_1");
    CHECK(name(4) == "get_weather");
    CHECK(name(5) == "-");
    CHECK(t.current("/userInputMessageContext/tools/4/toolSpecification/description") ==
          "get_weather");
    const auto back = [&](int i) {
        const std::string sent = name(i);
        return std::string(t.names.to_client(json::JsonText::trusted(sent)).view());
    };
    CHECK(back(0) == "get.weather");
    CHECK(back(1) == "_x");
    CHECK(back(2) == long_name);
    CHECK(back(4) == "get_weather");
}

TEST_CASE("R8: what a long description goes on with is told as text") {
    const std::string description = std::string(9'999, 'd') + "\\u00e9 and the rest";
    Translation t(chat(message("system", "S") + "," + hello, tools(tool("f", description))));
    CHECK(t.current("/userInputMessageContext/tools/0/toolSpecification/description").size() ==
          9'999);
    CHECK(t.current("/content") ==
          "The description of the tool f goes on:\n\n\u00e9 and the rest\n\nS\n\nhello");
}

TEST_CASE("R8: schemas are tidied and nothing else is changed") {
    const auto schema = [](const std::string& parameters) {
        Translation t(
            chat(hello, tools(R"({"type":"function","function":{"name":"f","parameters":)" +
                              parameters + "}}")));
        return t.current("/userInputMessageContext/tools/0/toolSpecification/inputSchema/json");
    };
    CHECK(schema("null") == R"({"type":"object","properties":{}})");
    CHECK(schema("{}") == R"({"type":"object","properties":{}})");
    CHECK(schema(R"({"type":null,"properties":null,"required":null})") ==
          R"({"type":"object","properties":{}})");
    CHECK(
        schema(R"({"type":"object","required":[],"properties":{"required":{"type":"array","items":
        {"type":"object","required":[ ],"title":null}}},"additionalProperties":false})") ==
        R"({"type":"object","properties":{"required":{"type":"array","items":{"type":"object"}}},)"
        R"("additionalProperties":false})");
    CHECK(schema(R"({"properties":{"a":{"enum":[null,{"required":[]}],"default":null},"enum":
        {"type":["string","null"],"const":1.5}},"required":["a"]})") ==
          R"({"type":"object","properties":{"a":{"enum":[null,{"required":[]}],"default":null},)"
          R"("enum":{"type":["string","null"],"const":1.5}},"required":["a"]})");
}

TEST_CASE("R9: a prefill is followed by a user's message") {
    Translation t(chat(hello + "," + message("assistant", "Once upon")));
    CHECK(t.assistant(1, "/content") == "Once upon");
    CHECK(t.current("/content") == "Go on exactly where your last message ended.");
}

TEST_CASE("R10: arguments become an object") {
    const auto input = [](const std::string& arguments) {
        Translation t(
            chat(hello + "," + calls(call("a", "f", arguments)) + "," + result("a", "1")));
        return t.assistant(1, "/toolUses/0/input");
    };
    CHECK(input(R"({\"a\": \"b\\n\\u00e9\", \"n\": 1.50})") == R"({"a":"b\né","n":1.5})");
    CHECK(input("") == "{}");
    CHECK(input(R"(\n)") == "{}");
    CHECK(input("[1]") == R"({"raw_arguments":"[1]"})");
    CHECK(input(R"({\"a\":)") == R"({"raw_arguments":"{\"a\":"})");
    CHECK(input("plain text") == R"({"raw_arguments":"plain text"})");
    CHECK(input(R"({\"a\":\"\ud800\"})").starts_with(R"({"raw_arguments":)"));
}

TEST_CASE("R11: sizes are limited") {
    AmazonQRequestWriter::Limits limits;
    limits.history.turn_chars_max = 10;
    Translation fits(chat(message("user", R"(\u00e9\u00e9\u00e9\u00e9\u00e9ééééé)")), limits);
    CHECK(fits.ok);
    Translation t(chat(hello + "," + message("user", "hello again")), limits);
    CHECK(!t.ok);
    CHECK(t.error.code == "context_length_exceeded");
    CHECK(t.error.param == "messages[1]");
    CHECK(t.error.message.find("maximum context length") != std::string::npos);

    limits = {};
    limits.result_bytes_max = 8;
    Translation cut(chat(hello + "," + calls(call("a", "f")) + "," + result("a", "1234567\\u00e9")),
                    limits);
    CHECK(cut.current(result_0 + "/content/0/text") == "1234567");
    CHECK(cut.current(result_0 + "/content/1/text").starts_with("(the rest of this result"));

    limits = {};
    limits.history.turns_max = 2;
    const std::string pair = hello + "," + message("assistant", "a") + ",";
    CHECK(Translation(chat(pair + hello), limits).ok);
    Translation many(chat(pair + pair + hello), limits);
    CHECK(many.error.code == "context_length_exceeded");

    limits = {};
    limits.history.turn_calls_max = 1;
    Translation calling(chat(hello + "," + calls(call("a", "f") + "," + call("b", "f"))), limits);
    CHECK(calling.error.param == "messages[1].tool_calls");
}

TEST_CASE("images come from data URLs") {
    const auto image = [](const std::string& url) {
        return R"({"role":"user","content":[{"type":"image_url","image_url":{"url":")" + url +
               R"("}}]})";
    };
    Translation t(chat(image("data:image/jpg;base64,AA\\/+")));
    CHECK(t.current("/images/0") == R"({"format":"jpeg","source":{"bytes":"AA/+"}})");
    CHECK(t.current("/content") == "(image)");
    CHECK(Translation(chat(image("DATA:image/PNG;x=y;BASE64,AAA="))).current("/images/0/format") ==
          "png");
    CHECK(Translation(chat(image("data:image/webp;base64,AA-_A"))).ok == false);
    CHECK(Translation(chat(image("data:image/gif;base64,A-_\\nA AA")))
              .current("/images/0/source/bytes") == "A+/AAA==");

    const auto error = [&](const std::string& url) {
        return Translation(chat(hello + "," + image(url))).error;
    };
    CHECK(error("https://example.com/a.png").param == "messages[1].content[0].image_url.url");
    CHECK(error("https://example.com/a.png").message.find("data URLs only") != std::string::npos);
    CHECK(error("data:image/png,AAAA").message.find("no base64") != std::string::npos);
    CHECK(error("data:image/png;base64,").message.find("no base64") != std::string::npos);
    CHECK(error("data:image/png;base64,A~AA").message.find("no base64") != std::string::npos);
    CHECK(error("data:image/bmp;base64,AAAA").message.find("png, jpeg") != std::string::npos);
    CHECK(error("").message.find("data URLs only") != std::string::npos);

    AmazonQRequestWriter::Limits limits;
    limits.history.images_max = 1;
    Translation many(
        chat(image("data:image/png;base64,AAAA") + "," + image("data:image/png;base64,BBBB")),
        limits);
    CHECK(many.current("/content") == "(an earlier image was left out)");
    CHECK(many.current("/images/0/source/bytes") == "BBBB");
    CHECK(many.current("/images/1") == "-");
}

TEST_CASE("other parts are refused by name") {
    Translation audio(chat(R"({"role":"user","content":[{"type":"input_audio","input_audio":)"
                           R"({"data":"AAAA","format":"wav"}}]})"));
    CHECK(!audio.ok);
    CHECK(audio.error.param == "messages[0].content[0]");
    Translation file(chat(R"({"role":"user","content":[{"type":"file","file":{"file_id":"x"}}]})"));
    CHECK(!file.ok);
}

TEST_CASE("what the service has no member for is told to the model") {
    const std::string f = tools(tool("f.x"));
    CHECK(Translation(chat(hello, f + R"(,"tool_choice":"required")")).current("/content") ==
          "hello\n\nCall at least one tool in this answer.");
    CHECK(Translation(
              chat(hello, f + R"(,"tool_choice":{"type":"function","function":{"name":"f.x"}})"))
              .current("/content")
              .starts_with("hello\n\nCall the tool f_x_"));
    Translation unknown(
        chat(hello, f + R"(,"tool_choice":{"type":"function","function":{"name":"g"}})"));
    CHECK(unknown.error.param == "tool_choice");
    CHECK(Translation(chat(hello, f + R"(,"parallel_tool_calls":false)")).current("/content") ==
          "hello\n\nCall at most one tool in this answer.");
    CHECK(Translation(chat(hello, R"(,"response_format":{"type":"json_object"})"))
              .current("/content")
              .find("one JSON object") != std::string::npos);
    CHECK(Translation(chat(hello,
                           R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n",)"
                           R"("schema":{"type":"object","title":"é\n"}}})"))
              .current("/content")
              .ends_with(R"(JSON Schema:)"
                         "\n"
                         R"({"type":"object","title":"é\n"})"));
}

TEST_CASE("settings say what surrounds the conversation") {
    AmazonQSettings settings;
    settings.operation = AmazonQSettings::Operation::send_message;
    settings.origin = "AI_EDITOR";
    settings.reasoning = true;
    Translation t(chat(hello, R"(,"reasoning_effort":"minimal")"), {}, settings);
    CHECK(t.current("/origin") == "AI_EDITOR");
    CHECK(t.at("/source") == "CLI");
    CHECK(t.at("/additionalModelRequestFields/output_config/effort") == "low");
    Translation none(chat(hello, R"(,"reasoning_effort":"none")"), {}, settings);
    CHECK(none.at("/additionalModelRequestFields") == "-");
}
