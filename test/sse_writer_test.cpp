#include "json/sse_writer.h"

#include <doctest.h>
#include <simdjson.h>

#include <string>
#include <type_traits>
#include <vector>

using json::Delta;
using json::JsonText;

// A copy would write what the first one begins with.
static_assert(!std::is_copy_constructible_v<json::SseWriter>);
static_assert(!std::is_move_assignable_v<json::SseWriter>);

namespace {

constexpr json::AnswerHead head = {0x0123456789abcdef, 1750145000, JsonText::trusted("amazon-q")};

// The bytes before and after the part in which frames differ.
const std::string before =
    R"(data: {"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk",)"
    R"("created":1750145000,"model":"amazon-q","choices":[)";
const std::string after = R"(],"system_fingerprint":null,"service_tier":null})"
                          "\n\n";
const std::string after_with_usage =
    R"(],"system_fingerprint":null,"service_tier":null,"usage":null})"
    "\n\n";

// Each event of a stream must be one line of JSON.
void check_events(std::string_view events) {
    simdjson::dom::parser parser;
    while (!events.empty()) {
        size_t end = events.find("\n\n");
        REQUIRE(end != std::string_view::npos);
        std::string_view line = events.substr(0, end);
        REQUIRE(line.substr(0, 6) == "data: ");
        CHECK(line.find('\n') == std::string_view::npos);
        simdjson::dom::element root;
        std::string json(line.substr(6));
        CHECK_FALSE(parser.parse(json).get(root));
        events.remove_prefix(end + 2);
    }
}

// Writes into exactly the room that was asked for.
std::string written(const json::SseWriter& writer, Delta delta, uint32_t choice, bool first) {
    delta.choice = choice;
    size_t room = writer.bytes_max(delta);
    std::string out(room + 64, '#');
    char* end = writer.write(out.data(), delta, first);
    auto size = static_cast<size_t>(end - out.data());
    CHECK(size <= room);
    CHECK(out.substr(room) == std::string(64, '#'));
    out.resize(size);
    check_events(out);
    return out;
}

std::string frame(const Delta& delta, bool first = false, uint32_t choice = 0,
                  bool usage_requested = false) {
    json::SseWriter writer;
    writer.begin(head, usage_requested);
    return written(writer, delta, choice, first);
}

Delta piece(Delta::Kind kind, std::string_view text) {
    Delta delta;
    delta.kind = kind;
    delta.text = JsonText::trusted(text);
    return delta;
}

Delta finish(json::Finish reason) {
    Delta delta;
    delta.kind = Delta::Kind::finish;
    delta.finish = reason;
    return delta;
}

Delta tool_call(uint32_t index, std::string_view id, std::string_view name) {
    Delta delta;
    delta.kind = Delta::Kind::tool_call;
    delta.tool_index = index;
    delta.tool_id = JsonText::trusted(id);
    delta.tool_name = JsonText::trusted(name);
    return delta;
}

}  // namespace

TEST_CASE("SseWriter writes the role together with the first piece") {
    CHECK(frame(piece(Delta::Kind::text, "Hello"), true) ==
          before +
              R"({"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null})" +
              after);
}

TEST_CASE("SseWriter writes later pieces alone") {
    CHECK(frame(piece(Delta::Kind::text, "! How\\n\\\"x\\\"")) ==
          before + R"({"index":0,"delta":{"content":"! How\n\"x\""},"finish_reason":null})" +
              after);
}

TEST_CASE("SseWriter writes the previous server's example to the byte") {
    json::SseWriter writer;
    writer.begin({0xabc, 1750145000, JsonText::trusted("amazon-q")}, false);
    CHECK(written(writer, finish(json::Finish::stop), 0, false) ==
          R"(data: {"id":"chatcmpl-0000000000000abc","object":"chat.completion.chunk",)"
          R"("created":1750145000,"model":"amazon-q","choices":[{"index":0,"delta":{},)"
          R"("finish_reason":"stop"}],"system_fingerprint":null,"service_tier":null})"
          "\n\n");
}

