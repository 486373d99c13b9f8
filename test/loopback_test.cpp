// The whole server on a free port, each worker with a thread of its own, and real sockets.

#include <doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/echo_backend.h"
#include "core/options.h"
#include "core/router.h"
#include "net/server.h"
#include "net/signals.h"
#include "raw_client.h"

using core::Options;
using net::Endpoint;
using net::Milliseconds;
using test::RawClient;
using test::RawResponse;

namespace {

// As in main.cpp: one event loop and all that lives on it.
class Worker final : public net::StopFlag::Target {
public:
    Worker(const Options& options, const core::ApiKeys& keys,
           const std::vector<const core::WorkerCounters*>& all, net::Fd socket)
        : options_(options),
          log_(loop_.timers(), options.log_level, options.log_format),
          backend_(loop_.timers(), options.echo, "echo", 1750145000),
          services_{loop_.timers(), options.core, counters_.core, log_},
          router_({keys, backend_, services_, counters_.core, all}),
          server_(loop_, router_, std::move(socket), options.net, counters_.net, log_,
                  {core::shed_answer().fields, core::shed_answer().body}),
          stop_(loop_, *this) {}

    void run() { loop_.run(); }
    void stop() { stop_.raise(); }
    bool was_cut() const { return server_.was_cut(); }
    const core::WorkerCounters& counters() const { return counters_; }

private:
    void stop_requested() override {
        router_.drain();
        server_.drain(options_.core.drain_timeout);
    }

    const Options& options_;
    core::WorkerCounters counters_;
    net::EventLoop loop_;
    net::Log log_;
    core::EchoBackend backend_;
    core::ChatServices services_;
    core::Router router_;
    net::Server server_;
    net::StopFlag stop_;
};

class LiveServer {
public:
    explicit LiveServer(Options options = {}, size_t workers = 1)
        : options_(std::move(options)), keys_(options_.api_keys) {
        options_.log_level = net::LogLevel::error;
        for (net::Fd& socket : net::listen_on(endpoint_, workers, 1000)) {
            workers_.push_back(
                std::make_unique<Worker>(options_, keys_, counters_, std::move(socket)));
        }
        for (const auto& worker : workers_) counters_.push_back(&worker->counters());
        for (const auto& worker : workers_) threads_.emplace_back([&] { worker->run(); });
    }
    ~LiveServer() {
        begin_drain();
        join();
    }

    void begin_drain() {
        for (const auto& worker : workers_) worker->stop();
    }
    void join() {
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
    }
    bool was_cut() const { return workers_[0]->was_cut(); }

    const Endpoint& endpoint() const { return endpoint_; }
    uint64_t open() const {
        uint64_t sum = 0;
        for (const auto* counters : counters_) sum += counters->net.connections_open.value();
        return sum;
    }
    uint64_t streams_open() const {
        uint64_t sum = 0;
        for (const auto* counters : counters_) sum += counters->core.streams_open.value();
        return sum;
    }
    const core::WorkerCounters& counters(size_t worker = 0) const { return *counters_[worker]; }

    // Waits until `is_so`, for a few seconds at most.
    static bool eventually(const std::function<bool()>& is_so) {
        for (int i = 0; i < 5000 && !is_so(); ++i) {
            std::this_thread::sleep_for(Milliseconds(1));
        }
        return is_so();
    }

private:
    Options options_;
    core::ApiKeys keys_;
    Endpoint endpoint_ = Endpoint::of("127.0.0.1", 0);
    std::vector<const core::WorkerCounters*> counters_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::thread> threads_;
};

std::string chat(std::string_view text, bool is_stream, std::string_view fields = "") {
    const std::string body =
        R"({"model":"echo","stream":)" + std::string(is_stream ? "true" : "false") +
        R"(,"messages":[{"role":"user","content":")" + std::string(text) + "\"}]}";
    return "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// The answer's bytes without those that change from answer to answer.
std::string steady(const RawResponse& response) {
    std::string text = std::to_string(response.status) + response.body;
    for (const auto& [before, digits] :
         {std::pair<std::string, size_t>{"\"chatcmpl-", 16}, {"\"created\":", 10}}) {
        for (size_t at = 0; (at = text.find(before, at)) != std::string::npos;) {
            at += before.size();
            text.replace(at, digits, "_");
        }
    }
    return text;
}

// The content of a streamed or a whole answer, of plain words.
std::string content_of(std::string_view body) {
    std::string content;
    const std::string_view mark = "\"content\":\"";
    for (size_t at = 0; (at = body.find(mark, at)) != std::string_view::npos;) {
        at += mark.size();
        content += body.substr(at, body.find('"', at) - at);
    }
    return content;
}

Options with_script(std::string_view list) {
    Options options;
    std::string problem;
    REQUIRE(options.echo.apply(list, problem));
    return options;
}

}  // namespace

