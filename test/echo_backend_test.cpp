#include "core/echo_backend.h"

#include <doctest.h>
#include <simdjson.h>

#include <span>
#include <string>
#include <vector>

#include "decoded.h"
#include "json/utf8.h"
#include "manual_clock.h"

using core::EchoBackend;
using core::EchoScript;
using core::Generation;
using core::Next;
using json::Delta;
using json::Finish;
using json::JsonText;
using net::Milliseconds;
using test::Decoded;
using test::ManualClock;

namespace {

struct Sleeper final : net::Task {
    void pump() override {}
};

// All that came out of a generation, until it waits.
struct Reply {
    std::string text;       // plain
    std::string reasoning;  // plain
    std::string tool, tool_id;
    std::string arguments;            // plain
    std::vector<std::string> pieces;  // of any text, escaped
    std::vector<Delta::Kind> kinds;
    Finish finish = Finish::stop;
    Next last = Next::delta;
};

struct Fixture {
    // Starts an answer to a body; the body's bytes live until the next one.
    std::unique_ptr<Generation> start(const std::string& body, std::string_view x_echo = {}) {
        const net::Field field{"X-Echo", x_echo};
        return start(body, std::span(&field, x_echo.empty() ? 0 : 1));
    }
    std::unique_ptr<Generation> start(const std::string& body, std::span<const net::Field> fields) {
        decoded = std::make_unique<Decoded>(body);
        REQUIRE(decoded->ok);
        net::Request request;
        request.fields = fields;
        return backend.start({decoded->request, request, net::Wakeup(ready, sleeper)}, failure);
    }
    std::unique_ptr<Generation> echo(std::string_view plain, std::string_view x_echo = {},
                                     bool is_stream = true) {
        std::string inside;
        json::escape(plain, inside);
        std::string body = R"({"model":"m","stream":)";
        body += is_stream ? "true" : "false";
        return start(body + R"(,"messages":[{"role":"user","content":")" + inside + "\"}]}",
                     x_echo);
    }

    static Reply drain(Generation& generation) {
        Reply reply;
        pull(generation, reply);
        return reply;
    }
    // Adds what comes until it waits or ends.
    static void pull(Generation& generation, Reply& reply) {
        Delta delta;
        while ((reply.last = generation.next(delta)) == Next::delta) {
            if (reply.kinds.empty() || reply.kinds.back() != delta.kind) {
                reply.kinds.push_back(delta.kind);
            }
            JsonText checked;
            CHECK(json::check(delta.text.view(), checked));
            switch (delta.kind) {
                case Delta::Kind::text:
                    delta.text.unescape(reply.text);
                    break;
                case Delta::Kind::reasoning:
                    delta.text.unescape(reply.reasoning);
                    break;
                case Delta::Kind::tool_call:
                    CHECK(delta.text.empty());
                    reply.tool = delta.tool_name.view();
                    reply.tool_id = delta.tool_id.view();
                    break;
                case Delta::Kind::tool_arguments:
                    delta.text.unescape(reply.arguments);
                    break;
                case Delta::Kind::finish:
                    CHECK(delta.text.empty());
                    reply.finish = delta.finish;
                    break;
                case Delta::Kind::begin:
                case Delta::Kind::usage:
                    break;
            }
            if (delta.kind != Delta::Kind::finish && !delta.text.empty()) {
                reply.pieces.emplace_back(delta.text.view());
            }
        }
    }
    void pass(Milliseconds duration) {
        ManualClock::pass(duration);
        timers.advance(ManualClock::now());
    }

    ManualClock clock;
    net::ReadyList ready;
    net::TimerWheel timers{ready, ManualClock::now()};
    Sleeper sleeper;
    EchoScript script;
    EchoBackend backend{timers, script, "echo", 1750145000};
    core::Failure failure;
    std::unique_ptr<Decoded> decoded;
};

std::string utf8(uint32_t point) {
    std::string text;
    const auto add = [&](uint32_t byte) { text += static_cast<char>(byte); };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xC0 | point >> 6);
        add(0x80 | (point & 63));
    } else if (point < 0x10000) {
        add(0xE0 | point >> 12);
        add(0x80 | (point >> 6 & 63));
        add(0x80 | (point & 63));
    } else {
        add(0xF0 | point >> 18);
        add(0x80 | (point >> 12 & 63));
        add(0x80 | (point >> 6 & 63));
        add(0x80 | (point & 63));
    }
    return text;
}

}  // namespace

