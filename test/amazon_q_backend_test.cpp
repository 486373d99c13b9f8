#include "core/amazon_q_backend.h"

#include <doctest.h>
#include <simdjson.h>

#include <set>

#include "amazon_q_rules.h"
#include "decoded.h"
#include "event_frames.h"
#include "fake_http_call.h"
#include "fake_token_source.h"
#include "manual_clock.h"

using core::AmazonQBackend;
using core::Next;
using test::Decoded;
using test::ManualClock;

namespace {

class FakeModelSource final : public core::ModelSource {
public:
    bool awaits_models(core::Waiter& waiter) override {
        if (is_asking) waiters.post(waiter);
        return is_asking;
    }
    const core::ModelList& models() override { return list; }

    net::ReadyList waiters;
    core::ModelList list;
    bool is_asking = false;
};

struct Owner final : net::Task {
    void pump() override { ++woken; }
    int woken = 0;
};

struct Fixture {
    Fixture() {
        for (const char* const id : {"claude-sonnet-4.5", "claude-haiku-4.5", "CLAUDE_OPUS_4"}) {
            source.list.models.push_back({id, {}, 0, false});
        }
    }

    std::unique_ptr<core::Generation> start(const std::string& text) {
        const Decoded decoded(text);
        REQUIRE(decoded.ok);
        const net::Request request;
        failure = {};
        const auto model = backend().find_model(decoded.request.model.view());
        REQUIRE(model);
        return backend().start({decoded.request, request, wakeup, model->id}, failure);
    }
    // What answers call the model of that name; empty: there is none.
    std::string_view found(std::string_view name) {
        const auto model = backend().find_model(name);
        return model ? model->name : std::string_view();
    }
    // The body that a request becomes. The client is gone then.
    std::string sent(const std::string& text) {
        const auto generation = start(text);
        REQUIRE(generation);
        json::Delta delta;
        REQUIRE(generation->next(delta) == Next::wait);
        return client.calls.requests.back().body;
    }
    AmazonQBackend& backend() {
        if (!made) made = std::make_unique<AmazonQBackend>(services, source, default_name, 1700);
        return *made;
    }
    std::vector<std::string> ids() {
        std::vector<std::string> out;
        for (const json::Model& model : backend().models()) out.push_back(model.id);
        return out;
    }

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
    FakeModelSource source;
    std::string default_name;
    core::Failure failure;
    std::unique_ptr<AmazonQBackend> made;
};

std::string asking(std::string_view model, std::string_view fields = {}) {
    std::string body = R"({"messages":[{"role":"user","content":"hi"}],"model":")";
    return body.append(model).append("\"").append(fields).append("}");
}

// A member of the current message, or "-".
std::string member(const std::string& body, std::string_view path) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    REQUIRE_FALSE(parser.parse(body).get(root));
    std::string_view text;
    if (root.at_pointer(path).get(text) != simdjson::SUCCESS) return "-";
    return std::string(text);
}

constexpr std::string_view model_path =
    "/conversationState/currentMessage/userInputMessage/modelId";
constexpr std::string_view origin_path =
    "/conversationState/currentMessage/userInputMessage/origin";
constexpr std::string_view id_path = "/conversationState/conversationId";

}  // namespace