TEST_CASE("The server answers whole and streamed on one connection") {
    LiveServer server;
    RawClient client(server.endpoint());
    REQUIRE(client.is_connected());
    const RawResponse whole = client.ask(chat("Hello big world", false));
    CHECK(whole.status == 200);
    CHECK(whole.is_whole);
    CHECK(content_of(whole.body) == "Hello big world");
    const RawResponse stream = client.ask(chat("Hello big world", true));
    CHECK(stream.field("Content-Type") == "text/event-stream; charset=utf-8");
    CHECK(stream.is_whole);
    CHECK(content_of(stream.body) == "Hello big world");
    CHECK(stream.body.ends_with("data: [DONE]\n\n"));
    CHECK(server.counters().net.connections_accepted.value() == 1);
}

TEST_CASE("A request split at any byte gets the same answer") {
    LiveServer server;
    for (const bool is_stream : {false, true}) {
        const std::string request = chat("one two", is_stream);
        RawClient reference(server.endpoint());
        const std::string expected = steady(reference.ask(request));
        RawClient client(server.endpoint());
        for (size_t border = 1; border < request.size(); ++border) {
            REQUIRE(client.send(std::string_view(request).substr(0, border)));
            // Let the first piece be read on its own more often than not.
            if (border % 8 == 0) std::this_thread::sleep_for(Milliseconds(1));
            REQUIRE(client.send(std::string_view(request).substr(border)));
            REQUIRE(steady(client.receive()) == expected);
        }
    }
}

TEST_CASE("Requests that come byte for byte are answered") {
    LiveServer server;
    RawClient client(server.endpoint());
    for (const char byte : chat("drip", true)) REQUIRE(client.send({&byte, 1}));
    CHECK(content_of(client.receive().body) == "drip");
}

TEST_CASE("Fifty pipelined requests are answered in their order") {
    LiveServer server;
    RawClient client(server.endpoint());
    std::string requests;
    for (int i = 0; i < 50; ++i) requests += chat("request-" + std::to_string(i), i % 2 == 0);
    CHECK(client.send(requests));
    for (int i = 0; i < 50; ++i) {
        const RawResponse response = client.receive();
        REQUIRE(response.is_whole);
        CHECK(content_of(response.body) == "request-" + std::to_string(i));
    }
}

TEST_CASE("A large body and a large answer pass") {
    LiveServer server;
    RawClient client(server.endpoint());
    std::string text;
    while (text.size() < 3'000'000) text += "word" + std::to_string(text.size()) + ' ';
    std::thread sender([&] { CHECK(client.send(chat(text, false))); });
    const RawResponse response = client.receive();
    sender.join();
    CHECK(response.is_whole);
    CHECK(content_of(response.body) == text);
}

TEST_CASE("Sixty-four paced streams at once all complete") {
    LiveServer server(with_script("interval=2; delay=5"));
    std::vector<RawClient> clients;
    for (int i = 0; i < 64; ++i) {
        clients.emplace_back(server.endpoint());
        REQUIRE(clients.back().send(chat("a b c d e f g h i j " + std::to_string(i), true)));
    }
    for (int i = 0; i < 64; ++i) {
        const RawResponse response = clients[static_cast<size_t>(i)].receive();
        REQUIRE(response.is_whole);
        CHECK(content_of(response.body) == "a b c d e f g h i j " + std::to_string(i));
    }
    CHECK(LiveServer::eventually([&] { return server.streams_open() == 0; }));
    CHECK(server.counters().core.streams.value() == 64);
}

TEST_CASE("Draining lets a running stream finish, and accepts no one else") {
    LiveServer server(with_script("interval=20"));
    RawClient busy(server.endpoint()), idle(server.endpoint());
    CHECK(busy.send(chat("a b c d e f g h i j", true)));
    const std::string beginning = busy.receive_up_to("\"a\"");
    CHECK_FALSE(beginning.empty());
    server.begin_drain();
    CHECK(idle.receive_to_end().empty());
    CHECK(LiveServer::eventually([&] { return !RawClient(server.endpoint()).is_connected(); }));
    const std::string rest = busy.receive_to_end();
    CHECK(content_of(rest) == " b c d e f g h i j");
    CHECK(rest.find("data: [DONE]\n\n") != std::string::npos);
    CHECK(rest.ends_with("\r\n0\r\n\r\n"));
    busy.close();
    server.join();
    CHECK_FALSE(server.was_cut());
    CHECK(server.open() == 0);
}

