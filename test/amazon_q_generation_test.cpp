#include "core/amazon_q_generation.h"

#include <doctest.h>

#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/text_limits.h"
#include "event_frames.h"
#include "fake_http_call.h"
#include "fake_token_source.h"
#include "manual_clock.h"

using core::AmazonQGeneration;
using core::Next;
using core::TokenSource;
using json::Delta;
using net::CallError;
using net::Milliseconds;
using test::event_frame;
using test::FakeResponse;
using test::ManualClock;

namespace {

using Texts = std::vector<std::string>;
using State = net::HttpCall::State;

struct Owner final : net::Task {
    void pump() override { ++woken; }
    int woken = 0;
};

std::string shown(const Delta& delta) {
    const std::string index = std::to_string(delta.tool_index) + " ";
    const std::string text(delta.text.view());
    switch (delta.kind) {
        case Delta::Kind::begin:
            return "begin";
        case Delta::Kind::text:
            return "text " + text;
        case Delta::Kind::reasoning:
            return "reasoning " + text;
        case Delta::Kind::tool_call:
            return "call " + index + std::string(delta.tool_id.view()) + " " +
                   std::string(delta.tool_name.view());
        case Delta::Kind::tool_arguments:
            return "arguments " + index + text;
        case Delta::Kind::finish:
            return "finish " + std::string(json::finish_reason(delta.finish));
        case Delta::Kind::usage:
            break;
    }
    return "usage";
}

struct Fixture {
    ~Fixture() {
        generation.reset();
        CHECK(client.calls.alive == 0);
        CHECK(client.calls.complaints == 0);
    }

    // What the next call is answered with.
    FakeResponse& respond(std::string body) {
        FakeResponse response;
        response.body = std::move(body);
        return client.calls.script.emplace_back(std::move(response));
    }
    FakeResponse& refuse(uint16_t status, std::string error_type, std::string body) {
        FakeResponse& response = respond(std::move(body));
        response.status = status;
        response.content_type = "application/json";
        response.error_type = std::move(error_type);
        return response;
    }

    void start(std::string body = R"({"a":1})", size_t prompt_bytes = 40) {
        said.clear();
        waits.clear();
        generation.reset();
        AmazonQGeneration::Question question;
        question.body = std::move(body);
        question.prompt_bytes = prompt_bytes;
        generation = std::make_unique<AmazonQGeneration>(services, wakeup, std::move(question));
    }

    // Pulls what there is now.
    Next pull() {
        Delta delta;
        Next next;
        while ((next = generation->next(delta)) == Next::delta) {
            said.push_back(shown(delta));
            if (delta.kind == Delta::Kind::text) pull_more_text();
        }
        return next;
    }

    // Up to `pieces_max` pieces at a time.
    void pull_more_text() {
        std::vector<json::JsonText> pieces(pieces_max);
        while (const size_t count = generation->more_text(pieces)) {
            for (const json::JsonText piece : std::span(pieces).first(count)) {
                said.push_back("text " + std::string(piece.view()));
            }
        }
    }

    // The next turn of the upstream, which must wake the owner if anything happens.
    bool turn() {
        owner.woken = 0;
        if (!client.turn()) return false;
        ready.pump_all();
        CHECK(owner.woken == 1);
        return true;
    }

    // Pulls until it ends, fails or can only wait; time passes when it wants to wait for that.
    Next run() {
        while (true) {
            const Next next = pull();
            if (next != Next::wait) return next;
            const net::TimePoint deadline = generation->deadline();
            if (deadline != net::TimePoint::max()) {
                waits.push_back(deadline - ManualClock::now());
                CHECK(client.calls.alive == 0);
                pass(std::chrono::duration_cast<Milliseconds>(deadline - ManualClock::now()) -
                     Milliseconds(1));
                CHECK(pull() == Next::wait);
                pass(Milliseconds(1));
                ManualClock::pass(Milliseconds(1));  // deadlines may lie between two
                timers.advance(ManualClock::now());
            } else if (!turn()) {
                return Next::wait;
            }
        }
    }
    Next ask() {
        start();
        return run();
    }
    void reach(State state) {
        while (true) {
            REQUIRE(pull() == Next::wait);
            if (client.last()->state() == state) return;
            REQUIRE(turn());
        }
    }
    void pass(Milliseconds duration) {
        ManualClock::pass(duration);
        timers.advance(ManualClock::now());
    }
    std::string failure() {
        if (pull() != Next::failed) return "none";
        const core::Failure& failure = generation->failure();
        std::string text = std::to_string(failure.status) + " " + std::string(failure.type);
        return failure.code.empty() ? text : text + " " + std::string(failure.code);
    }
    size_t attempts() const { return client.calls.requests.size(); }