TEST_CASE("EchoBackend answers with the message, word by word") {
    Fixture on;
    const auto generation = on.echo("Hello big  world");
    const Reply reply = on.drain(*generation);
    CHECK(reply.text == "Hello big  world");
    CHECK(reply.pieces == std::vector<std::string>{"Hello", " big", "  world"});
    CHECK(reply.kinds == std::vector{Delta::Kind::begin, Delta::Kind::text, Delta::Kind::finish});
    CHECK(reply.finish == Finish::stop);
    CHECK(reply.last == Next::end);
    CHECK(generation->usage().completion_tokens == 3);
    CHECK(generation->usage().prompt_tokens == 4);
}

TEST_CASE("EchoBackend gives every character back, byte for byte") {
    Fixture on;
    std::string all;
    for (uint32_t point = 0; point < 0x11000; ++point) {
        if (point >= 0xD800 && point < 0xE000) continue;
        all += utf8(point);
        if (point % 97 == 0) all += ' ';
    }
    for (const uint32_t point : {0x1F600u, 0x1F9D1u, 0xE0067u, 0x10FFFFu}) all += utf8(point);
    for (const bool is_stream : {true, false}) {
        const auto generation = on.echo(all, {}, is_stream);
        const Reply reply = on.drain(*generation);
        CHECK(reply.text == all);
        for (const std::string& piece : reply.pieces) {
            REQUIRE(json::find_bad_utf8(piece) == std::string::npos);
        }
    }
}

TEST_CASE("EchoBackend gives naughty texts back as they are") {
    Fixture on;
    for (const std::string text :
         {"",
          " ",
          "\n",
          "null",
          "\\",
          "\\\\",
          "\"",
          "\\\"",
          "\\u0000",
          "data: [DONE]\n\n",
          "\r\n\r\n",
          ": ping\n\n",
          "</script>",
          "'; DROP TABLE--",
          "%s%n",
          "{\"a\":1}",
          "\xEF\xBB\xBF"
          "bom",
          "a\xCC\x81\xCC\x81\xCC\x81",
          "\xE2\x80\xAE"
          "rtl",
          "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7",
          "\x7F"}) {
        CAPTURE(text);
        CHECK(on.drain(*on.echo(text)).text == text);
    }
    // A lone surrogate goes its way as the escape it is.
    const auto generation =
        on.start(R"({"model":"m","messages":[{"role":"user","content":"a\ud800b \udc00"}]})");
    std::string inside;
    for (const std::string& piece : on.drain(*generation).pieces) inside += piece;
    CHECK(inside == "a\\ud800b \\udc00");
}

TEST_CASE("EchoBackend repeats the text of the last user message, all parts of it") {
    Fixture on;
    const auto answer_to = [&](std::string_view messages) {
        return on.drain(*on.start(test::body_of(messages))).text;
    };
    CHECK(answer_to(R"([{"role":"user","content":"1"},{"role":"user","content":"2"}])") == "2");
    CHECK(answer_to(R"([{"role":"user","content":"1"},{"role":"assistant","content":"2"}])") ==
          "1");
    CHECK(answer_to(R"([{"role":"user","content":"1"},{"role":"assistant","content":null,)"
                    R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f",)"
                    R"("arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"2"}])") ==
          "1");
    CHECK(answer_to(R"([{"role":"system","content":"s"}])").empty());
    CHECK(answer_to(R"([{"role":"user","content":[{"type":"text","text":"a"},)"
                    R"({"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":""},)"
                    R"({"type":"text","text":"b\n"},{"type":"text","text":"c"}]}])") == "ab\nc");
    CHECK(answer_to(R"([{"role":"user","content":[]}])").empty());
}

TEST_CASE("An unstreamed echo comes in one piece, and counts the same tokens") {
    Fixture on;
    const auto generation = on.echo("one two three four", {}, false);
    const Reply reply = on.drain(*generation);
    CHECK(reply.pieces.size() == 1);
    CHECK(generation->usage().completion_tokens == 4);
}

