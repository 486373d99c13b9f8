#include "json/completion.h"

#include <doctest.h>
#include <simdjson.h>

#include <string>
#include <vector>

using json::CollectedChoice;
using json::Delta;
using json::JsonText;

namespace {

Delta delta_of(Delta::Kind kind, std::string_view text = {}) {
    Delta delta;
    delta.kind = kind;
    delta.text = JsonText::trusted(text);
    return delta;
}

Delta call_of(std::string_view id, std::string_view name) {
    Delta delta = delta_of(Delta::Kind::tool_call);
    delta.tool_id = JsonText::trusted(id);
    delta.tool_name = JsonText::trusted(name);
    return delta;
}

Delta arguments_of(uint32_t index, std::string_view text) {
    Delta delta = delta_of(Delta::Kind::tool_arguments, text);
    delta.tool_index = index;
    return delta;
}

Delta finish_of(json::Finish finish) {
    Delta delta = delta_of(Delta::Kind::finish);
    delta.finish = finish;
    return delta;
}

CollectedChoice collected(const std::vector<Delta>& deltas) {
    CollectedChoice choice;
    for (const Delta& delta : deltas) choice.add(delta);
    return choice;
}

// Writes into exactly the room that was asked for.
std::string written(const json::CompletionWriter& writer,
                    const std::vector<CollectedChoice>& choices, json::Usage usage) {
    const size_t room = writer.bytes_max(choices);
    std::string out(room + 64, '#');
    const char* end = writer.write(out.data(), choices, usage);
    CHECK(out.substr(room) == std::string(64, '#'));
    out.resize(static_cast<size_t>(end - out.data()));
    return out;
}

std::string completion(const std::vector<CollectedChoice>& choices, json::Usage usage = {3, 4}) {
    json::CompletionWriter writer;
    writer.begin({0xabc, 1750145000, JsonText::trusted("amazon-q")});
    std::string out = written(writer, choices, usage);
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    CHECK_FALSE(parser.parse(out).get(root));
    return out;
}

std::string whole(std::string_view choices) {
    return R"({"id":"chatcmpl-0000000000000abc","object":"chat.completion","created":1750145000,)"
           R"("model":"amazon-q","choices":[)" +
           std::string(choices) +
           R"(],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,)"
           R"("completion_tokens_details":null,"prompt_tokens_details":null},)"
           R"("system_fingerprint":null,"service_tier":null,"prompt_logprobs":null,)"
           R"("kv_transfer_params":null})";
}

}  // namespace

TEST_CASE("CompletionWriter keeps the previous server's order of keys") {
    auto choice = collected({delta_of(Delta::Kind::begin), delta_of(Delta::Kind::text, "Hel"),
                             delta_of(Delta::Kind::text, "lo\\n"), finish_of(json::Finish::stop),
                             delta_of(Delta::Kind::usage)});
    CHECK(completion({choice}) ==
          whole(R"({"index":0,"message":{"role":"assistant","content":"Hello\n","refusal":null,)"
                R"("tool_calls":null,"function_call":null},"logprobs":null,)"
                R"("finish_reason":"stop"})"));
}

TEST_CASE("CompletionWriter writes tool calls, with null content when there is none") {
    auto choice = collected({call_of("call_1", "f"), arguments_of(0, "{\\\"a\\\""),
                             call_of("call_2", "g"), arguments_of(0, ":1}"), arguments_of(1, "{}"),
                             finish_of(json::Finish::tool_calls)});
    CHECK(completion({choice}) ==
          whole(R"({"index":0,"message":{"role":"assistant","content":null,"refusal":null,)"
                R"("tool_calls":[{"id":"call_1","type":"function","function":{"name":"f",)"
                R"("arguments":"{\"a\":1}"}},{"id":"call_2","type":"function",)"
                R"("function":{"name":"g","arguments":"{}"}}],"function_call":null},)"
                R"("logprobs":null,"finish_reason":"tool_calls"})"));
}

TEST_CASE("CompletionWriter keeps the text that precedes tool calls") {
    auto choice = collected({delta_of(Delta::Kind::text, "Let me see"), call_of("c", "f")});
    CHECK(completion({choice}).find(R"("content":"Let me see",)") != std::string::npos);
}

TEST_CASE("CompletionWriter takes empty text before tool calls for none") {
    auto choice = collected({delta_of(Delta::Kind::text), call_of("c", "f")});
    CHECK(completion({choice}).find(R"("content":null,)") != std::string::npos);
}