    ManualClock clock;
    net::ReadyList ready;
    net::TimerWheel timers{ready, ManualClock::now()};
    Owner owner;
    net::Wakeup wakeup{ready, owner};
    net::Log log{timers, net::LogLevel::error, net::LogFormat::text};
    core::AmazonQSettings settings;
    test::FakeHttpClient client;
    test::FakeTokenSource tokens;
    core::AmazonQServices services{settings, tokens, client, timers, log};
    std::unique_ptr<AmazonQGeneration> generation;
    Texts said;
    size_t pieces_max = 2;
    std::vector<std::chrono::nanoseconds> waits;
};

std::string text_frame(std::string_view text) {
    return event_frame("assistantResponseEvent", R"({"content":")" + std::string(text) + "\"}");
}

std::string exception_frame(std::string_view type, std::string_view payload) {
    return test::frame_with({{":exception-type", type},
                             {":content-type", "application/json"},
                             {":message-type", "exception"}},
                            payload);
}

// An answer as the service gives it, and what it means.
std::string recorded() {
    return event_frame("initial-response", R"({"conversationId":"c"})") +
           event_frame("messageMetadataEvent", R"({"conversationId":"c","utteranceId":"u"})") +
           event_frame("reasoningContentEvent", R"({"text":"Let me \"see\""})") +
           event_frame("reasoningContentEvent", R"({"signature":"abc"})") + text_frame("Hello") +
           text_frame("\\n") + text_frame("\\n") +
           event_frame("codeEvent", R"({"content":"x = 1;"})") +
           event_frame("somethingNew", R"({"content":"not shown"})") +
           event_frame("toolUseEvent", R"({"toolUseId":"t1","name":"weather"})") +
           event_frame("toolUseEvent", R"({"toolUseId":"t1","name":"weather","input":"{\"ci"})") +
           event_frame("toolUseEvent",
                       R"({"toolUseId":"t1","name":"weather","input":"ty\":\"K\u00f6ln\"}"})") +
           event_frame("toolUseEvent", R"({"toolUseId":"t1","name":"weather","stop":true})") +
           event_frame("toolUseEvent", R"({"toolUseId":"t2","name":"clock","input":"{\"a\":2}"})") +
           event_frame("toolUseEvent", R"({"toolUseId":"t3","name":"none","stop":true})") +
           event_frame("toolUseEvent",
                       R"({"toolUseId":"t4","name":"odd","input":{"b":"c"},"stop":true})") +
           event_frame("metadataEvent",
                       R"({"tokenUsage":{"uncachedInputTokens":10,"cacheReadInputTokens":5,)"
                       R"("cacheWriteInputTokens":1,"outputTokens":7,"totalTokens":23}})") +
           event_frame("meteringEvent", R"({"usage":0.01,"unit":"credit"})");
}
const Texts meant = {R"(reasoning Let me \"see\")",
                     "text Hello",
                     "text \\n",
                     "text \\n",
                     "text x = 1;",
                     "call 0 t1 weather",
                     R"(arguments 0 {\"ci)",
                     R"(arguments 0 ty\":\"K\u00f6ln\"})",
                     "call 1 t2 clock",
                     R"(arguments 1 {\"a\":2})",
                     "call 2 t3 none",
                     "arguments 2 {}",
                     "call 3 t4 odd",
                     R"(arguments 3 {\"b\":\"c\"})",
                     "finish tool_calls"};

const std::string throttled =
    R"({"__type":"x#ThrottlingException","message":"Slow","reason":null})";
const std::string expired = R"({"__type":"x#AccessDeniedException",)"
                            R"("message":"The bearer token included in the request is invalid."})";

}  // namespace

