#include "json/amazon_q_events.h"

#include <doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "event_frames.h"
#include "net/event_stream.h"

using json::AmazonQEvents;
using json::Delta;

namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

std::string word(json::Finish finish) {
    switch (finish) {
        case json::Finish::stop:
            return "stop";
        case json::Finish::length:
            return "length";
        case json::Finish::tool_calls:
            return "tool_calls";
        case json::Finish::content_filter:
            return "content_filter";
    }
    return {};
}

std::string line(const Delta& delta) {
    const std::string text(delta.text.view());
    const std::string index = std::to_string(delta.tool_index);
    switch (delta.kind) {
        case Delta::Kind::begin:
            return "begin";
        case Delta::Kind::text:
            return "text " + text;
        case Delta::Kind::reasoning:
            return "reasoning " + text;
        case Delta::Kind::tool_call:
            return "call " + index + " " + std::string(delta.tool_id.view()) + " " +
                   std::string(delta.tool_name.view());
        case Delta::Kind::tool_arguments:
            return "arguments " + index + " " + text;
        case Delta::Kind::finish:
            return "finish " + word(delta.finish);
        case Delta::Kind::usage:
            return "usage " + std::to_string(delta.usage.prompt_tokens) + " " +
                   std::to_string(delta.usage.completion_tokens) + " " +
                   std::to_string(delta.usage.cached_tokens);
    }
    return {};
}

// One answer: what its deltas say, one a line, with "malformed" or "empty" where it breaks off.
struct Answer {
    json::Reader reader{128};
    json::ToolNames names;
    AmazonQEvents events{reader, names, 400};
    std::string text;

    void drain() {
        for (Delta delta; events.next(delta);) text += line(delta) + "\n";
    }
    bool feed(std::string_view type, std::string_view payload) {
        // What is behind the payload does not matter.
        const std::string padded = std::string(payload) + std::string(64, '}');
        const bool ok = events.feed(type, std::string_view(padded).substr(0, payload.size()));
        if (!ok) text += "malformed\n";
        drain();
        return ok;
    }
    void end() {
        if (!events.end()) text += "empty " + events.fault() + "\n";
        drain();
    }
};

std::string answer(const Events& list) {
    Answer out;
    for (const auto& [type, payload] : list) {
        if (!out.feed(type, payload)) return out.text;
    }
    out.end();
    return out.text;
}

// The same by way of frames that come in pieces of `size` bytes.
std::string answer_framed(const Events& list, size_t size) {
    std::string bytes;
    for (const auto& [type, payload] : list) bytes += test::event_frame(type, payload);
    Answer out;
    net::EventStreamParser parser;
    net::Frame frame;
    std::string window;
    for (size_t at = 0; at < bytes.size(); at += size) {
        window += std::string_view(bytes).substr(at, size);
        while (parser.next(window, frame) == net::EventStreamParser::Status::frame) {
            if (!out.feed(frame.event_type, frame.payload)) return out.text;
            window.erase(0, frame.size);
        }
    }
    CHECK(window.empty());
    out.end();
    return out.text;
}

void check(const Events& list, const std::string& expected) {
    CHECK(answer(list) == expected);
    for (const size_t size : {1u, 7u, 100u, 100'000u}) CHECK(answer_framed(list, size) == expected);
}

std::pair<std::string, std::string> text(const std::string& content) {
    return {"assistantResponseEvent", R"({"content":")" + content + R"("})"};
}

std::pair<std::string, std::string> use(const std::string& members) {
    return {"toolUseEvent", "{" + members + "}"};
}

const std::string a = R"("toolUseId":"a","name":"f")";
const std::string b = R"("toolUseId":"b","name":"g")";
const std::string stop = R"(,"stop":true)";

std::string input(const std::string& fragment) {
    return R"(,"input":")" + fragment + '"';
}

}  // namespace

TEST_CASE("text is the same in every way to write its event") {
    for (const char* const payload :
         {R"({"content":"x = \"1\";\n"})", R"({"content":"x = \"1\";\n","modelId":"m"})",
          R"({"modelId":"m","content":"x = \"1\";\n"})", R"({"content" : "x = \"1\";\n"})",
          R"({"content":"y","content":"x = \"1\";\n"})", R"({"\u0063ontent":"x = \"1\";\n"})",
          R"({"content":"x = \"1\";\n","followupPrompt":{"content":"no"}})",
          R"({"content":"x = \"1\";\n","modelId":null})"}) {
        CAPTURE(payload);
        CHECK(answer({{"assistantResponseEvent", payload}}).starts_with(R"(text x = \"1\";\n)"));
    }
    CHECK(answer({{"assistantResponseEvent", R"({"content":"x","content":""})"}}) == "empty \n");
}

