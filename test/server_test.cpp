#include "net/server.h"

#include <doctest.h>

#include <string>
#include <vector>

#include "raw_client.h"
#include "scripted_handler.h"

using net::Endpoint;
using net::EventLoop;
using net::Milliseconds;
using net::Server;
using test::RawClient;
using test::RawResponse;

namespace {

// A server whose loop the test turns; the clients' sockets are real.
struct Fixture {
    explicit Fixture(uint32_t connections_max = 100) {
        limits.connections_max = connections_max;
        server.emplace(loop, handler, std::move(net::listen_on(endpoint, 1, 100)[0]), limits,
                       counters, log, net::Server::ShedAnswer{"retry-after: 1\r\n", "full"});
    }

    template <class Question>
    bool until(Question is_done) {
        for (int i = 0; i < 200 && !is_done(); ++i) {
            loop.run_once(std::chrono::steady_clock::now() + Milliseconds(5));
        }
        return is_done();
    }
    bool until_open(uint64_t count) {
        return until([&] { return counters.connections_open.value() == count; });
    }
    // Sends a request and turns the loop until it was opened.
    void begin(RawClient& client) {
        const size_t before = handler.opened.size();
        CHECK(client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n"));
        CHECK(until([&] { return handler.opened.size() == before + 1; }));
        loop.run_once(net::TimePoint{});
    }

    Endpoint endpoint = Endpoint::of("127.0.0.1", 0);
    net::Limits limits;
    EventLoop loop;
    net::Log log{loop.timers(), net::LogLevel::error, net::LogFormat::text};
    net::Counters counters;
    test::ScriptedHandler handler;
    std::optional<Server> server;
};

const test::Script waiting = {test::start_stream(), test::write("a"), test::wait(),
                              test::write("b"), test::finish()};

}  // namespace

TEST_CASE("Server answers those it has room for, and tells the others that it is full") {
    Fixture on(2);
    std::vector<RawClient> clients;
    for (int i = 0; i < 3; ++i) clients.emplace_back(on.endpoint);
    CHECK(on.until([&] { return on.counters.connections_shed.value() == 1; }));
    CHECK(on.counters.connections_open.value() == 2);
    CHECK(on.counters.connections_accepted.value() == 2);
    const RawResponse refused = clients[2].receive();
    CHECK(refused.status == 503);
    CHECK(refused.body == "full");
    CHECK(clients[2].receive_to_end().empty());

    // When one goes there is room for another, in the same slot.
    clients[0].close();
    CHECK(on.until_open(1));
    RawClient next(on.endpoint);
    CHECK(on.until_open(2));
    on.begin(next);
    CHECK(next.receive().status == 200);
}

TEST_CASE("Server lives through many clients that come and go") {
    Fixture on;
    for (int round = 0; round < 20; ++round) {
        std::vector<RawClient> clients;
        for (int i = 0; i < 10; ++i) clients.emplace_back(on.endpoint);
        CHECK(on.until_open(10));
        for (size_t i = 0; i < clients.size(); ++i) {
            if (i % 3 == 0) clients[i].abort();
            if (i % 3 == 1) clients[i].close();
        }
        clients.clear();
        CHECK(on.until_open(0));
    }
    CHECK(on.counters.connections_accepted.value() == 200);
}

TEST_CASE("Draining a server without connections stops the loop at once") {
    Fixture on;
    on.server->drain(Milliseconds(1000));
    on.loop.run();
    CHECK_FALSE(on.server->was_cut());
    CHECK_FALSE(RawClient(on.endpoint).is_connected());
}

TEST_CASE("Draining ends idle connections and waits for the others") {
    Fixture on;
    on.handler.scripts = {waiting};
    RawClient busy(on.endpoint), idle(on.endpoint);
    on.begin(busy);
    CHECK(on.until_open(2));
    on.server->drain(std::chrono::hours(1));
    on.server->drain(Milliseconds(0));  // the first one counts
    CHECK(on.until_open(1));
    CHECK(idle.receive_to_end().empty());
    on.handler.wake();
    CHECK(on.until([&] { return on.handler.alive == 0; }));
    const RawResponse response = busy.receive();
    CHECK(response.body == "ab");
    CHECK(response.is_whole);
    CHECK(busy.receive_to_end().empty());
    busy.close();
    on.loop.run();
    CHECK(on.counters.connections_open.value() == 0);
    CHECK_FALSE(on.server->was_cut());
}

TEST_CASE("Draining cuts what is not done at its deadline") {
    Fixture on;
    on.handler.scripts = {waiting};
    RawClient busy(on.endpoint);
    on.begin(busy);
    on.server->drain(Milliseconds(20));
    on.loop.run();
    CHECK(on.server->was_cut());
    on.server.reset();
    CHECK(on.handler.alive == 0);
    CHECK(on.counters.connections_open.value() == 0);
    CHECK_FALSE(busy.receive().is_whole);
}

TEST_CASE("A server may go with connections in every state") {
    Fixture on;
    on.handler.scripts = {waiting, test::answer("done")};
    RawClient waits(on.endpoint), done(on.endpoint), half(on.endpoint), silent(on.endpoint);
    on.begin(waits);
    on.begin(done);
    CHECK(half.send("POST /x HTTP/1.1\r\nContent-"));
    CHECK(on.until_open(4));
    on.server.reset();
    CHECK(on.handler.alive == 0);
    CHECK(on.counters.connections_open.value() == 0);
    on.loop.run_once(net::TimePoint{});
}