TEST_CASE("AmazonQBackend finds the model a client means") {
    Fixture on;
    on.settings.aliases = {
        {"gpt-4o", "claude-sonnet-4-5"}, {"mine", "amazon-q"}, {"broken", "nothing"}};
    using Row = std::pair<std::string_view, std::string_view>;
    for (const auto& [name, id] :
         {Row{"amazon-q", "-"}, Row{"claude-sonnet-4.5", "claude-sonnet-4.5"},
          Row{"claude-sonnet-4-5", "claude-sonnet-4.5"},
          Row{"claude-sonnet-4-5-20250929", "claude-sonnet-4.5"},
          Row{"anthropic/Claude-Haiku-4-5", "claude-haiku-4.5"},
          Row{"claude-opus-4", "CLAUDE_OPUS_4"}, Row{"CLAUDE_OPUS_4", "CLAUDE_OPUS_4"},
          Row{"gpt-4o", "claude-sonnet-4.5"}, Row{"mine", "-"}}) {
        CAPTURE(name);
        CHECK(on.found(name) == name);
        CHECK(member(on.sent(asking(name)), model_path) == id);
    }
    for (const std::string_view name : {"gpt-5", "broken", "claude-sonnet-4", "nothing", "/"}) {
        CAPTURE(name);
        CHECK(on.found(name).empty());
    }
    CHECK(on.found("").empty());
    // What would have to be escaped in an answer, or could end an event of a stream.
    for (const std::string_view before : {"x\"y", "x\\", "a\n\ndata: {}\n\n", "a\r", "\x7F", "é"}) {
        CAPTURE(before);
        CHECK(on.found(std::string(before) + "/claude-sonnet-4.5").empty());
    }
    CHECK(on.client.calls.alive == 0);
}

TEST_CASE("AmazonQBackend's default model has the name it is given, and the old one") {
    Fixture on;
    on.default_name = "house model";
    for (const std::string_view name : {"house model", "amazon-q"}) {
        CHECK(on.found(name) == name);
        CHECK(member(on.sent(asking(name)), model_path) == "-");
    }
    CHECK(on.ids().front() == "house model");
}

TEST_CASE("AmazonQBackend lists the default, the service's models and the aliases") {
    Fixture on;
    on.settings.aliases = {{"gpt-4o", "claude-sonnet-4.5"}};
    CHECK(on.ids() == std::vector<std::string>{"amazon-q", "claude-sonnet-4.5", "claude-haiku-4.5",
                                               "CLAUDE_OPUS_4", "gpt-4o"});
    CHECK(on.backend().models().front().created == 1700);
    CHECK(on.backend().models().front().owned_by == "amazon");
    for (const std::string& id : on.ids()) CHECK(on.found(id) == id);
    on.source.list.models.resize(1);
    CHECK(on.ids() == std::vector<std::string>{"amazon-q", "claude-sonnet-4.5", "gpt-4o"});
    CHECK(on.found("claude-haiku-4.5").empty());
}

TEST_CASE("AmazonQBackend lists no model twice") {
    Fixture on;
    on.default_name = "claude-haiku-4.5";
    on.settings.aliases = {{"claude-sonnet-4.5", "claude-haiku-4.5"}};
    CHECK(on.ids() ==
          std::vector<std::string>{"claude-haiku-4.5", "claude-sonnet-4.5", "CLAUDE_OPUS_4"});
}

TEST_CASE("AmazonQBackend waits with its source for the models") {
    Fixture on;
    core::Waiter waiter(on.wakeup);
    CHECK_FALSE(on.backend().awaits_models(waiter));
    on.source.is_asking = true;
    CHECK(on.backend().awaits_models(waiter));
    on.source.waiters.pump_all();
    on.ready.pump_all();
    CHECK(on.owner.woken == 1);
}

TEST_CASE("AmazonQBackend keeps the names of models, but not without end") {
    Fixture on;
    std::string asked = "a/claude-sonnet-4.5";
    const std::string_view first = on.found(asked);
    CHECK(first.data() != asked.data());
    asked[0] = 'b';
    CHECK(first == "a/claude-sonnet-4.5");
    std::set<const char*> kept;
    for (int i = 0; i < 10'000; ++i) {
        const std::string_view name = on.found(std::to_string(i) + "/claude-sonnet-4.5");
        REQUIRE_FALSE(name.empty());
        kept.insert(name.data());
    }
    CHECK(kept.size() <= 4096);
    CHECK(on.found("a/claude-sonnet-4.5").data() == first.data());
    CHECK(on.found("amazon-q") == "amazon-q");
    // A name is not a place to store things.
    CHECK(on.found(std::string(1'000'000, 'x') + "/claude-sonnet-4.5").empty());
}

