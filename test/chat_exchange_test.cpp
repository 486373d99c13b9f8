// ChatExchange without a socket: scripted generations, and a responder that gives as much room as
// the test wants.

#include "core/chat_exchange.h"

#include <doctest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "core/choices.h"
#include "core/text_limits.h"
#include "fake_generation.h"
#include "fake_responder.h"
#include "manual_clock.h"

using core::ChatExchange;
using core::Choices;
using json::Delta;
using json::Finish;
using json::JsonText;
using net::Milliseconds;
using net::Progress;
using test::FakeGeneration;
using test::FakeRecord;
using test::FakeResponder;
using test::ManualClock;

using Script = FakeGeneration::Script;
using Generations = std::vector<std::unique_ptr<core::Generation>>;

namespace {

struct Fixture {
    std::unique_ptr<ChatExchange> open(const std::vector<Script>& scripts) {
        Generations choices;
        for (const Script& script : scripts) {
            choices.push_back(std::make_unique<FakeGeneration>(script, record, usage));
        }
        return open(std::move(choices));
    }
    // As the router does it: one choice needs nobody to hold it.
    std::unique_ptr<ChatExchange> open(Generations choices) {
        setup.choices = static_cast<uint8_t>(choices.size());
        auto generation = choices.size() == 1 ? std::move(choices[0])
                                              : std::make_unique<Choices>(std::move(choices));
        return std::make_unique<ChatExchange>(services, setup, std::move(generation));
    }

    // Pumps until the exchange has finished, with `limit` bytes of room a turn.
    Progress run(net::Exchange& exchange, FakeResponder& out, size_t limit = 1 << 30) {
        for (int turn = 0; turn < 10'000; ++turn) {
            const Progress progress = out.pump(exchange, limit);
            if (progress != Progress::waiting && progress != Progress::more) return progress;
        }
        FAIL("the exchange does not end");
        return Progress::waiting;
    }
    std::string answer_of(const std::vector<Script>& scripts, size_t limit = 1 << 30) {
        const auto exchange = open(scripts);
        FakeResponder out;
        CHECK(run(*exchange, out, limit) == Progress::finished);
        CHECK(out.complaints == 0);
        return out.all;
    }
    void pass(Milliseconds duration) {
        ManualClock::pass(duration);
        timers.advance(ManualClock::now());
    }

    ManualClock clock;
    net::ReadyList ready;
    net::TimerWheel timers{ready, ManualClock::now()};
    core::Limits limits;
    core::Metrics metrics;
    net::Log log{timers, net::LogLevel::error, net::LogFormat::text};
    core::ChatServices services{timers, limits, metrics, log};
    FakeRecord record;
    json::Usage usage{7, 3, -1, -1};
    ChatExchange::Setup setup{{0xABC, 1750145000, JsonText::trusted("m")}, true, true, false};
};

// The JSON texts of a stream's events; the stream must consist of events and comments only.
std::vector<std::string> events_of(std::string_view stream) {
    std::vector<std::string> events;
    while (!stream.empty()) {
        const size_t end = stream.find("\n\n");
        REQUIRE(end != std::string_view::npos);
        const std::string_view event = stream.substr(0, end);
        stream.remove_prefix(end + 2);
        if (event.starts_with(":")) continue;
        REQUIRE(event.starts_with("data: "));
        REQUIRE(event.find('\n') == std::string_view::npos);
        events.emplace_back(event.substr(6));
    }
    return events;
}

// Of one choice in a stream.
struct Told {
    std::string content;
    std::string finish;
    int roles = 0;
    int events = 0;
    bool operator==(const Told&) const = default;
};

std::vector<Told> told_in(std::string_view stream, size_t choices) {
    std::vector<Told> told(choices);
    simdjson::dom::parser parser;
    const std::vector<std::string> events = events_of(stream);
    REQUIRE_FALSE(events.empty());
    CHECK(events.back() == "[DONE]");
    for (size_t i = 0; i + 1 < events.size(); ++i) {
        simdjson::dom::element root;
        REQUIRE_FALSE(parser.parse(events[i]).get(root));
        int64_t index = -1;
        if (root.at_pointer("/choices/0/index").get(index)) continue;
        Told& of = told.at(static_cast<size_t>(index));
        CHECK(of.finish.empty());  // nothing behind a choice's finish
        ++of.events;
        std::string_view text;
        if (!root.at_pointer("/choices/0/delta/content").get(text)) of.content += text;
        if (!root.at_pointer("/choices/0/delta/role").get(text)) ++of.roles;
        if (!root.at_pointer("/choices/0/finish_reason").get(text)) of.finish = text;
    }
    return told;
}

std::string without_pings(std::string text) {
    const std::string ping(json::SseWriter::ping);
    for (size_t at; (at = text.find(ping)) != std::string::npos;) text.erase(at, ping.size());
    return text;
}

size_t count_of(std::string_view text, std::string_view part) {
    size_t count = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; ++at) ++count;
    return count;
}