TEST_CASE("text is handed on still escaped, and nothing else is") {
    check({{"initial-response", R"({"conversationId":"c"})"},
           {"messageMetadataEvent", R"({"conversationId":"c","utteranceId":"u"})"},
           text(R"(Gr\u00fc\u00dfe \"\ud83d)"),
           text(""),
           {"codeEvent", R"({ "modelId" : "m" , "content" : "x = 1;\n" })"},
           {"contextUsageEvent", R"({"contextUsagePercentage":4.25})"},
           {"meteringEvent", R"({"usage":0.01,"unit":"credit"})"},
           {"someFutureEvent", "not JSON"}},
          "text Gr\\u00fc\\u00dfe \\\"\\ud83d\ntext x = 1;\\n\nfinish stop\nusage 100 8 -1\n");
}

TEST_CASE("identical neighbours are all kept") {
    check({text("\\n"), text("\\n"), text("1"), text("1")},
          "text \\n\ntext \\n\ntext 1\ntext 1\nfinish stop\nusage 100 2 -1\n");
}

TEST_CASE("reasoning is apart from text, and a signature is neither") {
    check({{"reasoningContentEvent", R"({"text":"hm"})"},
           {"reasoningContentEvent", R"({"signature":"c2ln"})"},
           {"reasoningContentEvent", R"({"redactedContent":"AAAA"})"},
           text("yes")},
          "reasoning hm\ntext yes\nfinish stop\nusage 100 2 -1\n");
}

TEST_CASE("a tool call comes in fragments, split anywhere") {
    check(
        {use(a), use(a + input(R"({\"ci)")), use(a + input(R"(ty\":\"Pa\\)")),
         use(a + input(R"(u00e9}\"})")), use(a + stop)},
        "call 0 a f\narguments 0 {\\\"ci\narguments 0 ty\\\":\\\"Pa\\\\\narguments 0 u00e9}\\\"}\n"
        "finish tool_calls\nusage 100 7 -1\n");
}

TEST_CASE("a tool call is the same in every way to write its events") {
    const Events flat = {use(a), use(a + input(R"({\"path\": )")), use(a + input(R"(\"x\"})")),
                         use(a + stop)};
    Events spaced;
    for (const auto& [type, payload] : flat) spaced.emplace_back(type, payload + " ");
    CHECK(answer(flat) == answer(spaced));
    check({use(a + input("{")), use(R"("input":"x","input":"}","toolUseId":"b","toolUseId":"a")"),
           use(a + stop)},
          "call 0 a f\narguments 0 {\narguments 0 }\nfinish tool_calls\nusage 100 1 -1\n");
}

TEST_CASE("a call without input has no arguments") {
    check({use(a), use(a + stop)},
          "call 0 a f\narguments 0 {}\nfinish tool_calls\nusage 100 0 -1\n");
    check({use(a), use(a + input("")), use(a + stop), use(a + stop)},
          "call 0 a f\narguments 0 {}\nfinish tool_calls\nusage 100 0 -1\n");
}

TEST_CASE("a call may come in one event, and its input as an object") {
    check({use(a + input(R"({\"x\":1})") + stop)},
          "call 0 a f\narguments 0 {\\\"x\\\":1}\nfinish tool_calls\nusage 100 3 -1\n");
    check({use(a + R"(,"input":{"x": "\"é"},"stop":true)")},
          "call 0 a f\narguments 0 {\\\"x\\\": \\\"\\\\\\\"é\\\"}\nfinish tool_calls\nusage 100 5 "
          "-1\n");
    check({use(a + stop)}, "call 0 a f\narguments 0 {}\nfinish tool_calls\nusage 100 0 -1\n");
}

TEST_CASE("a new call ends the one before it") {
    check({use(a), use(b), use(b + input("{}")), use(b + stop)},
          "call 0 a f\narguments 0 {}\ncall 1 b g\narguments 1 {}\nfinish tool_calls\nusage 100 1 "
          "-1\n");
    check({use(a + input(R"({\"x\")")), use(b + input("{}") + stop)},
          "call 0 a f\narguments 0 {\\\"x\\\"\ncall 1 b g\narguments 1 {}\nfinish length\nusage "
          "100 2 -1\n");
    check({use(a), use(b + stop)},
          "call 0 a f\narguments 0 {}\ncall 1 b g\narguments 1 {}\nfinish tool_calls\nusage 100 0 "
          "-1\n");
}

TEST_CASE("a call without an id gets one") {
    check({use(R"("name":"f")"), use(input("{}").substr(1)), use(R"("stop":true)")},
          "call 0 call_0 f\narguments 0 {}\nfinish tool_calls\nusage 100 1 -1\n");
}

