#include "net/connection_pool.h"

#include <doctest.h>

#include <atomic>
#include <random>
#include <string>
#include <vector>

#include "client_fixture.h"
#include "scripted_upstream.h"

using net::CallError;
using State = net::HttpCall::State;

TEST_CASE("HttpClient keeps connections and uses the last one again") {
    ScriptedUpstream upstream(answers(small_answer));
    ClientFixture fixture;
    for (int i = 0; i < 5; ++i) CHECK(ask(fixture, upstream.url()).body == "answer");
    CHECK(upstream.connections() == 1);
    CHECK(fixture.client.pool().open_count() == 1);
    SUBCASE("until they were idle for too long") {
        fixture.skip(fixture.limits.idle_timeout + std::chrono::seconds(1));
        CHECK(fixture.client.pool().open_count() == 0);
    }
    SUBCASE("another path of the same place") {
        CHECK(ask(fixture, upstream.url() + "/other").body == "answer");
        CHECK(upstream.connections() == 1);
    }
}

TEST_CASE("HttpClient does not keep what cannot be used again") {
    for (const std::string& answer :
         {std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nanswer"),
          small_answer + "HTTP/1.1 200 OK\r\n", std::string("HTTP/1.0 200 OK\r\n\r\nanswer")}) {
        ScriptedUpstream upstream([&](Peer& peer, int) {
            peer.request();
            peer.send(answer);
        });
        ClientFixture fixture;
        CHECK(ask(fixture, upstream.url()).body == "answer");
        CHECK(ask(fixture, upstream.url()).body == "answer");
        CHECK(upstream.connections() == 2);
        fixture.run_for(10);
        CHECK(fixture.client.pool().open_count() == 0);
    }
}

TEST_CASE("HttpClient bounds the idle connections of an origin") {
    // The connections stay open until all have answered.
    ScriptedUpstream upstream([](Peer& peer, int) {
        peer.request();
        peer.send(small_answer);
        static std::vector<net::Fd> open;
        open.emplace_back(::dup(peer.fd()));
        if (open.size() == 4) open.clear();
    });
    ClientFixture fixture;
    fixture.limits.idle_max = 2;
    CallOwner owners[4];
    for (CallOwner& owner : owners) fixture.start(owner, upstream.url());
    for (CallOwner& owner : owners) CHECK(fixture.finish(owner));
    CHECK(fixture.client.pool().open_count() <= 2);
}

TEST_CASE("HttpClient tries a stale connection's call once more, on a fresh one") {
    ScriptedUpstream upstream([](Peer& peer, int number) {
        peer.request();
        peer.send(small_answer);
        if (number == 0) peer.request();  // then it closes without an answer
        if (number == 1) peer.sees_end();
    });
    ClientFixture fixture;
    CHECK(ask(fixture, upstream.url()).body == "answer");
    const Finished second = ask(fixture, upstream.url(), std::string(200'000, 'y'));
    CHECK(second.state == State::complete);
    CHECK(second.body == "answer");
    CHECK(upstream.connections() == 2);
}

TEST_CASE("HttpClient never tries a call twice more") {
    ScriptedUpstream upstream([](Peer& peer, int number) {
        peer.request();
        if (number != 0) return;
        peer.send(small_answer);
        peer.request();
    });
    ClientFixture fixture;
    CHECK(ask(fixture, upstream.url()).body == "answer");
    CHECK(ask(fixture, upstream.url()).error == CallError::cut);
    CHECK(upstream.connections() == 2);
}

TEST_CASE("HttpClient does not repeat a call that was answered in part") {
    ScriptedUpstream upstream([](Peer& peer, int) {
        peer.request();
        peer.send(small_answer);
        peer.request();
        peer.send("H");
    });
    ClientFixture fixture;
    CHECK(ask(fixture, upstream.url()).body == "answer");
    CHECK(ask(fixture, upstream.url()).error == CallError::cut);
    CHECK(upstream.connections() == 1);
}

TEST_CASE("HttpClient notices that an idle connection was closed") {
    ScriptedUpstream upstream([](Peer& peer, int) {
        peer.request();
        peer.send(small_answer);
    });
    ClientFixture fixture;
    CHECK(ask(fixture, upstream.url()).body == "answer");
    CHECK(fixture.run_until([&] { return fixture.client.pool().open_count() == 0; }));
}

TEST_CASE("HttpClient drops the connection of a call that is destroyed, in every state") {
    std::atomic<bool> closed{false};
    bool is_streaming = false;
    ScriptedUpstream upstream([&](Peer& peer, int) {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n\r\nabc");
        closed = peer.sees_end();
    });
    {
        ClientFixture fixture;
        CallOwner owner;
        SUBCASE("before anything happened") {
            fixture.start(owner, upstream.url());
        }
        SUBCASE("while it streams") {
            fixture.start(owner, upstream.url());
            REQUIRE(fixture.run_until([&] { return owner.body == "abc"; }));
            is_streaming = true;
        }
        owner.call.reset();
        fixture.loop.run_once(test_clock());
        CHECK(fixture.client.pool().open_count() == 0);
        if (is_streaming) CHECK(fixture.run_until([&] { return closed.load(); }));
    }
}

TEST_CASE("HttpClient keeps the connection of a complete call that nobody read") {
    ScriptedUpstream upstream(answers(small_answer));
    ClientFixture fixture;
    CallOwner owner;
    owner.is_pulling = false;
    fixture.start(owner, upstream.url());
    REQUIRE(fixture.finish(owner));
    CHECK(owner.call->peek() == "answer");
    owner.call.reset();
    CHECK(ask(fixture, upstream.url()).body == "answer");
    CHECK(upstream.connections() == 1);
}

TEST_CASE("HttpClient survives calls that are destroyed at any moment") {
    ScriptedUpstream upstream([](Peer& peer, int number) {
        for (int turn = 0; turn < 3 && !peer.request().empty(); ++turn) {
            switch ((number + turn) % 5) {
                case 0:
                    peer.send(small_answer);
                    break;
                case 1:
                    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
                    peer.send("3\r\nabc\r\n0\r\n\r\n");
                    break;
                case 2:
                    peer.send("HTTP/1.1 200");
                    return;
                case 3:
                    peer.reset_on_close();
                    return;
                default:
                    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
                    return;
            }
        }
    });
    std::mt19937 random(7);
    ClientFixture fixture;
    fixture.limits.timeouts.head = std::chrono::milliseconds(20);
    for (int round = 0; round < 300; ++round) {
        CallOwner owners[4];
        for (CallOwner& owner : owners) {
            owner.is_pulling = random() % 4 != 0;
            fixture.start(owner, upstream.url(), std::string(random() % 100'000, 'q'));
        }
        for (auto step = random() % 12; step > 0; --step) {
            if (random() % 6 == 0) owners[random() % 4].call.reset();
            for (CallOwner& owner : owners) {
                if (!owner.call) fixture.start(owner, upstream.url());
            }
            fixture.loop.run_once(test_clock() + std::chrono::microseconds(random() % 500));
        }
    }
    fixture.run_for(50);
    CHECK(fixture.client.pool().open_count() <= fixture.limits.idle_max);
}