TEST_CASE("SseWriter writes every digit of an id") {
    const std::string digits = "0123456789abcdef";
    for (uint64_t digit = 0; digit < 16; ++digit) {
        for (uint32_t at = 0; at < 16; ++at) {
            std::string id(16, '0');
            id[15 - at] = digits[digit];
            json::SseWriter writer;
            writer.begin({digit << 4 * at, 1, JsonText::trusted("m")}, false);
            CHECK(written(writer, piece(Delta::Kind::text, "x"), 0, false)
                      .starts_with("data: {\"id\":\"chatcmpl-" + id + "\","));
        }
    }
}

TEST_CASE("SseWriter writes the finish reason of every kind") {
    struct Case {
        json::Finish reason;
        const char* name;
    };
    for (const Case& c : {Case{json::Finish::stop, "stop"}, Case{json::Finish::length, "length"},
                          Case{json::Finish::tool_calls, "tool_calls"},
                          Case{json::Finish::content_filter, "content_filter"}}) {
        CHECK(frame(finish(c.reason)) ==
              before + R"({"index":0,"delta":{},"finish_reason":")" + c.name + "\"}" + after);
    }
}

TEST_CASE("SseWriter gives an empty reply its role") {
    CHECK(frame(finish(json::Finish::stop), true) ==
          before + R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null})" +
              after + before + R"({"index":0,"delta":{},"finish_reason":"stop"})" + after);
}

TEST_CASE("SseWriter writes reasoning") {
    CHECK(frame(piece(Delta::Kind::reasoning, "Hm"), true) ==
          before +
              R"({"index":0,"delta":{"role":"assistant","reasoning_content":"Hm"},)"
              R"("finish_reason":null})" +
              after);
    CHECK(frame(piece(Delta::Kind::reasoning, "Hm")) ==
          before + R"({"index":0,"delta":{"reasoning_content":"Hm"},"finish_reason":null})" +
              after);
}

TEST_CASE("SseWriter begins a tool call") {
    CHECK(frame(tool_call(0, "call_x", "f")) ==
          before +
              R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_x","type":"function",)"
              R"("function":{"name":"f","arguments":""}}]},"finish_reason":null})" +
              after);
    CHECK(frame(tool_call(4294967295, "call_y", "g\x7F"), true) ==
          before +
              R"({"index":0,"delta":{"role":"assistant","content":null,)"
              R"("tool_calls":[{"index":4294967295,"id":"call_y","type":"function",)"
              R"("function":{"name":"g\u007f","arguments":""}}]},"finish_reason":null})" +
              after);
}

TEST_CASE("SseWriter writes pieces of a tool call's arguments") {
    Delta delta = piece(Delta::Kind::tool_arguments, "{\\\"a\\\":");
    delta.tool_index = 12;
    CHECK(frame(delta) == before +
                              R"({"index":0,"delta":{"tool_calls":[{"index":12,)"
                              R"("function":{"arguments":"{\"a\":"}}]},"finish_reason":null})" +
                              after);
}

TEST_CASE("SseWriter writes the choice's index") {
    CHECK(frame(piece(Delta::Kind::text, "x"), false, 9) ==
          before + R"({"index":9,"delta":{"content":"x"},"finish_reason":null})" + after);
    CHECK(frame(finish(json::Finish::length), false, 3) ==
          before + R"({"index":3,"delta":{},"finish_reason":"length"})" + after);
    CHECK(frame(tool_call(1, "c", "f"), false, 7).find(R"([{"index":7,)") != std::string::npos);
}

TEST_CASE("SseWriter ends every chunk with a null usage when usage is requested") {
    CHECK(frame(piece(Delta::Kind::text, "x"), false, 0, true) ==
          before + R"({"index":0,"delta":{"content":"x"},"finish_reason":null})" +
              after_with_usage);
    CHECK(frame(finish(json::Finish::stop), false, 0, true) ==
          before + R"({"index":0,"delta":{},"finish_reason":"stop"})" + after_with_usage);
    CHECK(frame(tool_call(0, "c", "f"), false, 0, true).ends_with(after_with_usage));
}