Script with_waits(const Script& script, uint32_t where) {
    Script with;
    for (size_t i = 0; i < script.size(); ++i) {
        if (where >> i & 1) with.push_back(test::wait());
        with.push_back(script[i]);
    }
    if (where >> script.size() & 1) with.push_back(test::wait());
    return with;
}

const Script hello = {test::begin(), test::text("Hel"), test::text("lo"), test::finish()};

}  // namespace

TEST_CASE("A stream begins with its head, and ends with [DONE]") {
    Fixture on;
    const auto exchange = on.open({hello});
    FakeResponder out;
    CHECK(on.run(*exchange, out) == Progress::finished);
    REQUIRE(out.head);
    CHECK(out.head->status == 200);
    CHECK(out.head->content_type == "text/event-stream; charset=utf-8");
    CHECK(out.head->content_length == net::ResponseHead::stream);
    for (const char* field : {"Cache-Control: no-cache\r\n", "X-Accel-Buffering: no\r\n",
                              "Access-Control-Allow-Origin: *\r\n"}) {
        CHECK(out.head->fields.find(field) != std::string::npos);
    }
    const std::string before =
        R"(data: {"id":"chatcmpl-0000000000000abc","object":"chat.completion.chunk",)"
        R"("created":1750145000,"model":"m","choices":[{"index":0,"delta":)";
    const std::string after = R"(}],"system_fingerprint":null,"service_tier":null})"
                              "\n\n";
    CHECK(out.all == before + R"({"role":"assistant","content":"Hel"},"finish_reason":null)" +
                         after + before + R"({"content":"lo"},"finish_reason":null)" + after +
                         before + R"({},"finish_reason":"stop")" + after + "data: [DONE]\n\n");
    CHECK(on.record.alive == 0);
}

TEST_CASE("The bytes of a stream do not depend on room and readiness") {
    Fixture on;
    on.setup.includes_usage = true;
    Script script = {
        test::begin(),        test::reasoning("hm"),      test::text("a\\n"),
        test::tool_call("f"), test::tool_arguments("{}"), test::finish(Finish::tool_calls)};
    const std::string expected = on.answer_of({script});
    for (uint32_t where = 0; where < 1u << (script.size() + 1); ++where) {
        const Script waiting = with_waits(script, where);
        // Room: for one event a turn, for about two, for all; and by turns.
        for (const size_t limit : {size_t{1}, size_t{300}, size_t{1} << 30}) {
            REQUIRE(on.answer_of({waiting}, limit) == expected);
        }
        for (uint32_t pattern = 1; pattern < 32; ++pattern) {
            const auto exchange = on.open({waiting});
            FakeResponder out;
            Progress progress = Progress::waiting;
            for (uint32_t turn = 0; progress == Progress::waiting; ++turn) {
                REQUIRE(turn < 100);
                progress = out.pump(*exchange, pattern >> (turn % 5) & 1 ? 1 : 1 << 30);
                if (turn == 0 && progress == Progress::waiting) exchange->set_aside();
            }
            REQUIRE(out.all == expected);
            REQUIRE(out.complaints == 0);
        }
    }
    CHECK(on.record.complaints == 0);
    CHECK(on.record.alive == 0);
}