TEST_CASE("What is at hand behind a piece is what it would have said one by one") {
    const char* scripts[] = {"",
                             "tokens=40",
                             "tokens=7; reasoning",
                             "error-after=5",
                             "error-after=40",
                             "stall-after=6",
                             "interval=1",
                             "tool=f"};
    for (const char* script : scripts) {
        for (const size_t room : {1, 3, 16, 100}) {
            CAPTURE(script);
            CAPTURE(room);
            Fixture on;
            const std::string plain = "one two  three\nfour five-and-twenty six ";
            const Reply expected = on.drain(*on.echo(plain, script));
            const auto generation = on.echo(plain, script);
            std::vector<JsonText> more(room);
            std::vector<std::string> pieces;
            Delta delta;
            Next last;
            while ((last = generation->next(delta)) == Next::delta) {
                if (delta.kind == Delta::Kind::finish || delta.kind == Delta::Kind::begin) continue;
                if (!delta.text.empty()) pieces.emplace_back(delta.text.view());
                if (delta.kind != Delta::Kind::text) continue;
                const size_t count = generation->more_text(more);
                for (size_t i = 0; i < count; ++i) pieces.emplace_back(more[i].view());
            }
            CHECK(last == expected.last);
            CHECK(pieces == expected.pieces);
            CHECK(generation->usage().completion_tokens == static_cast<int64_t>(pieces.size()));
        }
    }
}

TEST_CASE("tokens=N makes the reply N tokens long") {
    Fixture on;
    CHECK(on.drain(*on.echo("a b", "tokens=5")).text == "a b a b");
    CHECK(on.drain(*on.echo("a b", "tokens=6")).pieces.size() == 6);
    CHECK(on.drain(*on.echo("a b", "tokens=1")).text == "a");
    CHECK(on.drain(*on.echo("a b", "tokens=0")).text.empty());
    CHECK(on.drain(*on.echo("", "tokens=9")).text.empty());
    const auto generation = on.echo("word", "tokens=1000", false);
    CHECK(on.drain(*generation).pieces.size() == 1000);
    CHECK(generation->usage().completion_tokens == 1000);
}

TEST_CASE("tokens=N is about the text only") {
    Fixture on;
    for (const bool is_stream : {true, false}) {
        const Reply thought = on.drain(*on.echo("a b c", "reasoning; tokens=2", is_stream));
        CHECK(thought.reasoning == "a b c");
        CHECK(thought.text == "a b");
        const auto longer = on.echo("a b", "reasoning; tokens=5", is_stream);
        const Reply reply = on.drain(*longer);
        CHECK(reply.reasoning == "a b");
        CHECK(reply.text == "a b a b");
        CHECK(longer->usage().completion_tokens == 2 + 5);
        CHECK(on.drain(*on.echo("a b c", "tool=f; tokens=2", is_stream)).arguments ==
              R"({"text":"a b c"})");
        CHECK(on.drain(*on.echo(R"({"a": 1, "b": 2})", "tool=f; tokens=1", is_stream)).arguments ==
              R"({"a": 1, "b": 2})");
    }
}

TEST_CASE("A prompt's tokens are those of its text") {
    Fixture on;
    const std::string url(4000, 'u');
    const auto generation = on.start(test::body_of(
        R"([{"role":"user","content":[{"type":"text","text":"12345678"},)"
        R"({"type":"image_url","image_url":{"url":")" +
        url + R"("}},{"type":"input_audio","input_audio":{"data":")" + url +
        R"(","format":"wav"}},{"type":"file","file":{"file_data":")" + url + R"("}}]}])"));
    CHECK(generation->usage().prompt_tokens == 2);
}

TEST_CASE("reasoning comes first, and is the message too") {
    Fixture on;
    const Reply reply = on.drain(*on.echo("a b", "reasoning"));
    CHECK(reply.reasoning == "a b");
    CHECK(reply.text == "a b");
    CHECK(reply.kinds == std::vector{Delta::Kind::begin, Delta::Kind::reasoning, Delta::Kind::text,
                                     Delta::Kind::finish});
}