TEST_CASE("An answer of Amazon Q becomes deltas, however its bytes come") {
    const std::string body = recorded();
    const auto check = [&](std::vector<size_t> pieces, bool ends_at_once) {
        Fixture on;
        FakeResponse& response = on.respond(body);
        response.pieces = std::move(pieces);
        response.ends_at_once = ends_at_once;
        CHECK(on.ask() == Next::end);
        CHECK(on.pull() == Next::end);
        REQUIRE(on.said == meant);
        const json::Usage usage = on.generation->usage();
        CHECK(usage.prompt_tokens == 16);
        CHECK(usage.completion_tokens == 7);
        CHECK(usage.cached_tokens == 5);
        CHECK(on.client.last()->consumed == body.size());
        CHECK(on.attempts() == 1);
    };
    for (const bool ends_at_once : {false, true}) {
        check({body.size()}, ends_at_once);
        check({1}, ends_at_once);
        for (size_t split = 1; split < body.size(); ++split) {
            CAPTURE(split);
            check({split, body.size()}, ends_at_once);
        }
    }
}

TEST_CASE("Text that has come can be asked for in rows of any length") {
    for (const size_t pieces_max : {0, 1, 3, 64}) {
        CAPTURE(pieces_max);
        Fixture on;
        on.pieces_max = pieces_max;
        on.respond(recorded() + text_frame("a") + text_frame("") + text_frame("\\u00f6") +
                   text_frame("b"));
        Texts all = meant;
        all.insert(all.end() - 1, {"text a", "text \\u00f6", "text b"});
        CHECK(on.ask() == Next::end);
        CHECK(on.said == all);
        CHECK(on.generation->usage().completion_tokens == 7);
    }
}

TEST_CASE("Deltas stay what they are when more bytes come between them") {
    for (const size_t piece : {size_t{1}, size_t{100}, size_t{333}, size_t{700}}) {
        Fixture on;
        on.respond(recorded()).pieces = {piece};
        on.start();
        Delta delta;
        while (true) {
            const Next next = on.generation->next(delta);
            if (next == Next::end) break;
            REQUIRE(next != Next::failed);
            if (next == Next::wait) {
                REQUIRE(on.turn());
                continue;
            }
            // Text must be taken in the same pump; a call may be held back by a stop matcher.
            const bool is_tool =
                delta.kind == Delta::Kind::tool_call || delta.kind == Delta::Kind::tool_arguments;
            if (is_tool) on.turn();
            on.said.push_back(shown(delta));
            if (!is_tool) on.turn();
        }
        CHECK(on.said == meant);
    }
}

TEST_CASE("A frame is consumed when its deltas were pulled, not before") {
    Fixture on;
    const std::string first = text_frame("a");
    const std::string second =
        event_frame("toolUseEvent", R"({"toolUseId":"t","name":"f","input":"{}","stop":true})");
    on.respond(first + second + text_frame("b"));
    on.start();
    on.reach(State::waiting);
    on.turn();
    CHECK(on.pull() == Next::wait);
    REQUIRE(on.turn());
    Delta delta;
    const auto next = [&] {
        REQUIRE(on.generation->next(delta) == Next::delta);
        return shown(delta);
    };
    CHECK(next() == "text a");
    CHECK(on.client.last()->consumed == 0);
    CHECK(next() == "call 0 t f");
    CHECK(on.client.last()->consumed == first.size());
    CHECK(next() == "arguments 0 {}");
    CHECK(on.client.last()->consumed == first.size());
    CHECK(next() == "text b");
    CHECK(on.client.last()->consumed == first.size() + second.size());
    CHECK(on.run() == Next::end);
}

TEST_CASE("It waits while there is nothing, and the upstream's turn goes on with it") {
    Fixture on;
    on.respond(text_frame("a")).pieces = {20, 1000};
    on.start();
    for (const State state :
         {State::connecting, State::sending, State::waiting, State::streaming}) {
        CHECK(on.pull() == Next::wait);
        CHECK(on.client.last()->state() == state);
        CHECK(on.generation->deadline() == net::TimePoint::max());
        CHECK(on.turn());
    }
    CHECK(on.pull() == Next::wait);
    CHECK(on.said.empty());
    CHECK(on.turn());
    CHECK(on.pull() == Next::wait);
    CHECK(on.said == Texts{"text a"});
    CHECK(on.turn());
    CHECK(on.pull() == Next::end);
    CHECK(on.said == Texts{"text a", "finish stop"});
}