TEST_CASE("No choice of several waits for another, whatever they do") {
    Fixture on;
    const Script first = {test::begin(), test::text("one"), test::finish()};
    const Script second = {test::begin(), test::text("t"), test::text("wo"),
                           test::finish(Finish::length)};
    const std::vector<Told> expected = told_in(on.answer_of({first, second}), 2);
    CHECK(expected[0].content == "one");
    CHECK(expected[1].content == "two");
    CHECK(expected[1].finish == "length");
    for (uint32_t a = 0; a < 1u << (first.size() + 1); ++a) {
        for (uint32_t b = 0; b < 1u << (second.size() + 1); ++b) {
            for (const size_t limit : {size_t{1}, size_t{300}, size_t{1} << 30}) {
                const std::string stream =
                    on.answer_of({with_waits(first, a), with_waits(second, b)}, limit);
                REQUIRE(told_in(stream, 2) == expected);
            }
        }
    }
    for (const Told& told : expected) CHECK(told.roles == 1);
    CHECK(on.record.complaints == 0);
    CHECK(on.record.alive == 0);
}

TEST_CASE("One choice may end long before the others, and one may wait for ever") {
    Fixture on;
    const Script slow = {test::begin(), test::wait(), test::wait(), test::text("slow"),
                         test::wait(),  test::wait(), test::wait(), test::finish()};
    const std::vector<Told> told =
        told_in(on.answer_of({hello, slow, {test::finish()}, slow, hello}), 5);
    CHECK(told[0].content == "Hello");
    CHECK(told[1].content == "slow");
    CHECK(told[2].content.empty());
    CHECK(told[2].roles == 1);
    CHECK(told[4].content == "Hello");

    const auto exchange = on.open({hello, Script(1000, test::wait())});
    FakeResponder out;
    for (int turn = 0; turn < 20; ++turn) REQUIRE(out.pump(*exchange) == Progress::waiting);
    CHECK(count_of(out.all, "\"finish_reason\":\"stop\"") == 1);
    CHECK(on.record.complaints == 0);
}

TEST_CASE("Generations behind limits keep to the contract when room is short") {
    Fixture on;
    json::ChatRequest chat;
    chat.max_tokens = 2;
    chat.stop.push_back(JsonText::trusted("STOP"));
    for (const size_t limit : {size_t{1}, size_t{300}, size_t{1} << 30}) {
        for (uint32_t where = 0; where < 128; ++where) {
            const Script script =
                with_waits({test::begin(), test::text("ab", 1), test::text("cST", 1),
                            test::text("xx", 1), test::text("yy", 1), test::finish()},
                           where);
            Generations choices;
            for (int i = 0; i < 2; ++i) {
                choices.push_back(std::make_unique<core::TextLimits>(
                    std::make_unique<FakeGeneration>(script, on.record, on.usage), chat));
            }
            const auto exchange = on.open(std::move(choices));
            FakeResponder out;
            REQUIRE(on.run(*exchange, out, limit) == Progress::finished);
            for (const Told& told : told_in(out.all, 2)) {
                REQUIRE(told.content == "abcST");
                REQUIRE(told.finish == "length");
            }
        }
    }
    CHECK(on.record.complaints == 0);
    CHECK(on.record.alive == 0);
}

TEST_CASE("Usage is told in a chunk of its own, when asked for") {
    Fixture on;
    CHECK(on.answer_of({hello}).find("usage") == std::string::npos);
    on.setup.includes_usage = true;
    on.usage = {7, 3, 2, 1};
    const std::string stream = on.answer_of({hello, hello});
    const std::vector<std::string> events = events_of(stream);
    simdjson::dom::parser parser;
    simdjson::dom::element last;
    REQUIRE_FALSE(parser.parse(events[events.size() - 2]).get(last));
    const auto number_at = [&](const char* pointer) {
        int64_t number = -1;
        CHECK_FALSE(last.at_pointer(pointer).get(number));
        return number;
    };
    // The prompt is shared, the completions are not.
    CHECK(number_at("/usage/prompt_tokens") == 7);
    CHECK(number_at("/usage/completion_tokens") == 6);
    CHECK(number_at("/usage/total_tokens") == 13);
    CHECK(number_at("/usage/prompt_tokens_details/cached_tokens") == 2);
    CHECK(number_at("/usage/completion_tokens_details/reasoning_tokens") == 2);
    simdjson::dom::array choices;
    REQUIRE_FALSE(last["choices"].get(choices));
    CHECK(choices.size() == 0);
    for (size_t i = 0; i + 2 < events.size(); ++i) CHECK(events[i].ends_with("\"usage\":null}"));
}