TEST_CASE("tool=NAME answers with a call; its arguments are JSON whatever the message is") {
    Fixture on;
    simdjson::dom::parser parser;
    for (const std::string text : {"hello \"you\"\n", "", "[1,2]", "{broken", "{\"a\":1} x"}) {
        const Reply reply = on.drain(*on.echo(text, "tool=my_tool"));
        CHECK(reply.text.empty());
        CHECK(reply.tool == "my_tool");
        CHECK(reply.tool_id.starts_with("call_"));
        CHECK(reply.finish == Finish::tool_calls);
        simdjson::dom::element root;
        CAPTURE(reply.arguments);
        REQUIRE_FALSE(parser.parse(reply.arguments).get(root));
        std::string_view inside;
        REQUIRE_FALSE(root["text"].get(inside));
        CHECK(inside == text);
    }
    const std::string object = "{\"city\": \"K\xC3\xB6ln\", \"n\": [1, 2]}";
    CHECK(on.drain(*on.echo(object, "tool=f")).arguments == object);
    CHECK(on.drain(*on.echo("a", "tool=f")).tool_id != on.drain(*on.echo("a", "tool=f")).tool_id);
}

TEST_CASE("After a tool's result the message is answered as text") {
    Fixture on;
    const auto generation = on.start(
        R"({"model":"m","messages":[{"role":"user","content":"ask"},{"role":"assistant",)"
        R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
        R"({"role":"tool","tool_call_id":"c","content":"result"}]})",
        "tool=f");
    const Reply reply = on.drain(*generation);
    CHECK(reply.tool.empty());
    CHECK(reply.text == "ask");
    CHECK(reply.finish == Finish::stop);
}

TEST_CASE("A call after reasoning begins with nothing of it in its arguments") {
    Fixture on;
    const Reply reply = on.drain(*on.echo("{\"a\": 1}", "reasoning; tool=f"));
    CHECK(reply.reasoning == "{\"a\": 1}");
    CHECK(reply.arguments == "{\"a\": 1}");
}

TEST_CASE("delay and interval pace the tokens by the clock") {
    Fixture on;
    const auto generation = on.echo("a b c", "delay=100; interval=20");
    Reply reply;
    on.pull(*generation, reply);
    CHECK(reply.last == Next::wait);
    CHECK(reply.text.empty());
    CHECK(generation->deadline() == ManualClock::now() + Milliseconds(100));
    on.pass(Milliseconds(99));
    on.pull(*generation, reply);
    CHECK(reply.text.empty());
    on.pass(Milliseconds(1));
    on.pull(*generation, reply);
    CHECK(reply.text == "a");
    CHECK(generation->deadline() == ManualClock::now() + Milliseconds(20));
    on.pass(Milliseconds(19));
    on.pull(*generation, reply);
    CHECK(reply.text == "a");
    // Whoever comes late is not slowed down for it.
    on.pass(Milliseconds(100));
    on.pull(*generation, reply);
    CHECK(reply.text == "a b c");
    CHECK(reply.last == Next::end);
}

TEST_CASE("error=STATUS fails before the first byte") {
    Fixture on;
    for (const int status : {400, 429, 500, 503, 599}) {
        const auto generation = on.echo("a", "error=" + std::to_string(status));
        const Reply reply = on.drain(*generation);
        CHECK(reply.last == Next::failed);
        CHECK(reply.kinds.empty());
        CHECK(generation->failure().status == status);
        CHECK_FALSE(generation->failure().message.empty());
    }
    const auto late = on.echo("a", "error=500; delay=50");
    CHECK(on.drain(*late).last == Next::wait);
    on.pass(Milliseconds(50));
    CHECK(on.drain(*late).last == Next::failed);
}

TEST_CASE("error-after=N fails after N tokens") {
    Fixture on;
    for (const bool is_stream : {true, false}) {
        const Reply reply = on.drain(*on.echo("a b c", "error-after=2", is_stream));
        CHECK(reply.text == "a b");
        CHECK(reply.last == Next::failed);
        CHECK(on.drain(*on.echo("a b c", "error-after=0", is_stream)).text.empty());
        CHECK(on.drain(*on.echo("a b c", "error-after=3", is_stream)).last == Next::failed);
        CHECK(on.drain(*on.echo("a b c", "error-after=4", is_stream)).last == Next::end);
    }
}