TEST_CASE("AmazonQBackend sends bodies that the service takes") {
    Fixture on;
    on.settings.origin = "AI_EDITOR";
    const std::string body = on.sent(test::body_of(
        R"([{"role":"system","content":"s"},{"role":"user","content":"a"},)"
        R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)"
        R"("function":{"name":"f","arguments":"{}"}}]},)"
        R"({"role":"tool","tool_call_id":"c","content":"r"}],)"
        R"("tools":[{"type":"function","function":{"name":"f"}}],"model":"amazon-q","x":[])"));
    CHECK(test::AmazonQRules().check(body) == "");
    CHECK(member(body, origin_path) == "AI_EDITOR");
    CHECK(member(body, "/source") == "-");
}

TEST_CASE("AmazonQBackend with IAM keys sends SendMessage's body") {
    Fixture on;
    on.settings.iam = core::IamKey{"key", "secret", "", ""};
    on.tokens.state = core::TokenSource::State::unavailable;
    const std::string body = on.sent(asking("amazon-q"));
    CHECK(test::AmazonQRules().check(body) == "");
    CHECK(member(body, "/source") == "CLI");
}

TEST_CASE("AmazonQBackend says which part of a request cannot be sent") {
    Fixture on;
    CHECK_FALSE(
        on.start(R"({"model":"amazon-q","messages":[{"role":"user","content":[{"type":"image_url",)"
                 R"("image_url":{"url":"http://example.com/a.png"}}]}]})"));
    CHECK(on.failure.status == 400);
    CHECK(on.failure.type == "invalid_request_error");
    CHECK(on.failure.param.starts_with("messages"));
    CHECK_FALSE(on.failure.message.empty());
}

TEST_CASE("AmazonQBackend gives each conversation a UUID of its own") {
    Fixture on;
    std::set<std::string> ids;
    for (int i = 0; i < 500; ++i) {
        const std::string id = member(on.sent(asking("amazon-q")), id_path);
        REQUIRE(id.size() == 36);
        for (size_t at = 0; at < id.size(); ++at) {
            const bool is_dash = at == 8 || at == 13 || at == 18 || at == 23;
            const std::string_view allowed = is_dash ? "-" : "0123456789abcdef";
            REQUIRE(allowed.find(id[at]) != std::string_view::npos);
        }
        CHECK(id[14] == '4');
        CHECK(std::string_view("89ab").find(id[19]) != std::string_view::npos);
        ids.insert(id);
    }
    CHECK(ids.size() == 500);
    Fixture other_worker;
    CHECK_FALSE(ids.contains(member(other_worker.sent(asking("amazon-q")), id_path)));
}

TEST_CASE("AmazonQBackend's choices are calls of their own, and tools keep the client's names") {
    Fixture on;
    CHECK(on.backend().choices_max() == 8);
    CHECK(on.backend().name() == "amazon-q");
    const std::string request =
        asking("amazon-q", R"(,"n":2,"tools":[{"type":"function","function":{"name":"my.tool"}}])");
    const auto one = on.start(request);
    REQUIRE(one);
    CHECK(on.client.calls.alive == 1);  // at once, so that the service works meanwhile
    json::Delta delta;
    CHECK(one->next(delta) == Next::wait);
    const std::string body = on.client.calls.requests.back().body;
    const std::string tool = member(body,
                                    "/conversationState/currentMessage/userInputMessage/"
                                    "userInputMessageContext/tools/0/toolSpecification/name");
    CHECK(tool != "my.tool");
    test::FakeResponse response;
    response.body = test::event_frame("toolUseEvent",
                                      R"({"toolUseId":"t","name":")" + tool + R"(","stop":true})");
    on.client.calls.script.push_back(response);
    const auto two = on.start(request);
    REQUIRE(two);
    Next next;
    while ((next = two->next(delta)) == Next::wait) REQUIRE(on.client.turn());
    REQUIRE(next == Next::delta);
    CHECK(on.client.calls.alive == 2);
    CHECK(delta.tool_name.view() == "my.tool");
    CHECK(on.client.calls.requests.size() == 2);
    CHECK(member(on.client.calls.requests[0].body, id_path) !=
          member(on.client.calls.requests[1].body, id_path));
}
