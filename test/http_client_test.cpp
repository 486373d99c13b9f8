#include "net/http_client.h"

#include <doctest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "client_fixture.h"
#include "scripted_upstream.h"

using net::CallError;
using State = net::HttpCall::State;

TEST_CASE("HttpClient sends a request and receives the response") {
    SharedText seen;
    ScriptedUpstream upstream([&](Peer& peer, int) {
        seen.set(peer.request());
        peer.send(
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nwait");
        peer.sees_end();
    });
    {
        ClientFixture fixture;
        CallOwner owner;
        const net::Url url = fixture.url(upstream.url() + "/base/");
        net::CallRequest request{
            .url = url, .path = "/ask?x=1", .fields = "A: b\r\n", .body = "h", .body_end = "i"};
        owner.call = fixture.client.start(request, {fixture.loop.ready(), owner});
        CHECK(owner.call->state() == State::connecting);
        REQUIRE(fixture.finish(owner));
        CHECK(owner.call->state() == State::complete);
        CHECK(owner.call->status() == 429);
        CHECK(owner.call->field("retry-after") == "7");
        owner.call->drop_fields();
        CHECK(owner.call->field("retry-after").empty());
        owner.pull();
        CHECK(owner.body == "wait");
        CHECK(owner.call->failure().error == CallError::none);
    }
    CHECK(seen.get() ==
          "POST /base/ask?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(upstream.port()) +
              "\r\nA: b\r\nContent-Length: 2\r\n\r\nhi");
}

TEST_CASE("HttpClient understands every framing, also byte by byte") {
    const std::string head = "HTTP/1.1 200 OK\r\n";
    for (const std::string& answer :
         {head + "Content-Length: 6\r\n\r\nanswer",
          head + "Transfer-Encoding: chunked\r\n\r\n2\r\nan\r\n4;x=y\r\nswer\r\n0\r\nA: b\r\n\r\n",
          head + "\r\nanswer", "HTTP/1.1 100 Continue\r\n\r\n" + head + "\r\nanswer"}) {
        CAPTURE(answer);
        ScriptedUpstream upstream([&](Peer& peer, int number) {
            peer.request();
            if (number % 2 == 0) {
                peer.send(answer);
            } else {
                peer.send_bytewise(answer);
            }
        });
        ClientFixture fixture;
        for (int i = 0; i < 2; ++i) {
            const Finished finished = ask(fixture, upstream.url());
            CHECK(finished.state == State::complete);
            CHECK(finished.body == "answer");
        }
    }
}

TEST_CASE("HttpClient sends a large body") {
    std::atomic<size_t> received{0};
    ScriptedUpstream upstream([&](Peer& peer, int) {
        received = peer.request().size();
        peer.send(small_answer);
        peer.sees_end();
    });
    {
        ClientFixture fixture;
        const Finished finished = ask(fixture, upstream.url(), std::string(8 << 20, 'x'));
        CHECK(finished.state == State::complete);
    }
    CHECK(received > 8 << 20);
}

TEST_CASE("HttpClient hears an upstream that refuses before it has read the request") {
    ScriptedUpstream upstream([&](Peer& peer, int) {
        peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
        ::shutdown(peer.fd(), SHUT_WR);
        peer.sees_end();
    });
    ClientFixture fixture;
    const Finished finished = ask(fixture, upstream.url(), std::string(32 << 20, 'x'));
    CHECK(finished.state == State::complete);
    CHECK(finished.status == 413);
    CHECK(finished.body == "no");
    fixture.run_for(20);
    CHECK(fixture.client.pool().open_count() == 0);
}

TEST_CASE("HttpClient says why there is no connection") {
    uint16_t port = 0;
    {
        ScriptedUpstream upstream([](Peer&, int) {});
        port = upstream.port();
    }
    ClientFixture fixture;
    CallOwner owner;
    fixture.start(owner, "http://127.0.0.1:" + std::to_string(port));
    REQUIRE(fixture.finish(owner));
    CHECK(owner.call->failure().error == CallError::connect);
    CHECK(owner.call->failure().text ==
          "no connection to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST_CASE("HttpClient tries all addresses") {
    // Only one of the two addresses of localhost answers.
    for (const int family : {AF_INET, AF_INET6}) {
        ScriptedUpstream upstream(answers(small_answer), family);
        ClientFixture fixture;
        const Finished finished =
            ask(fixture, "http://localhost:" + std::to_string(upstream.port()));
        CHECK(finished.state == State::complete);
    }
}

TEST_CASE("HttpClient reports a response that is cut") {
    for (const std::string& answer :
         {std::string(), std::string("HTTP/1.1 20"), std::string("HTTP/1.1 200 OK\r\nA: b\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nansw"),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nansw\r\n")}) {
        for (const bool resets : {false, true}) {
            CAPTURE(answer);
            ScriptedUpstream upstream([&](Peer& peer, int) {
                peer.request();
                peer.send(answer);
                if (resets) peer.reset_on_close();
            });
            ClientFixture fixture;
            const Finished finished = ask(fixture, upstream.url());
            CHECK(finished.state == State::failed);
            CHECK(finished.error == CallError::cut);
            CHECK(upstream.connections() == 1);  // a fresh connection is never tried again
        }
    }
}

TEST_CASE("HttpClient refuses a malformed or oversized response") {
    for (const std::string& answer :
         {std::string("SSH-2.0-OpenSSH_9\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
          "HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'x') + "\r\n\r\n",
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
        ScriptedUpstream upstream([&](Peer& peer, int) {
            peer.request();
            peer.send(answer);
            peer.sees_end();
        });
        ClientFixture fixture;
        const Finished finished = ask(fixture, upstream.url());
        CHECK(finished.error == CallError::malformed);
    }
}

TEST_CASE("HttpClient gives up after each of its timeouts") {
    ClientFixture fixture;
    const auto expect = [&](CallOwner& owner, CallError error, const char* text) {
        REQUIRE(fixture.finish(owner));
        CHECK(owner.call->failure().error == error);
        CHECK(owner.call->failure().text.find(text) != std::string::npos);
    };
    SUBCASE("head") {
        ScriptedUpstream upstream([](Peer& peer, int) {
            peer.request();
            peer.send("HTTP/1.1 200 OK\r\nA: ");
            peer.sees_end();
        });
        CallOwner owner;
        fixture.start(owner, upstream.url());
        REQUIRE(fixture.run_until([&] { return owner.call->state() == State::waiting; }));
        fixture.run_for(20);
        fixture.skip(std::chrono::seconds(119));
        CHECK(owner.call->state() == State::waiting);
        fixture.skip(std::chrono::seconds(2));
        expect(owner, CallError::head_timeout, "did not answer within 120 s");
        fixture.run_for(10);
        CHECK(fixture.client.pool().open_count() == 0);
    }
    SUBCASE("silence") {
        ScriptedUpstream upstream([](Peer& peer, int) {
            peer.request();
            peer.send("HTTP/1.1 200 OK\r\n\r\nabc");
            peer.sees_end();
        });
        CallOwner owner;
        fixture.start(owner, upstream.url());
        REQUIRE(fixture.run_until([&] { return owner.body == "abc"; }));
        fixture.skip(std::chrono::seconds(119));
        CHECK(owner.call->state() == State::streaming);
        fixture.skip(std::chrono::seconds(2));
        expect(owner, CallError::silence, "fell silent for 120 s");
    }
    SUBCASE("in all") {
        fixture.limits.timeouts.total = std::chrono::seconds(100);
        ScriptedUpstream upstream([](Peer& peer, int) {
            peer.request();
            peer.send("HTTP/1.1 200 OK\r\n\r\n");
            while (peer.send("x")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        });
        CallOwner owner;
        fixture.start(owner, upstream.url());
        REQUIRE(fixture.run_until([&] { return owner.body.size() > 2; }));
        fixture.skip(std::chrono::seconds(99));
        CHECK(owner.call->state() == State::streaming);
        fixture.skip(std::chrono::seconds(2));
        expect(owner, CallError::total_timeout, "took more than 100 s");
    }
}

TEST_CASE("HttpClient does not read for an owner that does not pull") {
    std::atomic<size_t> sent{0};
    ScriptedUpstream upstream([&](Peer& peer, int) {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const int small = 16 * 1024;
        ::setsockopt(peer.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        const std::string chunk = "2000\r\n" + std::string(0x2000, 'z') + "\r\n";
        for (int i = 0; i < 4096 && peer.send(chunk); ++i) sent += 0x2000;
        peer.send("0\r\n\r\n");
    });
    ClientFixture fixture;
    CallOwner owner;
    owner.is_pulling = false;
    fixture.start(owner, upstream.url());
    REQUIRE(fixture.run_until(
        [&] { return owner.call->peek().size() == fixture.limits.window_bytes; }));
    size_t stuck = 0;
    do {
        stuck = sent;
        fixture.run_for(50);
    } while (sent != stuck);
    CHECK(stuck < (16 << 20));  // the kernel's buffers and no more
    SUBCASE("and does not take the upstream for silent") {
        fixture.skip(std::chrono::seconds(600));
        CHECK(owner.call->state() == State::streaming);
        owner.is_pulling = true;
        owner.pull();
        REQUIRE(fixture.finish(owner));
        owner.pull();
        CHECK(owner.body.size() == 4096 * 0x2000);
    }
    SUBCASE("and reads on when it wants more in one piece") {
        CHECK_FALSE(owner.call->widen(2 << 20));
        CHECK(owner.call->widen(300'000));
        CHECK(fixture.run_until([&] { return owner.call->peek().size() == 300'000; }));
    }
    SUBCASE("and reads on after a small piece was consumed") {
        owner.call->consume(1000);
        CHECK(fixture.run_until(
            [&] { return owner.call->peek().size() == fixture.limits.window_bytes; }));
    }
    SUBCASE("and drops the connection with the call") {
        owner.call.reset();
        fixture.loop.run_once(test_clock());
        CHECK(fixture.client.pool().open_count() == 0);
    }
}

TEST_CASE("HttpClient receives what begins before what goes on") {
    std::atomic<int> said{0};
    std::atomic<int> wanted{0};
    const auto say = [&](Peer& peer, int turn, std::string_view text) {
        while (wanted < turn) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        peer.send(text);
        said = turn;
    };
    ScriptedUpstream streaming([&](Peer& peer, int) {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n\r\nfirst");
        say(peer, 1, "second");
        say(peer, 3, "third");
        say(peer, 5, "fourth");
        peer.sees_end();
    });
    ScriptedUpstream beginning([&](Peer& peer, int) {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n\r\nprologue");  // what the owner has no use for
        say(peer, 2, "first");
        say(peer, 4, "second");
        say(peer, 6, "third");
        peer.sees_end();
    });
    {
        ClientFixture fixture;
        CallOwner going, begun;
        std::vector<const CallOwner*> pumped;
        going.pumped = begun.pumped = &pumped;
        fixture.start(going, streaming.url());
        REQUIRE(fixture.run_until([&] { return going.body == "first"; }));
        begun.set_urgent(true);
        fixture.start(begun, beginning.url());
        REQUIRE(fixture.run_until([&] { return begun.body == "prologue"; }));
        // Each time the one that goes on has spoken before the other.
        const auto hear = [&](int turn) {
            pumped.clear();
            for (const int next : {turn, turn + 1}) {
                wanted = next;
                while (said < next) std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
            fixture.run_for(20);
            return pumped;
        };
        CHECK(hear(1) == std::vector<const CallOwner*>{&begun, &going});
        begun.set_urgent(false);
        CHECK(hear(3) == std::vector<const CallOwner*>{&begun, &going});  // at once for the next
        CHECK(hear(5) == std::vector<const CallOwner*>{&going, &begun});
    }
}

TEST_CASE("HttpClient refuses requests that could smuggle") {
    ClientFixture fixture;
    const net::Url url = fixture.url("http://127.0.0.1:1");
    CallOwner good;
    good.call =
        fixture.client.start({.url = url, .fields = "A: b\r\n"}, {fixture.loop.ready(), good});
    CHECK(good.call->state() == State::connecting);
    good.call.reset();
    for (const char* fields : {"A: b", "A: b\r\n\r\n", "A: b\nC: d\r\n", "\r\n", "A: \x01\r\n",
                               "A: b\r\n\r\nGET / HTTP/1.1\r\n", "A: b\r\n "}) {
        CallOwner owner;
        owner.call =
            fixture.client.start({.url = url, .fields = fields}, {fixture.loop.ready(), owner});
        CHECK(owner.call->state() == State::failed);
        CHECK(owner.call->failure().error == CallError::request);
        fixture.loop.run_once(test_clock());
        CHECK(owner.wakeups == 1);
    }
    CallOwner owner;
    owner.call = fixture.client.start({.url = url, .path = "/a b"}, {fixture.loop.ready(), owner});
    CHECK(owner.call->failure().error == CallError::request);
}

TEST_CASE("HttpClient says that https is not possible without TLS") {
    ClientFixture fixture;
    CallOwner owner;
    fixture.start(owner, "https://127.0.0.1:1");
    CHECK(owner.call->failure().error == CallError::request);
    CHECK(owner.call->failure().text.find("https is not possible") == 0);
}

TEST_CASE("HttpClient gives a proxy the whole URL of an http upstream") {
    SharedText seen;
    ScriptedUpstream proxy([&](Peer& peer, int) {
        seen.set(peer.request());
        peer.send(small_answer);
    });
    ClientFixture fixture(net::ProxySettings(
        "http://me:pass@127.0.0.1:" + std::to_string(proxy.port()), "", "other.example"));
    CHECK(ask(fixture, "http://upstream.example:81/v1").body == "answer");
    CHECK(seen.get().find("POST http://upstream.example:81/v1/ask HTTP/1.1\r\n"
                          "Host: upstream.example:81\r\n"
                          "Proxy-Authorization: Basic bWU6cGFzcw==\r\n") == 0);
}