TEST_CASE("a call that was cut ends the answer for its length") {
    check({text("x"), use(a)}, "text x\ncall 0 a f\nfinish length\nusage 100 1 -1\n");
    check({use(a + input(R"({\"x\":\"}")"))}, "malformed\n");
    check({use(a + input(R"({\"x\":\"}\")"))},
          "call 0 a f\narguments 0 {\\\"x\\\":\\\"}\\\"\nfinish length\nusage 100 3 -1\n");
    check({use(a + input(R"({\"x\":\"y)") + stop)},
          "call 0 a f\narguments 0 {\\\"x\\\":\\\"y\nfinish length\nusage 100 3 -1\n");
    check({use(a + input("{}") + stop), use(b + input("{"))},
          "call 0 a f\narguments 0 {}\ncall 1 b g\narguments 1 {\nfinish length\nusage 100 1 -1\n");
}

TEST_CASE("the stop reason and the counts of tokens are the service's") {
    const auto stopped = [](const std::string& reason) -> std::pair<std::string, std::string> {
        return {"metadataEvent", R"({"stopReason":")" + reason + R"("})"};
    };
    check({text("x"), stopped("END_TURN")}, "text x\nfinish stop\nusage 100 1 -1\n");
    check({text("x"), stopped("MAX_TOKENS")}, "text x\nfinish length\nusage 100 1 -1\n");
    check({text("x"), stopped("MODEL_CONTEXT_WINDOW_EXCEEDED")},
          "text x\nfinish length\nusage 100 1 -1\n");
    check({text("x"), stopped("CONTENT_FILTERED")},
          "text x\nfinish content_filter\nusage 100 1 -1\n");
    check({use(a + stop), stopped("TOOL_USE")},
          "call 0 a f\narguments 0 {}\nfinish tool_calls\nusage 100 0 -1\n");
    check({text("x"),
           {"metadataEvent",
            R"({"tokenUsage":{"uncachedInputTokens":7,"outputTokens":5,)"
            R"("totalTokens":42,"cacheReadInputTokens":20,"cacheWriteInputTokens":10,)"
            R"("contextUsagePercentage":1.5}})"}},
          "text x\nfinish stop\nusage 37 5 20\n");
    check({text("x"),
           {"metadataEvent", R"({"tokenUsage":{"uncachedInputTokens":7,"outputTokens":5}})"}},
          "text x\nfinish stop\nusage 7 5 -1\n");
    check({text("x"), {"metadataEvent", R"({"tokenUsage":null})"}},
          "text x\nfinish stop\nusage 100 1 -1\n");
}

TEST_CASE("no answer is not an answer") {
    check({}, "empty \n");
    check({{"meteringEvent", "{}"}, text("")}, "empty \n");
    check({{"invalidStateEvent", R"({"reason":"INVALID_TASK_ASSIST_PLAN","message":"no plan"})"}},
          "empty no plan\n");
    check({{"invalidStateEvent", R"({"reason":"R"})"}}, "empty R\n");
    check({{"invalidStateEvent", R"({"reason":"R"})"}, text("x")},
          "text x\nfinish stop\nusage 100 1 -1\n");
}

TEST_CASE("malformed payloads of known events are refused") {
    for (const std::string payload : {"", "[]", "{", R"({"content":"\x"})", R"({"content":"a"}})",
                                      "{\"content\":\"\xff\"}", R"({"content":"a",})"}) {
        for (const std::string type : {"assistantResponseEvent", "toolUseEvent", "metadataEvent",
                                       "reasoningContentEvent", "invalidStateEvent"}) {
            CAPTURE(type);
            CAPTURE(payload);
            CHECK(answer({{type, payload}}) == "malformed\n");
        }
    }
    CHECK(answer({{"assistantResponseEvent", R"({"content":7,"content":null})"}}) == "empty \n");
}

TEST_CASE("names of tools are the client's again") {
    Answer out;
    const std::string sent(out.names.to_service(json::JsonText::trusted("get.weather")));
    CHECK(out.feed("toolUseEvent", R"({"toolUseId":"a","name":")" + sent + R"("})"));
    CHECK(out.text == "call 0 a get.weather\n");
}

TEST_CASE("ArgumentsCheck tells whole objects from cut ones") {
    const auto check_text = [](const std::string& text, bool whole) {
        CAPTURE(text);
        json::ArgumentsCheck check;
        check.add(json::JsonText::trusted(text));
        CHECK(check.is_whole() == whole);
    };
    check_text("{}", true);
    check_text(R"( \n{\"a\":[1,{\"b\":\"}]\\\"\"}]} \t)", true);
    check_text(R"(\u007b\u0022a\u0022:\u0022\u005c\u0022\u0022\u007d)", true);
    check_text(R"({\"a\":\"\\\\\"})", true);
    check_text(R"({\"a\":\"\\\\\\\"})", false);
    check_text("{", false);
    check_text("{}{", false);
    check_text("[]", false);
    check_text(R"(\"a\")", false);
    check_text("", false);
    check_text(R"({\"a\":\"{[ x ]})", false);
    check_text(R"({\"a\":\"{[ x\"})", true);

    json::ArgumentsCheck pieces;
    for (const char* const piece : {R"({\"a)", "b", "", R"(\\)", R"(\")", "{", R"(\":1)", "}"}) {
        CHECK_FALSE(pieces.is_whole());
        pieces.add(json::JsonText::trusted(piece));
    }
    CHECK(pieces.is_whole());
}