TEST_CASE("Draining cuts a stream that does not end in time") {
    Options options = with_script("stall-after=1");
    options.core.drain_timeout = Milliseconds(50);
    LiveServer server(options);
    RawClient client(server.endpoint());
    CHECK(client.send(chat("a b c", true)));
    CHECK_FALSE(client.receive_up_to("\"a\"").empty());
    server.begin_drain();
    server.join();
    CHECK(server.was_cut());
}

TEST_CASE("Two workers share a port, and each keeps its own connections") {
    LiveServer server({}, 2);
    std::vector<RawClient> clients;
    for (int i = 0; i < 64; ++i) clients.emplace_back(server.endpoint());
    for (RawClient& client : clients) CHECK(client.send(chat("hello", true)));
    for (RawClient& client : clients) CHECK(content_of(client.receive().body) == "hello");
    const uint64_t first = server.counters(0).net.connections_accepted.value();
    const uint64_t second = server.counters(1).net.connections_accepted.value();
    CHECK(first + second == 64);
    CHECK(first != 0);
    CHECK(second != 0);
    // Any of them shows the sums of both.
    const RawResponse metrics = clients[0].ask("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(metrics.body.find("streams_total{backend=\"echo\"} 64\n") != std::string::npos);
    clients.clear();
    CHECK(LiveServer::eventually([&] { return server.open() == 0; }));
}

TEST_CASE("A client that aborts in mid-stream leaves nothing behind") {
    LiveServer server(with_script("interval=5"));
    std::vector<RawClient> clients;
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "word ";
    for (int i = 0; i < 24; ++i) {
        clients.emplace_back(server.endpoint());
        CHECK(clients.back().send(chat(text, true)));
        CHECK_FALSE(clients.back().receive_up_to("\"word\"").empty());
    }
    CHECK(server.streams_open() == 24);
    for (size_t i = 0; i < clients.size(); ++i) {
        if (i % 3 == 0) clients[i].abort();
        if (i % 3 == 1) clients[i].close();
        if (i % 3 == 2) clients[i].half_close();
    }
    CHECK(LiveServer::eventually([&] { return server.streams_open() == 0; }));
    CHECK(LiveServer::eventually([&] { return server.open() == 0; }));
    CHECK(server.counters().net.clients_gone.value() == 24);
    // And the server goes on.
    RawClient next(server.endpoint());
    CHECK(next.ask("GET /health HTTP/1.1\r\nHost: h\r\n\r\n").status == 200);
}

TEST_CASE("A client that does not read holds up nobody else") {
    LiveServer server(with_script("tokens=1000000"));
    RawClient stuck(server.endpoint());
    CHECK(stuck.send(chat("word", true)));
    CHECK_FALSE(stuck.receive_up_to("\"word\"").empty());
    for (int i = 0; i < 20; ++i) {
        RawClient client(server.endpoint());
        CHECK(client.ask("GET /health HTTP/1.1\r\nHost: h\r\n\r\n").status == 200);
    }
    CHECK(server.streams_open() == 1);
    // Far less than the whole answer has left: the rest was never made.
    CHECK(server.counters().net.bytes_sent.value() < 100'000'000);
    stuck.abort();
    CHECK(LiveServer::eventually([&] { return server.streams_open() == 0; }));
}

TEST_CASE("A refusal reaches a client that is still sending") {
    Options options;
    options.net.body_bytes_max = 1000;
    LiveServer server(options);
    for (int i = 0; i < 20; ++i) {
        RawClient client(server.endpoint());
        CHECK(
            client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n"
                        "Content-Length: 500000\r\n\r\n"));
        (void)client.send(std::string(500'000, 'x'));
        const RawResponse response = client.receive();
        CHECK(response.status == 413);
        CHECK(response.is_whole);
    }
    CHECK(LiveServer::eventually([&] { return server.open() == 0; }));
}

TEST_CASE("Timeouts end connections on the real clock too") {
    Options options;
    options.net.head_timeout = Milliseconds(30);
    options.net.keep_alive_timeout = Milliseconds(40);
    LiveServer server(options);
    RawClient silent(server.endpoint()), half(server.endpoint()), idle(server.endpoint());
    CHECK(half.send("GET /health HTT"));
    CHECK(idle.ask("GET /health HTTP/1.1\r\nHost: h\r\n\r\n").status == 200);
    CHECK(half.receive().status == 408);
    CHECK(silent.receive_to_end().empty());
    CHECK(idle.receive_to_end().empty());
    half.close();
    CHECK(LiveServer::eventually([&] { return server.open() == 0; }));
}