TEST_CASE("stall-after=N falls silent after N tokens, for ever") {
    Fixture on;
    const auto generation = on.echo("a b c", "stall-after=1; interval=5");
    on.pass(Milliseconds(1000));
    Reply reply;
    for (int i = 0; i < 3; ++i) {
        on.pull(*generation, reply);
        CHECK(reply.last == Next::wait);
        CHECK(reply.text == "a");
        CHECK(generation->deadline() == net::TimePoint::max());
        on.pass(std::chrono::hours(1));
    }
}

TEST_CASE("The x-echo field adds to the server's own script, for one request") {
    Fixture on;
    on.script.tokens = 2;
    CHECK(on.drain(*on.echo("a b c")).text == "a b");
    CHECK(on.drain(*on.echo("a b c", "reasoning")).text == "a b");
    CHECK(on.drain(*on.echo("a b c", "tokens=1")).text == "a");
    CHECK(on.drain(*on.echo("a b c")).text == "a b");
}

TEST_CASE("Several x-echo fields are one list") {
    Fixture on;
    const net::Field fields[] = {
        {"X-Echo", "tokens=3"}, {"Host", "x"}, {"x-echo", ""}, {"x-echo", "reasoning; tokens=1"}};
    const Reply reply = on.drain(*on.start(test::body_with(""), fields));
    CHECK(reply.reasoning == "hi");
    CHECK(reply.text == "hi");
    const net::Field wrong[] = {{"x-echo", "tokens=3"}, {"x-echo", "nonsense"}};
    CHECK(on.start(test::body_with(""), wrong) == nullptr);
    CHECK(on.failure.message.find("nonsense") != std::string::npos);
}

TEST_CASE("A wrong x-echo field is the client's error") {
    Fixture on;
    CHECK(on.echo("a", "nonsense=1") == nullptr);
    CHECK(on.failure.status == 400);
    CHECK(on.failure.type == "invalid_request_error");
    CHECK(on.failure.message.find("nonsense") != std::string::npos);
}

TEST_CASE("What is set aside outlives the request, at every point of the answer") {
    for (const char* script :
         {"interval=1", "interval=1; reasoning", "interval=1; tokens=5", "interval=1; tool=f",
          "interval=1; reasoning; tokens=7", "interval=1; reasoning; tool=f",
          "interval=1; delay=3; error-after=3"}) {
        for (int turns = 0; turns < 12; ++turns) {
            Fixture on;
            const auto whole = on.echo("one \\ two three", script);
            Reply expected;
            for (int i = 0; i < 20; ++i, on.pass(Milliseconds(1))) on.pull(*whole, expected);

            auto generation = on.echo("one \\ two three", script);
            Reply reply;
            for (int i = 0; i < turns; ++i, on.pass(Milliseconds(1))) on.pull(*generation, reply);
            if (reply.last == Next::end || reply.last == Next::failed) break;
            generation->set_aside();
            // The request goes, and something else takes its place.
            std::fill(on.decoded->body.begin(), on.decoded->body.end(), '#');
            on.decoded.reset();
            for (int i = 0; i < 20 && reply.last != Next::end && reply.last != Next::failed; ++i) {
                on.pull(*generation, reply);
                on.pass(Milliseconds(1));
            }
            CAPTURE(script);
            CAPTURE(turns);
            CHECK(reply.text == expected.text);
            CHECK(reply.reasoning == expected.reasoning);
            CHECK(reply.arguments == expected.arguments);
            CHECK(reply.kinds == expected.kinds);
        }
    }
}

TEST_CASE("EchoBackend answers to its own name and to the previous server's") {
    Fixture on;
    REQUIRE(on.backend.models().size() == 2);
    CHECK(on.backend.models()[0].id == "echo");
    CHECK(on.backend.models()[1].id == "amazon-q");
    CHECK(on.backend.models()[0].created == 1750145000);
    EchoBackend same(on.timers, on.script, "amazon-q", 1);
    CHECK(same.models().size() == 1);
    CHECK(on.backend.name() == "echo");
    CHECK(on.backend.choices_max() == 8);
}