TEST_CASE("SseWriter writes the usage chunk without a choice") {
    Delta delta;
    delta.kind = Delta::Kind::usage;
    delta.usage = {7, 35, -1, -1};
    CHECK(frame(delta, false, 0, true) ==
          before + R"(],"system_fingerprint":null,"service_tier":null,"usage":{"prompt_tokens":7,)"
                   R"("completion_tokens":35,"total_tokens":42,"completion_tokens_details":null,)"
                   R"("prompt_tokens_details":null}})"
                   "\n\n");
    delta.usage = {7, 35, 5, 0};
    CHECK(frame(delta, false, 0, true)
              .find(R"("completion_tokens_details":{"reasoning_tokens":0},)"
                    R"("prompt_tokens_details":{"cached_tokens":5}}})") != std::string::npos);
    constexpr int64_t huge = 4'000'000'000'000'000'000;
    delta.usage = {huge, huge, huge, huge};
    frame(delta, false, 0, true);
}

TEST_CASE("SseWriter writes nothing when there is nothing to say") {
    CHECK(frame(Delta(), true).empty());
    for (auto kind : {Delta::Kind::text, Delta::Kind::reasoning, Delta::Kind::tool_arguments}) {
        CHECK(frame(piece(kind, "")).empty());
        CHECK_FALSE(frame(piece(kind, ""), true).empty());
    }
}

TEST_CASE("SseWriter escapes line separators in text and in the model") {
    json::SseWriter writer;
    writer.begin({1, 2, JsonText::trusted("m\xE2\x80\xA8")}, false);
    std::string event = written(writer, piece(Delta::Kind::text, "a\xC2\x85"), 0, false);
    CHECK(event.find(R"("model":"m\u2028")") != std::string::npos);
    CHECK(event.find(R"("content":"a\u0085")") != std::string::npos);
}

TEST_CASE("SseWriter keeps within its room for the longest text") {
    for (const char* unit : {"\x7F", "\xE2\x80\xA8", "x"}) {
        std::string text;
        for (int i = 0; i < 100; ++i) text += unit;
        for (bool first : {false, true}) {
            frame(piece(Delta::Kind::text, text), first, 0, true);
            frame(piece(Delta::Kind::reasoning, text), first, 0, true);
            frame(piece(Delta::Kind::tool_arguments, text), first, 0, true);
            frame(tool_call(4294967295, text, text), first, 0, true);
        }
    }
}

TEST_CASE("SseWriter writes many pieces as it writes them one by one") {
    const std::string long_text(100, 'y');
    const char* texts[] = {"x",
                           " two",
                           "eight   ",
                           "sixteen bytes...",
                           "\x7F",
                           "\xE2\x80\xA8"
                           "z",
                           "a\\n\xC2\x85",
                           long_text.c_str()};
    for (const bool usage_requested : {false, true}) {
        json::SseWriter writer;
        writer.begin(head, usage_requested);
        std::vector<JsonText> pieces;
        std::string expected;
        for (const char* text : texts) {
            pieces.push_back(JsonText::trusted(text));
            expected += written(writer, piece(Delta::Kind::text, text), 0, false);
            const size_t room = writer.bytes_max(pieces);
            std::string out(room + 64, '#');
            const char* end = writer.write(out.data(), pieces);
            CHECK(out.substr(room) == std::string(64, '#'));
            CHECK(out.substr(0, static_cast<size_t>(end - out.data())) == expected);
        }
    }
}

TEST_CASE("SseWriter serves one stream after another") {
    json::SseWriter writer;
    const std::string long_name(3000, 'm');
    writer.begin(head, true);
    writer.begin({1, 2, JsonText::trusted(long_name)}, true);
    CHECK(written(writer, piece(Delta::Kind::text, "x"), 0, false).find(long_name) !=
          std::string::npos);
    writer.begin(head, false);
    CHECK(written(writer, piece(Delta::Kind::text, "x"), 0, false) ==
          frame(piece(Delta::Kind::text, "x")));
}

TEST_CASE("One writer serves streams in turn, whatever they have in common") {
    json::SseWriter shared;
    const Delta text = piece(Delta::Kind::text, "Hi");
    for (const uint64_t id : {1, 2}) {
        for (const int64_t created : {999, 1000, 999}) {
            for (const char* model : {"m", "a-longer-model", "n", ""}) {
                for (const bool usage_requested : {false, true, false}) {
                    const json::AnswerHead of = {id, created, JsonText::trusted(model)};
                    json::SseWriter own;
                    shared.begin(of, usage_requested);
                    own.begin(of, usage_requested);
                    CHECK(written(shared, text, 0, false) == written(own, text, 0, false));
                }
            }
        }
    }
}