TEST_CASE("An unstreamed answer is one object, whatever room there is") {
    Fixture on;
    on.setup.is_stream = false;
    const std::string text(5000, 'x');
    Script script = {test::begin(), test::text(text), test::text("end"), test::finish()};
    const std::string expected = on.answer_of({script});
    CHECK(expected.find("\"content\":\"" + text + "end\"") != std::string::npos);
    CHECK(expected.find(R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,)") !=
          std::string::npos);
    for (const size_t limit : {size_t{1}, size_t{100}, size_t{5000}, size_t{1} << 30}) {
        for (uint32_t where = 0; where < 1u << (script.size() + 1); ++where) {
            const auto exchange = on.open({with_waits(script, where)});
            FakeResponder out;
            REQUIRE(on.run(*exchange, out, limit) == Progress::finished);
            REQUIRE(out.all == expected);
            REQUIRE(out.head->content_length == static_cast<int64_t>(expected.size()));
            REQUIRE(out.head->content_type == "application/json");
        }
    }
    CHECK(on.record.complaints == 0);
}

TEST_CASE("An unstreamed answer that is much longer than the window goes out window by window") {
    Fixture on;
    on.setup.is_stream = false;
    const std::string text(1'000'000, 'x');
    const auto exchange = on.open({{test::begin(), test::text(text), test::finish()}});
    FakeResponder out;
    int turns = 0;
    while (out.pump(*exchange, 20'000) == Progress::waiting) {
        ++turns;
        CHECK(out.turn.size() < 60'000);
        REQUIRE(turns < 1000);
    }
    CHECK(turns > 20);
    CHECK(out.head->content_length == static_cast<int64_t>(out.all.size()));
}

TEST_CASE("An unstreamed answer of many pieces does not keep the loop for itself") {
    Fixture on;
    on.setup.is_stream = false;
    on.limits.deltas_per_turn = 10;
    Script script = {test::begin()};
    for (int i = 0; i < 100; ++i) script.push_back(test::text("x"));
    script.push_back(test::finish());
    const auto exchange = on.open({script});
    FakeResponder out;
    int turns = 0;
    while (out.pump(*exchange) == Progress::more) ++turns;
    CHECK(turns == 10);
}

TEST_CASE("An unstreamed answer that grows without end is refused") {
    Fixture on;
    on.setup.is_stream = false;
    on.limits.deltas_per_turn = 10;
    on.limits.answer_bytes_max = 1000;
    Script script(1000, test::text("0123456789"));
    const auto exchange = on.open({script});
    FakeResponder out;
    CHECK(on.run(*exchange, out) == Progress::finished);
    CHECK(out.head->status == 400);
    CHECK(out.all.find("too long") != std::string::npos);
}

TEST_CASE("A failure before the first byte is a response of its own") {
    for (const bool is_stream : {true, false}) {
        for (const bool waits : {true, false}) {
            for (const size_t limit : {size_t{1}, size_t{1} << 30}) {
                Fixture on;
                on.setup.is_stream = is_stream;
                Script script = {test::fail(429, "Slow down.")};
                if (waits) script.insert(script.begin(), test::wait());
                const auto exchange = on.open({script});
                FakeResponder out;
                CHECK(on.run(*exchange, out, limit) == Progress::finished);
                CHECK(out.head->status == 429);
                CHECK(out.head->content_type == "application/json");
                CHECK(out.head->fields.find("retry-after: 1\r\n") != std::string::npos);
                CHECK(out.all ==
                      R"({"error":{"message":"Slow down.","type":"requests","param":null,)"
                      R"("code":"rate_limit_exceeded"}})");
                CHECK(
                    on.metrics.errors[static_cast<size_t>(core::Metrics::Kind::backend)].value() ==
                    1);
                CHECK(on.record.complaints == 0);
            }
        }
    }
}

TEST_CASE("An unstreamed answer may fail late and still be an honest error") {
    Fixture on;
    on.setup.is_stream = false;
    const auto exchange = on.open({{test::begin(), test::text("abc"), test::fail(502, "Broken.")}});
    FakeResponder out;
    CHECK(on.run(*exchange, out) == Progress::finished);
    CHECK(out.head->status == 502);
    CHECK(out.all.find("abc") == std::string::npos);
}

TEST_CASE("A failure in mid-stream is an event, and no finish reason") {
    Fixture on;
    for (uint32_t where = 0; where < 16; ++where) {
        const Script script =
            with_waits({test::begin(), test::text("abc"), test::fail(502, "Broken.")}, where);
        for (const size_t limit : {size_t{1}, size_t{1} << 30}) {
            const auto exchange = on.open({script});
            FakeResponder out;
            REQUIRE(on.run(*exchange, out, limit) == Progress::finished);
            REQUIRE(out.head->status == 200);
            REQUIRE(out.all.ends_with(
                R"(data: {"error":{"message":"Broken.","type":"server_error","param":null,)"
                R"("code":null}})"
                "\n\ndata: [DONE]\n\n"));
            REQUIRE(out.all.find("\"finish_reason\":\"") == std::string::npos);
        }
    }
    CHECK(on.metrics.streams_open.value() == 0);
    CHECK(on.metrics.errors[static_cast<size_t>(core::Metrics::Kind::mid_stream)].value() == 32);
}

TEST_CASE("One failing choice fails the whole answer") {
    Fixture on;
    const auto exchange = on.open({hello, {test::begin(), test::fail(500, "Broken.")}});
    FakeResponder out;
    CHECK(on.run(*exchange, out) == Progress::finished);
    CHECK(out.all.find("\"error\"") != std::string::npos);
    CHECK(out.all.ends_with("data: [DONE]\n\n"));
}

TEST_CASE("A silent stream is pinged, again and again") {
    Fixture on;
    const Milliseconds interval = on.limits.ping_interval;
    Script script = hello;
    for (int i = 0; i < 9; ++i) script.insert(script.begin() + 2, test::wait());
    const auto exchange = on.open({script});
    FakeResponder out;
    CHECK(out.pump(*exchange) == Progress::waiting);
    CHECK(out.turn.starts_with("data: "));
    CHECK(out.wakes_at == ManualClock::now() + interval);
    on.pass(interval - Milliseconds(1));
    CHECK(out.pump(*exchange) == Progress::waiting);
    CHECK(out.turn.empty());
    CHECK(out.wakes_at == ManualClock::now() + Milliseconds(1));
    on.pass(Milliseconds(1));
    CHECK(out.pump(*exchange) == Progress::waiting);
    CHECK(out.turn == ": ping\n\n");
    CHECK(out.wakes_at == ManualClock::now() + interval);
    CHECK(out.pump(*exchange) == Progress::waiting);
    CHECK(out.turn.empty());
    on.pass(interval);
    CHECK(out.pump(*exchange) == Progress::waiting);
    CHECK(out.turn == ": ping\n\n");
    CHECK(on.run(*exchange, out) == Progress::finished);
    CHECK(without_pings(out.all) == on.answer_of({hello}));
}

TEST_CASE("What is written puts the ping off") {
    Fixture on;
    const Milliseconds interval = on.limits.ping_interval;
    const auto exchange = on.open({{test::begin(), test::wait(), test::text("a"), test::wait(),
                                    test::text("b"), test::wait(), test::finish()}});
    FakeResponder out;
    for (int i = 0; i < 3; ++i) {
        CHECK(out.pump(*exchange) == Progress::waiting);
        on.pass(interval - Milliseconds(1));
    }
    CHECK(out.pump(*exchange) == Progress::finished);
    CHECK(out.all.find("ping") == std::string::npos);
}

TEST_CASE("A ping begins a response whose backend says nothing; a late failure is then an event") {
    Fixture on;
    const auto exchange = on.open({{test::wait(), test::wait(), test::fail(504, "Too slow.")}});
    FakeResponder out;
    CHECK(out.pump(*exchange) == Progress::waiting);
    CHECK_FALSE(out.head);
    on.pass(on.limits.ping_interval);
    CHECK(out.pump(*exchange) == Progress::waiting);
    REQUIRE(out.head);
    CHECK(out.head->status == 200);
    CHECK(out.turn == ": ping\n\n");
    CHECK(out.pump(*exchange) == Progress::finished);
    CHECK(out.turn.starts_with("data: {\"error\":{\"message\":\"Too slow.\""));
    CHECK(out.turn.ends_with("data: [DONE]\n\n"));
}

TEST_CASE("An unstreamed answer is never pinged") {
    Fixture on;
    on.setup.is_stream = false;
    const auto exchange = on.open({{test::wait(), test::wait(), test::finish()}});
    FakeResponder out;
    for (int i = 0; i < 2; ++i) {
        CHECK(out.pump(*exchange) == Progress::waiting);
        CHECK_FALSE(out.wakes_at);
        on.pass(on.limits.ping_interval * 2);
    }
    CHECK(out.pump(*exchange) == Progress::finished);
    CHECK(out.all.starts_with("{"));
}

TEST_CASE("The earliest deadline of all generations is the exchange's") {
    Fixture on;
    const net::TimePoint soon = ManualClock::now() + Milliseconds(5);
    const net::TimePoint later = ManualClock::now() + Milliseconds(9);
    for (const bool is_stream : {true, false}) {
        on.setup.is_stream = is_stream;
        const auto exchange = on.open({{test::wait(later)}, {test::wait()}, {test::wait(soon)}});
        FakeResponder out;
        CHECK(out.pump(*exchange) == Progress::waiting);
        CHECK(out.wakes_at == soon);
    }
    CHECK(on.record.complaints == 0);
}

TEST_CASE("set_aside reaches every generation that still runs") {
    Fixture on;
    const auto exchange = on.open({hello, Script(9, test::wait()), Script(9, test::wait())});
    FakeResponder out;
    CHECK(out.pump(*exchange) == Progress::waiting);
    exchange->set_aside();
    CHECK(on.record.alive == 2);
    CHECK(on.record.set_aside == 2);
    CHECK(on.record.complaints == 0);
}

TEST_CASE("An exchange that is dropped cancels its generations") {
    Fixture on;
    for (const bool is_stream : {true, false}) {
        on.setup.is_stream = is_stream;
        const Script waits = {test::begin(), test::text("a"), test::wait(), test::finish()};
        auto exchange = on.open({waits, waits});
        FakeResponder out;
        CHECK(out.pump(*exchange) == Progress::waiting);
        exchange.reset();
        CHECK(on.record.alive == 0);
        CHECK(on.metrics.streams_open.value() == 0);
    }
}

TEST_CASE("Metrics tell streams, frames, tokens and times") {
    Fixture on;
    {
        Script script = hello;
        script.insert(script.begin() + 1, test::wait());
        const auto exchange = on.open({script});
        FakeResponder out;
        CHECK(out.pump(*exchange) == Progress::waiting);
        CHECK(on.metrics.streams_open.value() == 1);
        on.pass(Milliseconds(70));
        CHECK(out.pump(*exchange) == Progress::finished);
    }
    CHECK(on.metrics.streams_open.value() == 0);
    CHECK(on.metrics.streams.value() == 1);
    CHECK(on.metrics.frames.value() == 3);
    CHECK(on.metrics.prompt_tokens.value() == 7);
    CHECK(on.metrics.completion_tokens.value() == 3);
    CHECK(on.metrics.first_token.sum_nanoseconds() == 70'000'000);
    CHECK(on.metrics.duration.sum_nanoseconds() == 70'000'000);
    on.setup.is_stream = false;
    (void)on.answer_of({hello});
    CHECK(on.metrics.streams.value() == 1);
    CHECK(on.metrics.first_token.count(0) == 1);
}

TEST_CASE("One unstreamed answer leaves nothing in the next") {
    Fixture on;
    on.setup.is_stream = false;
    const std::string expected = on.answer_of({{test::text("short"), test::finish()}});
    (void)on.answer_of({{test::reasoning("r"), test::text("a long answer"), test::tool_call("f"),
                         test::tool_arguments("x"), test::finish(Finish::tool_calls)},
                        hello,
                        hello});
    CHECK(on.answer_of({{test::text("short"), test::finish()}}) == expected);
    const auto failing = on.open({{test::text("half"), test::fail(500, "Broken.")}});
    FakeResponder out;
    (void)on.run(*failing, out);
    CHECK(on.answer_of({{test::text("short"), test::finish()}}) == expected);
    // Two at a time do not share anything either.
    const auto one = on.open({{test::text("1"), test::wait(), test::text("1"), test::finish()}});
    const auto two = on.open({{test::text("2"), test::wait(), test::text("2"), test::finish()}});
    FakeResponder out_one, out_two;
    CHECK(out_one.pump(*one) == Progress::waiting);
    CHECK(out_two.pump(*two) == Progress::waiting);
    CHECK(out_one.pump(*one) == Progress::finished);
    CHECK(out_two.pump(*two) == Progress::finished);
    CHECK(out_one.all.find("\"content\":\"11\"") != std::string::npos);
    CHECK(out_two.all.find("\"content\":\"22\"") != std::string::npos);
}