TEST_CASE("The window grows with an event that is larger, up to a limit") {
    const std::string large(200'000, 'x');
    {
        Fixture on;
        on.respond(text_frame("a") + text_frame(large) + text_frame("b")).pieces = {5000};
        CHECK(on.ask() == Next::end);
        CHECK(on.said == Texts{"text a", "text " + large, "text b", "finish stop"});
    }
    {
        Fixture on;
        on.client.calls.window_bytes_max = 100'000;
        on.respond(text_frame("a") + text_frame(large));
        CHECK(on.ask() == Next::failed);
        CHECK(on.failure() == "502 server_error upstream_malformed");
        CHECK(on.said == Texts{"text a"});
        CHECK(on.client.calls.alive == 0);
    }
    {
        Fixture on;
        on.respond(text_frame("a") + text_frame(std::string(1024 * 1024, 'x')));
        CHECK(on.ask() == Next::failed);
        CHECK(on.failure() == "502 server_error upstream_malformed");
        CHECK(on.said == Texts{"text a"});
    }
}

TEST_CASE("Without the service's counts, tokens are estimated from bytes") {
    Fixture on;
    on.respond(text_frame("12345"));
    CHECK(on.ask() == Next::end);
    CHECK(on.generation->usage().prompt_tokens == 10);
    CHECK(on.generation->usage().completion_tokens == 2);
    CHECK(on.generation->usage().cached_tokens == -1);
}

TEST_CASE("A refusal is what the service means by it, tried again only where that can help") {
    struct Row {
        uint16_t status;
        std::string_view type, body;
        std::string_view expected;
        size_t attempts;
        uint32_t retry_after;
    };
    const std::vector<Row> rows = {
        {400, "", R"({"__type":"x#ValidationException","reason":"PROMPT_TOO_LONG"})",
         "400 invalid_request_error context_length_exceeded", 1, 0},
        {400, "ValidationException", R"({"message":"Input is too long."})",
         "400 invalid_request_error context_length_exceeded", 1, 0},
        {400, "ValidationException:http://x/", R"({"reason":"INVALID_MODEL_ID"})",
         "404 invalid_request_error model_not_found", 1, 0},
        {400, "ValidationException", R"({"message":"Improperly formed request."})",
         "400 invalid_request_error upstream_refused", 1, 0},
        {409, "ConflictException", "{}", "400 invalid_request_error upstream_refused", 1, 0},
        {403, "AccessDeniedException", R"({"reason":"TEMPORARILY_SUSPENDED"})",
         "403 permission_error account_suspended", 1, 0},
        {403, "AccessDeniedException", R"({"reason":"FEATURE_NOT_SUPPORTED"})",
         "403 permission_error upstream_denied", 1, 0},
        {429, "ThrottlingException", R"({"reason":"MONTHLY_REQUEST_COUNT"})",
         "429 insufficient_quota insufficient_quota", 1, 0},
        {400, "ThrottlingException", R"({"reason":"DAILY_REQUEST_COUNT"})",
         "429 insufficient_quota insufficient_quota", 1, 0},
        {402, "ServiceQuotaExceededException", "{}", "429 insufficient_quota insufficient_quota", 1,
         0},
        {429, "ThrottlingException", R"({"reason":null})", "429 requests rate_limit_exceeded", 3,
         5},
        {429, "ThrottlingException", R"({"reason":"INSUFFICIENT_MODEL_CAPACITY"})",
         "503 server_error model_overloaded", 3, 5},
        {500, "InternalServerException", R"({"reason":"MODEL_TEMPORARILY_UNAVAILABLE"})",
         "503 server_error model_overloaded", 3, 5},
        {500, "", R"({"message":"Encountered unexpectedly high load, please try again."})",
         "503 server_error model_overloaded", 3, 5},
        {503, "ServiceUnavailableException", "", "503 server_error upstream_unavailable", 3, 5},
        {500, "InternalServerException", "{}", "502 server_error upstream_error", 3, 0},
        {502, "", "<html>Bad Gateway</html>", "502 server_error upstream_error", 3, 0},
        {404, "ResourceNotFoundException", "{}", "404 invalid_request_error upstream_not_found", 1,
         0},
        {302, "", "", "502 server_error upstream_error", 3, 0},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status);
        CAPTURE(row.body);
        for (const size_t piece : {size_t{1}, size_t{1000}}) {
            Fixture on;
            for (int i = 0; i < 4; ++i) {
                on.refuse(row.status, std::string(row.type), std::string(row.body)).pieces = {
                    piece};
            }
            CHECK(on.ask() == Next::failed);
            CHECK(on.failure() == row.expected);
            CHECK(on.attempts() == row.attempts);
            CHECK(on.waits.size() == row.attempts - 1);
            CHECK(on.generation->failure().retry_after_seconds == row.retry_after);
            CHECK(on.said.empty());
            CHECK(on.tokens.rejected.empty());
            CHECK(on.client.calls.alive == 0);
        }
    }
}

