// Router without a socket: requests in, whole responses out.

#include "core/router.h"

#include <doctest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "core/echo_backend.h"
#include "decoded.h"
#include "fake_responder.h"
#include "manual_clock.h"
#include "own_request.h"

using core::Route;
using net::Progress;
using test::FakeResponder;
using test::ManualClock;
using test::OwnRequest;

using Fields = std::vector<net::Field>;

namespace {

struct Sleeper final : net::Task {
    void pump() override {}
};

// An error object's members; null is "null".
struct ErrorObject {
    std::string message, type, param, code;
};

struct Response {
    uint16_t status = 0;
    std::string content_type, fields, body;

    bool has(std::string_view line) const { return fields.find(line) != std::string::npos; }
    // The error object, which must have its four keys and no others.
    ErrorObject error() const {
        simdjson::dom::parser parser;
        simdjson::dom::element root;
        CAPTURE(body);
        CHECK(content_type == "application/json");
        REQUIRE_FALSE(parser.parse(body).get(root));
        simdjson::dom::object object;
        REQUIRE_FALSE(root["error"].get(object));
        CHECK(object.size() == 4);
        const auto text = [&](const char* key) {
            simdjson::dom::element value;
            REQUIRE_FALSE(object[key].get(value));
            std::string_view inside = "null";
            if (!value.is_null()) REQUIRE_FALSE(value.get(inside));
            return std::string(inside);
        };
        return {text("message"), text("type"), text("param"), text("code")};
    }
};

struct Fixture {
    explicit Fixture(std::vector<std::string> api_keys = {}) : keys(std::move(api_keys)) {}

    Response ask(const std::string& method, const std::string& target, const Fields& fields = {},
                 std::string_view body = {}) {
        const OwnRequest request(method, target, fields, body);
        return response_of(router.open(request.view(), net::Wakeup(ready, sleeper)));
    }
    Response chat(std::string_view body, const Fields& fields = {}) {
        return ask("POST", "/v1/chat/completions", fields, body);
    }
    Response response_of(std::unique_ptr<net::Exchange> exchange) {
        REQUIRE(exchange != nullptr);
        FakeResponder out;
        for (int turn = 0; out.pump(*exchange) == Progress::waiting; ++turn) REQUIRE(turn < 100);
        CHECK(out.complaints == 0);
        REQUIRE(out.head);
        if (out.head->content_length != net::ResponseHead::stream) {
            CHECK(out.head->content_length == static_cast<int64_t>(out.all.size()));
        }
        path = exchange->path();
        check_fields(out.head->fields);
        return {out.head->status, out.head->content_type, out.head->fields, out.all};
    }
    // Whole lines, nothing else, and CORS on everything.
    static void check_fields(const std::string& fields) {
        CHECK(fields.ends_with("\r\n"));
        CHECK(fields.find("\r\n\r\n") == std::string::npos);
        CHECK(fields.find("Access-Control-Allow-Origin: *\r\n") != std::string::npos);
        CHECK(fields.find("Access-Control-Expose-Headers: x-request-id") != std::string::npos);
    }
    uint64_t responses(Route route, uint16_t status) const {
        for (size_t i = 0; i < core::Metrics::statuses.size(); ++i) {
            if (core::Metrics::statuses[i] == status) {
                return counters.core.responses[static_cast<size_t>(route)][i].value();
            }
        }
        return 0;
    }

    ManualClock clock;
    net::ReadyList ready;
    net::TimerWheel timers{ready, ManualClock::now()};
    Sleeper sleeper;
    core::Limits limits;
    core::WorkerCounters counters;
    std::vector<const core::WorkerCounters*> all_counters = {&counters};
    net::Log log{timers, net::LogLevel::error, net::LogFormat::text};
    core::ChatServices services{timers, limits, counters.core, log};
    core::EchoScript script;
    core::EchoBackend backend{timers, script, "org/model:tag", 1750145000};
    core::ApiKeys keys;
    core::Router router{{keys, backend, services, counters.core, all_counters}};
    std::string path;  // of the last exchange, as the log would show it
};

const std::string hello =
    R"({"model":"org/model:tag","messages":[{"role":"user","content":"Hello"}]})";

std::string with(std::string_view fields) {
    return R"({"model":"amazon-q","messages":[{"role":"user","content":"Hello"}],)" +
           std::string(fields) + "}";
}

}  // namespace