TEST_CASE("CollectedChoice counts its bytes and can be cleared") {
    auto choice =
        collected({delta_of(Delta::Kind::text, "12"), delta_of(Delta::Kind::reasoning, "345"),
                   call_of("c", "f"), arguments_of(0, "{}"), finish_of(json::Finish::tool_calls)});
    choice.clear();
    CHECK(choice.content.empty());
    CHECK(choice.calls.empty());
    CHECK(completion({choice}) == completion({CollectedChoice()}));
}

TEST_CASE("CompletionWriter writes an empty reply as an empty string") {
    auto choice = collected({finish_of(json::Finish::length)});
    CHECK(completion({choice}) ==
          whole(R"({"index":0,"message":{"role":"assistant","content":"","refusal":null,)"
                R"("tool_calls":null,"function_call":null},"logprobs":null,)"
                R"("finish_reason":"length"})"));
}

TEST_CASE("CompletionWriter mentions reasoning only when there is some") {
    auto choice =
        collected({delta_of(Delta::Kind::reasoning, "Hm"), delta_of(Delta::Kind::text, "x")});
    CHECK(completion({choice}).find(R"("content":"x","reasoning_content":"Hm","refusal":null)") !=
          std::string::npos);
}

TEST_CASE("CompletionWriter numbers its choices") {
    auto one = collected({delta_of(Delta::Kind::text, "1")});
    auto two = collected({delta_of(Delta::Kind::text, "2")});
    std::string out = completion({one, two});
    CHECK(out.find(R"([{"index":0,"message":{"role":"assistant","content":"1")") !=
          std::string::npos);
    CHECK(out.find(R"(},{"index":1,"message":{"role":"assistant","content":"2")") !=
          std::string::npos);
}

TEST_CASE("CompletionWriter writes known usage details") {
    std::string out = completion({collected({})}, {10, 5, 8, 2});
    CHECK(out.find(R"("usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,)"
                   R"("completion_tokens_details":{"reasoning_tokens":2},)"
                   R"("prompt_tokens_details":{"cached_tokens":8}})") != std::string::npos);
}

TEST_CASE("CompletionWriter escapes line separators") {
    auto choice = collected({delta_of(Delta::Kind::text, "a\xE2\x80\xA8"), call_of("c\x7F", "f"),
                             arguments_of(0, "\xC2\x85")});
    std::string out = completion({choice});
    CHECK(out.find(R"("content":"a\u2028")") != std::string::npos);
    CHECK(out.find(R"("id":"c\u007f")") != std::string::npos);
    CHECK(out.find(R"("arguments":"\u0085")") != std::string::npos);
}

TEST_CASE("CollectedChoice ignores arguments of a call that never began") {
    auto choice = collected({arguments_of(3, "x")});
    CHECK(choice.calls.empty());
}

TEST_CASE("CompletionWriter serves one answer after another") {
    json::CompletionWriter shared;
    const auto choice = collected({delta_of(Delta::Kind::text, "Hi")});
    for (const uint64_t id : {1, 2}) {
        for (const int64_t created : {999, 1000, 999}) {
            for (const char* model : {"m", "a-longer-model", "n\xE2\x80\xA8", ""}) {
                json::CompletionWriter own;
                shared.begin({id, created, JsonText::trusted(model)});
                own.begin({id, created, JsonText::trusted(model)});
                CHECK(written(shared, {choice}, {}) == written(own, {choice}, {}));
            }
        }
    }
    CHECK(written(shared, {}, {}).find(R"("model":"","choices":[],)") != std::string::npos);
}

TEST_CASE("CompletionWriter writes numbers of any length") {
    for (const int64_t count : {int64_t{0}, int64_t{9}, int64_t{10}, int64_t{99}, int64_t{100},
                                int64_t{1234567890}, int64_t{4} << 60}) {
        CHECK(completion({}, {count, 0}).find("\"prompt_tokens\":" + std::to_string(count) + ",") !=
              std::string::npos);
    }
}

TEST_CASE("CompletionWriter keeps within its room for the longest of everything") {
    const std::string text(1000, 'x');
    std::vector<Delta> deltas = {delta_of(Delta::Kind::text, text),
                                 delta_of(Delta::Kind::reasoning, text)};
    for (uint32_t i = 0; i < 20; ++i) {
        deltas.push_back(call_of(text, text));
        deltas.push_back(arguments_of(i, text));
    }
    deltas.push_back(finish_of(json::Finish::content_filter));
    const json::Usage usage = {int64_t{4} << 60, int64_t{3} << 60, int64_t{4} << 60,
                               int64_t{4} << 60};
    for (const size_t count : {0, 1, 10}) {
        completion(std::vector(count, collected(deltas)), usage);
    }
    completion(std::vector<CollectedChoice>(10), usage);
}