TEST_CASE("A refusal is read to a limit, and told when it is cut") {
    Fixture on;
    on.refuse(400, "ValidationException", std::string(200'000, ' '));
    CHECK(on.ask() == Next::failed);
    CHECK(on.failure() == "400 invalid_request_error upstream_refused");

    FakeResponse& cut = on.refuse(429, "", R"({"message":"MONTHLY_REQUEST_COUNT for)");
    cut.failure = CallError::cut;
    CHECK(on.ask() == Next::failed);
    CHECK(on.failure() == "429 insufficient_quota insufficient_quota");
}

TEST_CASE("After throttling it tries again with growing waits, each of them scattered") {
    std::set<int64_t> firsts;
    for (uint64_t seed = 0; seed < 200; ++seed) {
        Fixture on;
        on.services.random = seed;
        on.refuse(429, "", throttled);
        on.refuse(503, "", "");
        on.respond(text_frame("hello"));
        CHECK(on.ask() == Next::end);
        CHECK(on.said == Texts{"text hello", "finish stop"});
        CHECK(on.attempts() == 3);
        REQUIRE(on.waits.size() == 2);
        CHECK(on.waits[0] >= Milliseconds(250));
        CHECK(on.waits[0] <= Milliseconds(500));
        CHECK(on.waits[1] >= Milliseconds(500));
        CHECK(on.waits[1] <= Milliseconds(1000));
        firsts.insert(on.waits[0].count());
        for (const auto& request : on.client.calls.requests) CHECK(request.body == R"({"a":1})");
    }
    CHECK(firsts.size() > 50);
}

TEST_CASE("The service's own word on when to come back is kept, and passed on") {
    Fixture on;
    on.refuse(429, "", throttled).retry_after = "3";
    on.respond(text_frame("hello"));
    CHECK(on.ask() == Next::end);
    REQUIRE(on.waits.size() == 1);
    CHECK(on.waits[0] >= Milliseconds(3'000));
    CHECK(on.waits[0] <= Milliseconds(3'500));

    // Nobody waits here for longer than a retry would.
    const std::vector<std::pair<std::string, uint32_t>> rows = {
        {"42", 42}, {"7200", 3'600}, {"5000000000", 3'600}};
    for (const auto& [field, expected] : rows) {
        on.client.calls.requests.clear();
        on.refuse(429, "", throttled).retry_after = field;
        CHECK(on.ask() == Next::failed);
        CHECK(on.attempts() == 1);
        CHECK(on.generation->failure().retry_after_seconds == expected);
    }
    for (const char* const field : {"0", "-1", "soon", "1.5", "Wed, 21 Oct 2015 07:28:00 GMT"}) {
        for (int i = 0; i < 3; ++i) on.refuse(429, "", throttled).retry_after = field;
        CHECK(on.ask() == Next::failed);
        CHECK(on.generation->failure().retry_after_seconds == 5);
    }
}

TEST_CASE("The reasons to call again have one bound together") {
    Fixture on;
    on.refuse(429, "", throttled);
    on.refuse(429, "", throttled);
    on.refuse(403, "", expired);
    on.respond("");
    on.respond(text_frame("not asked for"));
    CHECK(on.ask() == Next::failed);
    CHECK(on.attempts() == 4);
    CHECK(on.failure() == "502 server_error upstream_empty");
}

TEST_CASE("A refused token is reported once and the call made again with the next one") {
    Fixture on;
    on.refuse(403, "", expired);
    on.respond(text_frame("hello"));
    CHECK(on.ask() == Next::end);
    CHECK(on.said == Texts{"text hello", "finish stop"});
    CHECK(on.tokens.rejected == std::vector<uint64_t>{1});
    CHECK(on.waits.empty());
    REQUIRE(on.attempts() == 2);
    const auto& requests = on.client.calls.requests;
    CHECK(requests[0].fields.find("Bearer token-1\r\n") != std::string::npos);
    CHECK(requests[1].fields.find("Bearer token-2\r\n") != std::string::npos);
    CHECK(requests[1].body == requests[0].body);
}

TEST_CASE("A second token that is refused ends it") {
    Fixture on;
    for (int i = 0; i < 3; ++i) on.refuse(403, "", expired);
    CHECK(on.ask() == Next::failed);
    CHECK(on.failure() == "502 server_error upstream_auth");
    CHECK(on.tokens.rejected == std::vector<uint64_t>{1});
    CHECK(on.attempts() == 2);
}

TEST_CASE("While the token is renewed it waits, and is woken") {
    Fixture on;
    on.tokens.state = TokenSource::State::refreshing;
    on.start();
    CHECK(on.run() == Next::wait);
    CHECK(on.attempts() == 0);
    CHECK(on.tokens.has_waiters());
    CHECK(on.generation->deadline() == net::TimePoint::max());
    on.respond(text_frame("hello"));
    on.tokens.finish(TokenSource::State::ready);
    on.ready.pump_all();
    CHECK(on.owner.woken == 1);
    CHECK(on.run() == Next::end);

    // The same after a refused token, which here cannot be renewed.
    on.refuse(403, "", expired);
    on.tokens.after_reject = TokenSource::State::refreshing;
    CHECK(on.ask() == Next::wait);
    CHECK(on.tokens.has_waiters());
    CHECK(on.client.calls.alive == 0);
    on.tokens.failure = core::failure_for_status(503, "run: amazon-q-server login");
    on.tokens.finish(TokenSource::State::unavailable);
    CHECK(on.run() == Next::failed);
    CHECK(on.generation->failure().status == 503);
    CHECK(on.generation->failure().message == "run: amazon-q-server login");
    CHECK(on.pull() == Next::failed);
}

TEST_CASE("An exception in the stream counts like a refusal, until something was shown") {
    const std::string throttle = exception_frame("throttlingException", throttled);
    Fixture on;
    on.respond(throttle);
    on.respond(exception_frame("error", R"({"message":"broken"})"));
    on.respond(text_frame("hello") + throttle + text_frame("not shown"));
    CHECK(on.ask() == Next::failed);
    CHECK(on.attempts() == 3);
    CHECK(on.said == Texts{"text hello"});
    CHECK(on.failure() == "429 requests rate_limit_exceeded");
    CHECK(on.client.calls.alive == 0);

    on.respond(test::frame_with({{":message-type", "error"},
                                 {":error-code", "ValidationException"},
                                 {":error-message", "Input is too long."}},
                                ""));
    CHECK(on.ask() == Next::failed);
    CHECK(on.failure() == "400 invalid_request_error context_length_exceeded");

    // A token that is refused in the middle cannot be helped any more.
    on.respond(text_frame("hello") + exception_frame("accessDeniedException", expired));
    CHECK(on.ask() == Next::failed);
    CHECK(on.failure() == "502 server_error upstream_auth");
    CHECK(on.tokens.rejected.empty());
}

TEST_CASE("A cut, damaged or foreign answer fails, with what came before it shown") {
    const std::string hello = text_frame("hello");
    const auto failure_of = [&](const std::string& body, size_t piece) {
        Fixture on;
        on.respond(hello + body).pieces = {piece};
        CHECK(on.ask() == Next::failed);
        CHECK(on.said == Texts{"text hello"});
        CHECK(on.client.calls.alive == 0);
        CHECK(on.attempts() == 1);
        return on.failure();
    };
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{10'000}}) {
        for (const size_t bytes : {size_t{1}, size_t{11}, size_t{12}, hello.size() - 1}) {
            CHECK(failure_of(hello.substr(0, bytes), piece) == "502 server_error upstream_cut");
        }
        for (const size_t damaged : {size_t{0}, size_t{8}, size_t{20}, hello.size() - 1}) {
            std::string bad = hello;
            bad[damaged] = static_cast<char>(bad[damaged] ^ 0x10);
            CHECK(failure_of(bad, piece) == "502 server_error upstream_malformed");
        }
        CHECK(failure_of(event_frame("assistantResponseEvent", "{\"content\":"), piece) ==
              "502 server_error upstream_malformed");
    }
    Fixture on;
    on.respond("<html></html>").content_type = "text/html";
    CHECK(on.ask() == Next::failed);
    CHECK(on.failure() == "502 server_error upstream_malformed");
    on.respond(hello).content_type = "Application/VND.amazon.eventstream; x=y";
    CHECK(on.ask() == Next::end);
}

TEST_CASE("An empty answer is asked for once more") {
    const std::string nothing = event_frame("messageMetadataEvent", R"({"conversationId":"c"})");
    Fixture on;
    on.respond("");
    on.respond(text_frame("hello"));
    CHECK(on.ask() == Next::end);
    CHECK(on.said == Texts{"text hello", "finish stop"});
    CHECK(on.waits.empty());
    CHECK(on.attempts() == 2);

    on.client.calls.requests.clear();
    on.respond(nothing);
    on.respond(nothing);
    CHECK(on.ask() == Next::failed);
    CHECK(on.failure() == "502 server_error upstream_empty");
    CHECK(on.attempts() == 2);

    for (int i = 0; i < 2; ++i) {
        on.respond(event_frame("invalidStateEvent", R"({"reason":"R","message":"Bad plan."})"));
    }
    CHECK(on.ask() == Next::failed);
    CHECK(on.generation->failure().message == "Amazon Q: Bad plan.");
}

TEST_CASE("A call that fails says so, before the answer and in it") {
    using Row = std::pair<CallError, std::string_view>;
    const std::string_view lost = "502 server_error upstream_unreachable";
    const std::string_view late = "504 server_error upstream_timeout";
    for (const auto& [error, expected] :
         {Row{CallError::request, lost}, Row{CallError::resolve, lost},
          Row{CallError::connect, lost}, Row{CallError::proxy, lost}, Row{CallError::tls, lost},
          Row{CallError::connect_timeout, late}, Row{CallError::head_timeout, late},
          Row{CallError::total_timeout, late}, Row{CallError::cut, lost},
          Row{CallError::malformed, lost}}) {
        Fixture on;
        FakeResponse& response = on.respond("");
        response.status = 0;
        response.failure = error;
        CHECK(on.ask() == Next::failed);
        CHECK(on.failure() == expected);
        CHECK(on.generation->failure().message.find("q.example") != std::string::npos);
        CHECK(on.attempts() == 1);
        CHECK(on.client.calls.alive == 0);
    }
    for (const auto& [error, expected] :
         {Row{CallError::silence, late}, Row{CallError::total_timeout, late},
          Row{CallError::cut, "502 server_error upstream_cut"},
          Row{CallError::malformed, "502 server_error upstream_malformed"}}) {
        for (const std::string& rest : {std::string(), text_frame("x").substr(0, 20)}) {
            Fixture on;
            FakeResponse& response = on.respond(text_frame("a") + text_frame("b") + rest);
            response.failure = error;
            response.ends_at_once = true;
            CHECK(on.ask() == Next::failed);
            // What came before the failure is shown.
            CHECK(on.said == Texts{"text a", "text b"});
            CHECK(on.failure() == expected);
        }
    }
}

TEST_CASE("Destroying the generation drops its call and its place in the queue for a token") {
    for (const State state :
         {State::connecting, State::sending, State::waiting, State::streaming}) {
        Fixture on;
        FakeResponse& response = on.respond(text_frame("hello"));
        response.pieces = {3};
        on.start();
        on.reach(state);
        CHECK(on.client.calls.alive == 1);
        on.generation.reset();
        CHECK(on.client.calls.alive == 0);
    }
    {
        Fixture on;  // in the body, with a delta in hand and more to come
        on.respond(event_frame("toolUseEvent", R"({"toolUseId":"t","name":"f","stop":true})"))
            .stalls = true;
        on.start();
        Delta delta;
        while (on.generation->next(delta) == Next::wait) REQUIRE(on.turn());
        CHECK(on.client.calls.alive == 1);
        on.generation.reset();
        CHECK(on.client.calls.alive == 0);
    }
    {
        Fixture on;  // in a refusal that does not end
        on.refuse(400, "", "{").stalls = true;
        on.start();
        CHECK(on.run() == Next::wait);
        CHECK(on.client.calls.alive == 1);
    }
    {
        Fixture on;  // between two attempts
        on.refuse(429, "", throttled);
        on.start();
        while (on.pull() == Next::wait && on.generation->deadline() == net::TimePoint::max()) {
            REQUIRE(on.turn());
        }
        CHECK(on.client.calls.alive == 0);
    }
    Fixture on;
    on.tokens.state = TokenSource::State::refreshing;
    on.start();
    CHECK(on.pull() == Next::wait);
    on.generation.reset();
    CHECK_FALSE(on.tokens.has_waiters());
    on.tokens.finish(TokenSource::State::ready);
    on.ready.pump_all();
    CHECK(on.owner.woken == 0);
}

TEST_CASE("With IAM keys no token is asked for and none is reported") {
    Fixture on;
    on.settings.iam = core::IamKey{"AKIDEXAMPLE", "key", "", ""};
    on.tokens.state = TokenSource::State::unavailable;
    on.respond(text_frame("hello"));
    CHECK(on.ask() == Next::end);
    CHECK(on.tokens.asked == 0);
    REQUIRE(on.attempts() == 1);
    const std::string& fields = on.client.calls.requests[0].fields;
    CHECK(fields.find("AmazonQDeveloperStreamingService.SendMessage\r\n") != std::string::npos);
    CHECK(fields.find("Bearer") == std::string::npos);

    on.refuse(403, "InvalidSignatureException", "{}");
    CHECK(on.ask() == Next::failed);
    CHECK(on.failure() == "502 server_error upstream_auth");
    CHECK(on.tokens.rejected.empty());
    CHECK(on.attempts() == 2);
}

TEST_CASE("The call goes to the region of the profile, with the profile in its body") {
    Fixture on;
    on.tokens.token.profile_arn = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/A";
    on.respond(text_frame("hello"));
    CHECK(on.ask() == Next::end);
    const auto& request = on.client.calls.requests.at(0);
    CHECK(request.url.host == "q.eu-central-1.amazonaws.com");
    CHECK(request.body == R"({"a":1,"profileArn":")" + on.tokens.token.profile_arn + "\"}");
    CHECK(request.timeouts == &on.settings.timeouts);
}

TEST_CASE_FIXTURE(Fixture, "What follows held text outlives what comes meanwhile") {
    const std::string first = event_frame("assistantResponseEvent", R"({"content":"xS"})") +
                              event_frame("reasoningContentEvent", R"({"text":"a thought"})");
    respond(first + event_frame("assistantResponseEvent", R"({"content":"end"})")).pieces = {
        first.size(), 1};
    start();
    json::ChatRequest chat;
    chat.stop.push_back(json::JsonText::trusted("STOP"));
    core::TextLimits limits(std::move(generation), chat);
    Delta delta;
    std::string heard;
    Next next = Next::wait;
    // One delta a turn: the client takes no more.
    for (int turns = 0; next != Next::end && turns < 300; ++turns) {
        next = limits.next(delta);
        if (next == Next::delta) heard += shown(delta) + "|";
        if (client.calls.alive) client.turn();
    }
    CHECK(heard == "text x|text S|reasoning a thought|text end|finish stop|");
}