TEST_CASE("Router answers a chat completion, whole or as a stream") {
    Fixture on;
    const Response whole = on.chat(hello);
    CHECK(whole.status == 200);
    CHECK(whole.content_type == "application/json");
    CHECK(whole.body.find(R"("model":"org/model:tag")") != std::string::npos);
    CHECK(whole.body.find(R"("content":"Hello")") != std::string::npos);
    CHECK(on.path == "/v1/chat/completions");
    const Response stream =
        on.chat(with(R"("stream":true,"stream_options":{"include_usage":true})"));
    CHECK(stream.status == 200);
    CHECK(stream.content_type == "text/event-stream; charset=utf-8");
    CHECK(stream.body.find(R"("model":"amazon-q")") != std::string::npos);
    CHECK(stream.body.find("\"usage\":{") != std::string::npos);
    CHECK(stream.body.ends_with("data: [DONE]\n\n"));
    CHECK(on.ask("POST", "/chat/completions?api-version=1", {}, hello).status == 200);
    CHECK(on.path == "/chat/completions");
    CHECK(on.responses(Route::chat, 200) == 3);
}

TEST_CASE("Every answer has an id of its own") {
    Fixture on;
    const auto id_of = [](const Response& response) {
        const size_t at = response.body.find("chatcmpl-");
        return response.body.substr(at, 25);
    };
    const std::string first = id_of(on.chat(hello));
    CHECK(first != id_of(on.chat(hello)));
    CHECK(first.find_first_not_of("chatmpl-0123456789abcdef") == std::string::npos);
}

TEST_CASE("Every route, method and key state has its answer") {
    struct Row {
        const char* target;
        bool needs_key;
        uint16_t get, head, post, other;
    };
    const Row rows[] = {{"/health", false, 200, 200, 405, 405},
                        {"/metrics", false, 200, 200, 405, 405},
                        {"/v1/models", true, 200, 200, 405, 405},
                        {"/models?x=y", true, 200, 200, 405, 405},
                        {"/v1/models/amazon-q", true, 200, 200, 405, 405},
                        {"/v1/models/none", true, 404, 404, 405, 405},
                        {"/v1/chat/completions", true, 405, 405, 200, 405},
                        {"/chat/completions", true, 405, 405, 200, 405},
                        {"/v1/embeddings", true, 404, 404, 404, 404},
                        {"/", false, 404, 404, 404, 404},
                        {"/nothing", false, 404, 404, 404, 404}};
    const Fields none, good = {{"Authorization", "Bearer sk-1"}}, wrong = {{"x-api-key", "sk-0"}};
    for (const Row& row : rows) {
        for (const std::string method : {"GET", "HEAD", "POST", "DELETE", "CONNECT", "OPTIONS"}) {
            const uint16_t expected = method == "GET"       ? row.get
                                      : method == "HEAD"    ? row.head
                                      : method == "POST"    ? row.post
                                      : method == "OPTIONS" ? uint16_t{204}
                                                            : row.other;
            CAPTURE(row.target);
            CAPTURE(method);
            Fixture open;
            Fixture locked({"sk-1"});
            CHECK(open.ask(method, row.target, none, hello).status == expected);
            CHECK(open.ask(method, row.target, wrong, hello).status == expected);
            CHECK(locked.ask(method, row.target, good, hello).status == expected);
            const bool is_shut = row.needs_key && method != "OPTIONS";
            for (const Fields& fields : {none, wrong}) {
                const Response response = locked.ask(method, row.target, fields, hello);
                CHECK(response.status == (is_shut ? 401 : expected));
                if (response.status >= 400) (void)response.error();
            }
        }
    }
}

TEST_CASE("A key that is missing and one that is wrong are told apart, and never repeated") {
    Fixture on({"sk-secret"});
    const Response missing = on.chat(hello);
    CHECK(missing.status == 401);
    CHECK(missing.has("WWW-Authenticate: Bearer\r\n"));
    CHECK(missing.error().type == "invalid_request_error");
    CHECK(missing.error().code == "null");
    const Response wrong = on.chat(hello, {{"Authorization", "Bearer sk-guess"}});
    CHECK(wrong.status == 401);
    CHECK(wrong.has("WWW-Authenticate: Bearer\r\n"));
    CHECK(wrong.error().code == "invalid_api_key");
    CHECK(wrong.body.find("sk-") == std::string::npos);
    CHECK(on.counters.core.errors[static_cast<size_t>(core::Metrics::Kind::unauthorized)].value() ==
          2);
    CHECK(on.responses(Route::chat, 401) == 2);
}

TEST_CASE("A method that a route does not know gets the list of those it does") {
    Fixture on;
    const Response chat = on.ask("GET", "/v1/chat/completions");
    CHECK(chat.has("Allow: POST, OPTIONS\r\n"));
    CHECK(chat.error().code == "method_not_supported");
    CHECK(chat.error().message == "Not allowed to GET on /v1/chat/completions.");
    const Response models = on.ask("DELETE", "/v1/models");
    CHECK(models.has("Allow: GET, HEAD, OPTIONS\r\n"));
}

TEST_CASE("A path without a route is named, but never repeated raw") {
    Fixture on;
    const Response plain = on.ask("POST", "/v1/x");
    CHECK(plain.error().message == "Invalid URL (POST /v1/x)");
    CHECK(plain.error().type == "invalid_request_error");
    CHECK(plain.error().param == "null");
    CHECK(plain.error().code == "null");
    const Response odd = on.ask("GET", "/\"\\\t\x01\xC3" + std::string(500, 'x'));
    CHECK(odd.status == 404);
    CHECK(odd.error().message.size() < 200);
}

TEST_CASE("A preflight is answered for every path, and allows what it asks for") {
    Fixture on({"sk-1"});
    for (const char* target : {"/v1/chat/completions", "/health", "/nothing", "*"}) {
        const Response response =
            on.ask("OPTIONS", target,
                   {{"Origin", "http://a"},
                    {"Access-Control-Request-Method", "POST"},
                    {"Access-Control-Request-Headers", "authorization,x-stainless-os, x-a"}});
        CHECK(response.status == 204);
        CHECK(response.content_type.empty());
        CHECK(response.body.empty());
        CHECK(response.has("Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"));
        CHECK(response.has("Access-Control-Allow-Headers: authorization,x-stainless-os, x-a\r\n"));
        CHECK(response.has("Access-Control-Max-Age: "));
        CHECK(response.has("\r\nAllow: "));
    }
    CHECK(on.responses(Route::preflight, 204) == 4);
}

TEST_CASE("A preflight's list is sent back only when it is a list of names") {
    Fixture on;
    for (const std::string& list :
         {std::string(), std::string("a b"), std::string("a,,b"), std::string("a:b"),
          std::string("a,"), std::string("\"a\""), std::string("a\x01"), std::string("\xC3\xA9"),
          std::string(2049, 'a')}) {
        CAPTURE(list);
        const Response response =
            on.ask("OPTIONS", "/v1/models", {{"Access-Control-Request-Headers", list}});
        if (list == "a,") continue;  // an empty last element may stay or go
        CHECK(response.has(
            "Access-Control-Allow-Headers: Authorization, Content-Type, x-request-id\r\n"));
    }
    const std::string longest(2048, 'a');
    CHECK(on.ask("OPTIONS", "/", {{"Access-Control-Request-Headers", longest}}).has(longest));
}

TEST_CASE("Models are listed, and found by their encoded ids") {
    Fixture on;
    CHECK(on.ask("GET", "/v1/models").body ==
          R"({"object":"list","data":[{"id":"org/model:tag","object":"model",)"
          R"("created":1750145000,"owned_by":"amazon-q-server"},{"id":"amazon-q",)"
          R"("object":"model","created":1750145000,"owned_by":"amazon-q-server"}]})");
    for (const char* id :
         {"org/model:tag", "org%2Fmodel:tag", "org%2fmodel%3Atag", "%6Frg/model%3atag"}) {
        CAPTURE(id);
        const Response response = on.ask("GET", "/v1/models/" + std::string(id));
        CHECK(response.status == 200);
        CHECK(response.body == R"({"id":"org/model:tag","object":"model","created":1750145000,)"
                               R"("owned_by":"amazon-q-server"})");
    }
    for (const char* id : {"org", "org/model", "org%252Fmodel:tag", "%", "%zz", "ORG/model:tag",
                           "org/model:tag/", "%00", "\xC3\xA9"}) {
        CAPTURE(id);
        const Response response = on.ask("GET", "/v1/models/" + std::string(id));
        CHECK(response.status == 404);
        CHECK(response.error().code == "model_not_found");
        CHECK(response.error().param == "model");
    }
}

TEST_CASE("Health says when the server is going away") {
    Fixture on;
    CHECK(on.ask("GET", "/health").body == R"({"status":"ok"})");
    on.router.drain();
    const Response response = on.ask("GET", "/health");
    CHECK(response.status == 503);
    CHECK(response.body == R"({"status":"draining"})");
    CHECK(on.chat(hello).status == 200);  // what still comes is still answered
}

TEST_CASE("Metrics are shown as Prometheus wants them") {
    Fixture on;
    (void)on.chat(hello);
    const Response response = on.ask("GET", "/metrics");
    CHECK(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(response.body.find("\n# TYPE amazon_q_server_requests_total counter\n") !=
          std::string::npos);
    CHECK(response.body.find("route=\"/v1/chat/completions\",status=\"200\"") != std::string::npos);
}

TEST_CASE("A body that cannot be served is a 400 that names the field") {
    Fixture on;
    struct Case {
        std::string body;
        uint16_t status;
        const char* param;
        const char* code;
    };
    for (const Case& c :
         {Case{"", 400, "null", "null"}, Case{"[]", 400, "null", "null"},
          Case{"{\"model\":", 400, "null", "null"}, Case{hello + "x", 400, "null", "null"},
          Case{R"({"messages":[]})", 400, "null", "null"},
          Case{R"({"model":"amazon-q"})", 400, "messages", "missing_required_parameter"},
          Case{with(R"("temperature":"hot")"), 400, "temperature", "invalid_type"},
          Case{with(R"("stream":"yes")"), 400, "stream", "invalid_type"},
          Case{with(R"("n":9)"), 400, "n", "unsupported_value"},
          Case{with(R"("n":0)"), 400, "n", "integer_below_min_value"},
          Case{with("\"stop\":\"" + std::string(4097, 'x') + "\""), 400, "stop",
               "string_above_max_length"},
          Case{R"({"model":"none","messages":[{"role":"user","content":"x"}]})", 404, "null",
               "model_not_found"}}) {
        CAPTURE(c.body);
        const Response response = on.chat(c.body);
        CHECK(response.status == c.status);
        CHECK(response.error().type == "invalid_request_error");
        CHECK(response.error().param == c.param);
        CHECK(response.error().code == c.code);
    }
    // Also for a stream: nothing of one has begun.
    CHECK(on.chat(R"({"stream":true})").content_type == "application/json");
}

TEST_CASE("The key is judged before the body, and the body before the model") {
    Fixture on({"sk-1"});
    CHECK(on.chat("{").status == 401);
    const Fields key = {{"api-key", "sk-1"}};
    CHECK(on.chat("{", key).status == 400);
    CHECK(on.chat(R"({"model":"none"})", key).status == 400);
}

TEST_CASE("A model's name may be escaped in the body") {
    Fixture on;
    CHECK(on.chat(R"({"model":"org\/model\u003atag","messages":[{"role":"user","content":"x"}]})")
              .status == 200);
    const Response unknown =
        on.chat(R"({"model":"a\nb\u0000","messages":[{"role":"user","content":"x"}]})");
    CHECK(unknown.status == 404);
    CHECK(unknown.error().message ==
          "The model `a?b?` does not exist or you do not have access to it.");
}

TEST_CASE("n asks for several choices, up to what the backend gives") {
    Fixture on;
    for (int n = 1; n <= 8; ++n) {
        const Response response = on.chat(with("\"n\":" + std::to_string(n)));
        CHECK(response.status == 200);
        CHECK(response.body.find("\"index\":" + std::to_string(n - 1)) != std::string::npos);
        CHECK(response.body.find("\"index\":" + std::to_string(n)) == std::string::npos);
    }
    CHECK(on.chat(with(R"("n":128)")).error().message.find("'n' = 128") != std::string::npos);
}

TEST_CASE("stop and max_tokens reach the answer") {
    Fixture on;
    const auto chat = [&](const std::string& fields) {
        return on
            .chat(R"({"model":"amazon-q","messages":[{"role":"user",)"
                  R"("content":"one two three"}],)" +
                  fields + "}")
            .body;
    };
    CHECK(chat(R"("max_tokens":2)").find(R"("content":"one two")") != std::string::npos);
    CHECK(chat(R"("max_tokens":2)").find(R"("finish_reason":"length")") != std::string::npos);
    CHECK(chat(R"("stop":["thr"])").find(R"("content":"one two ")") != std::string::npos);
    CHECK(chat(R"("stop":["thr"])").find(R"("finish_reason":"stop")") != std::string::npos);
}

TEST_CASE("A coded body is refused, an uncoded one is not") {
    Fixture on;
    const Response coded = on.chat(hello, {{"Content-Encoding", "gzip"}});
    CHECK(coded.status == 415);
    CHECK(coded.error().message.find("gzip") != std::string::npos);
    CHECK(on.chat(hello, {{"content-encoding", "Identity"}}).status == 200);
}

TEST_CASE("A failure of the backend before its first piece is a response of its status") {
    Fixture on;
    const Response response = on.chat(with(R"("stream":true)"), {{"x-echo", "error=429"}});
    CHECK(response.status == 429);
    CHECK(response.has("retry-after: 1\r\n"));
    CHECK(response.error().code == "rate_limit_exceeded");
    CHECK(on.chat(hello, {{"x-echo", "nonsense"}}).status == 400);
}

TEST_CASE("Router wants the body of nothing but a chat with a good key") {
    Fixture on({"sk-1"});
    const auto wants = [&](const char* method, const char* target, const Fields& fields) {
        return on.router.wants_body(OwnRequest(method, target, fields).view());
    };
    const Fields key = {{"x-api-key", "sk-1"}};
    CHECK(wants("POST", "/v1/chat/completions", key));
    CHECK(wants("POST", "/chat/completions", key));
    CHECK_FALSE(wants("POST", "/v1/chat/completions", {}));
    CHECK_FALSE(wants("POST", "/v1/chat/completions", {{"x-api-key", "sk"}}));
    CHECK_FALSE(wants("GET", "/v1/chat/completions", key));
    CHECK_FALSE(wants("OPTIONS", "/v1/chat/completions", key));
    CHECK_FALSE(wants("POST", "/v1/models", key));
    CHECK_FALSE(wants("POST", "/nothing", key));
}

TEST_CASE("A request whose body was not waited for is refused with what there is of it") {
    Fixture on({"sk-1"});
    CHECK(on.chat(hello.substr(0, 10)).status == 401);
    CHECK(on.ask("POST", "/v1/models", {{"x-api-key", "sk-1"}}, hello.substr(0, 10)).status == 405);
}

TEST_CASE("What was no request is refused with an error object, and counted") {
    Fixture on;
    for (const uint16_t status :
         std::initializer_list<uint16_t>{400, 408, 413, 414, 417, 431, 501, 505}) {
        const Response response =
            on.response_of(on.router.refuse({status, "the reason, in small letters"}));
        CHECK(response.status == status);
        CHECK(response.error().message == "The reason, in small letters.");
        CHECK(on.path == "-");
        CHECK(on.responses(Route::other, status) == 1);
    }
    CHECK(on.counters.core.errors[static_cast<size_t>(core::Metrics::Kind::refused)].value() == 8);
}

TEST_CASE("A connection over the limit is told to come back") {
    const core::Answer answer = core::shed_answer();
    CHECK(answer.status == 503);
    CHECK(answer.fields.find("retry-after: ") != std::string::npos);
    Response parts;
    parts.content_type = "application/json";
    parts.body = answer.body;
    CHECK(parts.error().type == "server_error");
}

TEST_CASE("Requests do not leave anything behind for the next one") {
    Fixture on;
    const auto body_of = [](Response response) {
        return response.body.substr(response.body.find("\"choices\""));
    };
    const std::string expected = body_of(on.chat(hello));
    (void)on.chat(with(R"("n":3,"max_tokens":1,"stop":["a","b"],"stream":true)"));
    (void)on.chat(with(R"("tools":[{"type":"function","function":{"name":"f"}}],"n":99)"));
    (void)on.chat("{");
    CHECK(body_of(on.chat(hello)) == expected);
}
