// Connection over a socketpair: the loop's clock is the test's, the exchanges follow scripts.

#include "net/connection.h"

#include <doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "captured_stderr.h"
#include "manual_clock.h"
#include "scripted_handler.h"

using net::Connection;
using net::Fd;
using net::Milliseconds;
using test::abort_it;
using test::answer;
using test::finish;
using test::flood;
using test::ManualClock;
using test::more;
using test::Script;
using test::start_known;
using test::start_stream;
using test::wait;
using test::wake_at;
using test::write;

namespace {

// The other end of a connection.
class Client {
public:
    explicit Client(Fd socket) : socket_(std::move(socket)) {}

    // As much as the kernel takes; says how much.
    size_t send(std::string_view bytes) {
        const ssize_t count = ::send(socket_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        return count > 0 ? static_cast<size_t>(count) : 0;
    }

    // All that has arrived since the last call.
    std::string take() {
        std::string text;
        char bytes[16 * 1024];
        ssize_t count;
        while ((count = ::recv(socket_.value(), bytes, sizeof bytes, 0)) > 0) {
            text.append(bytes, static_cast<size_t>(count));
        }
        if (count == 0) saw_end_ = true;
        return text;
    }

    // A little of what has arrived; says how much.
    size_t take_some(size_t bytes_max) {
        std::string bytes(bytes_max, '\0');
        const ssize_t count = ::recv(socket_.value(), bytes.data(), bytes.size(), 0);
        return count > 0 ? static_cast<size_t>(count) : 0;
    }

    // Whether the server has closed its side; reads what is there.
    bool saw_end() {
        (void)take();
        return saw_end_;
    }

    void half_close() { ::shutdown(socket_.value(), SHUT_WR); }
    void close() { socket_.reset(); }

private:
    Fd socket_;
    bool saw_end_ = false;
};

class Fixture final : public net::ConnectionOwner {
public:
    Client connect() {
        if (!workspace) {
            workspace.emplace(loop, handler, limits, counters, log);
        }
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        if (send_buffer_bytes != 0) {
            ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes,
                         sizeof send_buffer_bytes);
        }
        sockaddr_storage address{};
        auto& v4 = reinterpret_cast<sockaddr_in&>(address);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(4321);
        v4.sin_addr.s_addr = htonl(0x7F000001);
        const auto slot = static_cast<uint32_t>(connections.size());
        connections.push_back(std::make_unique<Connection>(*workspace, *this, slot, Fd(ends[0]),
                                                           net::Peer::of(address)));
        REQUIRE(connections.back()->start());
        settle();
        return Client(Fd(ends[1]));
    }

    void turn() { loop.run_once(net::TimePoint{}); }  // never sleeps
    // Until nothing happens any more.
    void settle() {
        for (int i = 0; i < 8; ++i) turn();
        while (!loop.ready().empty()) turn();
    }
    void pass(Milliseconds duration) {
        ManualClock::pass(duration);
        settle();
    }
    // Sends, and returns what comes back at once.
    std::string exchange(Client& peer, std::string_view bytes) {
        CHECK(peer.send(bytes) == bytes.size());
        settle();
        return peer.take();
    }

    void erase(uint32_t slot) override {
        connections[slot].reset();
        ++erased;
    }
    bool is_alive(size_t slot = 0) const { return connections[slot] != nullptr; }
    uint64_t open() const { return counters.connections_open.value(); }
    int count(const std::string& event) const {
        int n = 0;
        for (const std::string& happened : handler.events) n += happened == event ? 1 : 0;
        return n;
    }

    ManualClock clock;
    net::EventLoop loop{ManualClock::now};
    net::Log log{loop.timers(), net::LogLevel::error, net::LogFormat::text};
    net::Counters counters;
    net::Limits limits;  // to be changed before the first connect()
    test::ScriptedHandler handler;
    std::optional<net::Workspace> workspace;
    int send_buffer_bytes = 0;
    int erased = 0;
    std::vector<std::unique_ptr<Connection>> connections;
};

// What happens once, in the next turn of the loop: when those have been pumped whom its events have
// woken, and before those whom they wake.
class Later final : public net::Task {
public:
    Later(Fixture& on, std::function<void()> event) : on_(on), event_(std::move(event)) {
        set_urgent(true);  // as those are whose requests come
        on_.loop.ready().post(*this);
    }
    void pump() override {
        if (std::exchange(is_second_, true)) return event_();
        on_.loop.ready().post(*this);
    }

private:
    Fixture& on_;
    const std::function<void()> event_;
    bool is_second_ = false;
};

std::string get(std::string_view path = "/a", std::string_view fields = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

std::string post(std::string_view body, std::string_view fields = "") {
    return "POST /p HTTP/1.1\r\nHost: h\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// A response with what changes from run to run blotted out.
std::string steady(std::string text) {
    for (const std::string field : {"\r\nDate: ", "\r\nx-request-id: "}) {
        for (size_t at = 0; (at = text.find(field, at)) != std::string::npos;) {
            at += field.size();
            text.replace(at, text.find('\r', at) - at, "_");
        }
    }
    return text;
}

std::string response(std::string_view body, std::string_view connection = "keep-alive",
                     std::string_view status = "200 OK") {
    return "HTTP/1.1 " + std::string(status) +
           "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nConnection: " + std::string(connection) + "\r\nDate: _\r\nx-request-id: _\r\n\r\n" +
           std::string(body);
}

std::string stream_head(std::string_view connection = "keep-alive", bool is_chunked = true) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n") +
           (is_chunked ? "Transfer-Encoding: chunked\r\n" : "") +
           "Connection: " + std::string(connection) + "\r\nDate: _\r\nx-request-id: _\r\n\r\n";
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("Connection answers a request and waits for the next") {
    Fixture on;
    Client peer = on.connect();
    CHECK(steady(on.exchange(peer, get())) == response("you asked for /a"));
    CHECK(steady(on.exchange(peer, get("/b"))) == response("you asked for /b"));
    CHECK(on.is_alive());
    CHECK(on.handler.alive == 0);
    CHECK(on.open() == 1);
    CHECK(on.counters.bytes_received.value() == 2 * get().size());
}

TEST_CASE("Connection takes a request in any two pieces") {
    const std::string text = post("hello", "A: b\r\n");
    for (size_t border = 1; border < text.size(); ++border) {
        Fixture on;
        Client peer = on.connect();
        CHECK(on.exchange(peer, std::string_view(text).substr(0, border)).empty());
        REQUIRE(steady(on.exchange(peer, std::string_view(text).substr(border))) ==
                response("you asked for /p"));
        REQUIRE(on.handler.opened[0].body == "hello");
    }
}

TEST_CASE("Connection takes requests byte for byte") {
    Fixture on;
    Client peer = on.connect();
    std::string answers;
    const std::string text =
        "\r\n" + get("/1") + post("two") +
        "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
        get("/4");
    for (const char byte : text) answers += on.exchange(peer, {&byte, 1});
    CHECK(steady(answers) == response("you asked for /1") + response("you asked for /p") +
                                 response("you asked for /3") + response("you asked for /4"));
    CHECK(on.handler.opened[2].body == "abc");
}

TEST_CASE("Connection answers pipelined requests in their order") {
    Fixture on;
    Client peer = on.connect();
    std::string requests;
    std::string expected;
    for (int i = 0; i < 50; ++i) {
        const std::string path = "/" + std::to_string(i);
        requests += i % 3 == 0 ? get(path) : post("body " + path);
        expected += response(i % 3 == 0 ? "you asked for " + path : "you asked for /p");
    }
    CHECK(steady(on.exchange(peer, requests)) == expected);
    CHECK(on.handler.opened[1].body == "body /1");
    CHECK(on.handler.opened.size() == 50);
    CHECK(on.is_alive());
}

TEST_CASE("Connection parses nothing behind a request that waits, and all of it afterwards") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("a"), wait(), write("b"), finish()}};
    Client peer = on.connect();
    const std::string first = on.exchange(peer, get("/1") + get("/2") + get("/3").substr(0, 10));
    CHECK(steady(first) == stream_head() + "000001\r\na\r\n");
    CHECK(on.handler.opened.size() == 1);
    on.handler.wake();
    on.settle();
    CHECK(steady(peer.take()) == "000001\r\nb\r\n0\r\n\r\n" + response("you asked for /2"));
    CHECK(steady(on.exchange(peer, get("/3").substr(10))) == response("you asked for /3"));
}

TEST_CASE("Connection holds a client back that pipelines without end") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("a"), wait(), finish()}};
    Client peer = on.connect();
    (void)on.exchange(peer, get());
    const uint64_t received = on.counters.bytes_received.value();
    const std::string more(64 * 1024, '\n');
    size_t taken = 0;
    while (const size_t count = peer.send(more)) {
        taken += count;
        on.settle();
        REQUIRE(taken < 16 * 1024 * 1024);
    }
    CHECK(on.counters.bytes_received.value() == received);
}

TEST_CASE("Connection reads little behind a long request, since it moves what is behind") {
    Fixture on;
    on.handler.scripts = {{start_stream(), wait(), finish()}};
    Client peer = on.connect();
    const std::string text = post(std::string(1'000'000, 'x'));
    for (size_t sent = 0; sent < text.size() - 1; on.settle()) {
        REQUIRE(on.is_alive());
        sent += peer.send(std::string_view(text).substr(sent, text.size() - 1 - sent));
    }
    std::string rest = "x";
    for (int i = 0; i < 4000; ++i) rest += get("/pipelined");
    CHECK(peer.send(rest) > 100'000);
    on.settle();
    CHECK(on.handler.opened.size() == 1);
    CHECK(on.counters.bytes_received.value() <= text.size() + 64 * 1024);
}

TEST_CASE("A stream is one chunk a turn, and its last chunk comes with its last bytes") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("one"), write("two"), wait(), wait(), write("3"),
                           wait(), write("last"), finish()}};
    Client peer = on.connect();
    CHECK(steady(on.exchange(peer, get())) == stream_head() + "000006\r\nonetwo\r\n");
    on.handler.wake();
    on.settle();
    CHECK(peer.take().empty());  // nothing was written: no chunk, since an empty one is the last
    on.handler.wake();
    on.handler.wake();
    on.settle();
    CHECK(peer.take() == "000001\r\n3\r\n");
    on.handler.wake();
    on.settle();
    CHECK(peer.take() == "000004\r\nlast\r\n0\r\n\r\n");
    CHECK(on.count("pump") == 4);
    CHECK(steady(on.exchange(peer, get("/next"))) == response("you asked for /next"));
}

TEST_CASE("A stream may end without another byte, or without any") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("x"), wait(), finish()},
                          {start_stream(), finish()}};
    Client peer = on.connect();
    CHECK(steady(on.exchange(peer, get())) == stream_head() + "000001\r\nx\r\n");
    on.handler.wake();
    on.settle();
    CHECK(peer.take() == "0\r\n\r\n");
    CHECK(steady(on.exchange(peer, get())) == stream_head() + "0\r\n\r\n");
}

TEST_CASE("An aborted stream is cut without its last chunk") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("x"), wait(), write("y"), abort_it()}};
    Client peer = on.connect();
    (void)on.exchange(peer, get());
    on.handler.wake();
    on.settle();
    CHECK(peer.take() == "000001\r\ny\r\n");
    CHECK(peer.saw_end());
    CHECK_FALSE(on.is_alive());
    CHECK(on.open() == 0);
    CHECK(on.handler.alive == 0);
}

TEST_CASE("Connections that are answered in the same turn each get what is theirs") {
    Fixture on;
    on.limits.output_window = 4 * 1024;
    std::vector<Client> peers;
    for (int i = 0; i < 20; ++i) peers.push_back(on.connect());
    for (int i = 0; i < 20; ++i) {
        const std::string size = std::to_string(i);
        switch (i % 4) {
            case 0:
                on.handler.scripts.push_back(answer("whole " + size));
                break;
            case 1:
                on.handler.scripts.push_back({start_stream(), write("a" + size), wait()});
                break;
            case 2:
                on.handler.scripts.push_back({start_known(6'000), flood(6'000), finish()});
                break;
            case 3:
                on.handler.scripts.push_back(answer("never seen"));
                break;
        }
    }
    const std::string head = "HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n";
    for (size_t i = 0; i < 20; ++i) CHECK(peers[i].send(i % 4 == 3 ? head : get()) > 0);
    on.turn();
    std::vector<size_t> firsts;  // of the bodies that take two windows
    for (size_t i = 0; i < 20; ++i) {
        const std::string text = steady(peers[i].take());
        const std::string size = std::to_string(i);
        switch (i % 4) {
            case 0:
                CHECK(text == response("whole " + size));
                break;
            case 1:
                CHECK(contains(text, stream_head() + "00000" + std::to_string(1 + size.size()) +
                                         "\r\na" + size + "\r\n"));
                break;
            case 2:
                CHECK(contains(text, "\r\nContent-Length: 6000\r\n"));
                CHECK(contains(text, "\r\n\r\n0123456789abcdef"));
                firsts.push_back(text.size() - text.find("\r\n\r\n") - 4);
                break;
            case 3:
                CHECK(contains(text, "\r\nContent-Length: 10\r\n"));
                CHECK(text.ends_with("\r\n\r\n"));
                break;
        }
    }
    on.settle();
    for (size_t i = 0; i < firsts.size(); ++i) {
        CHECK(firsts[i] < 4 * 1024);
        CHECK(firsts[i] + peers[i * 4 + 2].take().size() == 6'000);
    }
    CHECK(on.handler.complaints == 0);
}

TEST_CASE("What one writes survives a HEAD that has nothing to say yet") {
    Fixture on;
    on.handler.scripts = {answer("first"), {wait(), start_known(5), write("never"), finish()}};
    Client first = on.connect();
    Client second = on.connect();
    CHECK(first.send(get()) > 0);
    CHECK(second.send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n") > 0);
    on.settle();
    CHECK(steady(first.take()) == response("first"));
    CHECK(second.take().empty());
    on.handler.wake();
    on.settle();
    CHECK(steady(second.take()) == response("never").substr(0, response("").size()));
}

TEST_CASE("An exchange that is woken as it is opened is answered once") {
    Fixture on;
    on.handler.wakes_at_once = true;
    Client peer = on.connect();
    CHECK(steady(on.exchange(peer, get("/1"))) == response("you asked for /1"));
    CHECK(steady(on.exchange(peer, get("/2") + get("/3"))) ==
          response("you asked for /2") + response("you asked for /3"));
    on.handler.scripts = {{start_stream(), write("a"), wait(), write("b"), finish()}};
    CHECK(contains(on.exchange(peer, get()), "\r\n000001\r\na\r\n"));
    on.handler.wake();
    on.settle();
    CHECK(peer.take() == "000001\r\nb\r\n0\r\n\r\n");
    CHECK(on.handler.alive == 0);
}

TEST_CASE("A client that is gone between its request's arrival and its reading is let go once") {
    Fixture on;
    Client peer = on.connect();
    Later gone(on, [&] { on.connections[0]->mark(EPOLLERR | EPOLLHUP); });
    CHECK(peer.send(get()) > 0);
    on.settle();
    CHECK_FALSE(on.is_alive());
    CHECK(on.erased == 1);
    CHECK(on.handler.alive == 0);
}

TEST_CASE("A client that is gone when its answer is sent does not hold up the others") {
    Fixture on;
    std::vector<Client> peers;
    for (int i = 0; i < 10; ++i) peers.push_back(on.connect());
    for (size_t i = 0; i < 10; ++i) CHECK(peers[i].send(get() + get()) > 0);
    for (size_t i = 0; i < 10; i += 3) peers[i].close();
    on.settle();
    for (size_t i = 0; i < 10; ++i) {
        CHECK(on.is_alive(i) == (i % 3 != 0));
        const std::string twice = response("you asked for /a") + response("you asked for /a");
        if (i % 3 != 0) CHECK(steady(peers[i].take()) == twice);
    }
    CHECK(on.handler.alive == 0);
}

TEST_CASE("HEAD gets the head alone, whatever the exchange writes") {
    Fixture on;
    on.limits.output_window = 1000;
    on.handler.scripts = {answer("hello"),
                          {start_stream(), write("abc"), wait(), write("def"), finish()},
                          {wait(), start_stream(), wait()},
                          {start_known(100'000), flood(100'000), finish()}};
    Client peer = on.connect();
    const std::string head = "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n";
    CHECK(steady(on.exchange(peer, head)) ==
          response("hello").substr(0, response("hello").size() - 5));
    CHECK(steady(on.exchange(peer, head)) == stream_head());
    CHECK(on.exchange(peer, head).empty());
    on.handler.wake();
    on.settle();
    CHECK(steady(peer.take()) == stream_head());
    CHECK(on.handler.alive == 0);  // there is no more to say
    const std::string large = on.exchange(peer, head);
    CHECK(contains(large, "Content-Length: 100000\r\n"));
    CHECK(large.ends_with("\r\n\r\n"));
    CHECK(steady(on.exchange(peer, get())) == response("you asked for /a"));
}

TEST_CASE("HTTP/1.0 clients get a body that ends with the connection") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("one"), wait(), write("two"), finish()}};
    Client peer = on.connect();
    const std::string first = on.exchange(peer, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(steady(first) == stream_head("close", false) + "one");
    on.handler.wake();
    on.settle();
    CHECK(peer.take() == "two");
    CHECK(peer.saw_end());
}

TEST_CASE("HTTP/1.0 clients are closed unless they ask to be kept") {
    Fixture on;
    Client peer = on.connect();
    const std::string kept = on.exchange(peer, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(steady(kept) == response("you asked for /"));
    CHECK(steady(on.exchange(peer, "GET / HTTP/1.0\r\n\r\n")) ==
          response("you asked for /", "close"));
    CHECK(peer.saw_end());
}

TEST_CASE("After Connection: close nothing more is answered") {
    Fixture on;
    Client peer = on.connect();
    const std::string all = on.exchange(peer, get("/1", "Connection: close\r\n") + get("/2"));
    CHECK(steady(all) == response("you asked for /1", "close"));
    CHECK(peer.saw_end());
    CHECK(on.is_alive());  // lingers
    (void)peer.send(get("/3"));
    peer.half_close();
    on.settle();
    CHECK_FALSE(on.is_alive());
    CHECK(on.handler.opened.size() == 1);
}

TEST_CASE("Lingering ends by the client, by time, and by too many bytes") {
    Fixture on;
    on.limits.linger_bytes_max = 10'000;
    Client peer = on.connect();
    (void)on.exchange(peer, get("/", "Connection: close\r\n"));
    REQUIRE(on.is_alive());
    SUBCASE("half-close") {
        peer.half_close();
        on.settle();
    }
    SUBCASE("close") {
        peer.close();
        on.settle();
    }
    SUBCASE("time, even while bytes come in") {
        on.pass(on.limits.linger_timeout / 2);
        (void)on.exchange(peer, "more");
        on.pass(on.limits.linger_timeout / 2 - Milliseconds(1));
        REQUIRE(on.is_alive());
        on.pass(Milliseconds(1));
    }
    SUBCASE("bytes") {
        (void)on.exchange(peer, std::string(10'000, 'x'));
        REQUIRE(on.is_alive());
        (void)peer.send("x");
        on.settle();
    }
    CHECK_FALSE(on.is_alive());
    CHECK(on.open() == 0);
}

TEST_CASE("What is not HTTP is refused, and the connection closes in order") {
    Fixture on;
    Client peer = on.connect();
    const std::string text = on.exchange(peer, get("/good") + "nonsense\r\n\r\n" + get("/never"));
    CHECK(contains(text, "you asked for /good"));
    CHECK(contains(text, "refused: "));
    CHECK(contains(text, "Connection: close\r\n"));
    CHECK_FALSE(contains(text, "/never"));
    CHECK(peer.saw_end());
    CHECK(on.is_alive());  // lingers
    CHECK(on.counters.requests_refused.value() == 1);
    CHECK(on.handler.refused.size() == 1);
    on.pass(on.limits.linger_timeout);
    CHECK_FALSE(on.is_alive());
}

TEST_CASE("Empty lines of one client do not count against another") {
    Fixture on;
    Client a = on.connect();
    Client b = on.connect();
    for (int i = 0; i < 4; ++i) CHECK(on.exchange(a, "\r\n").empty());
    CHECK(steady(on.exchange(b, "\r\n" + get("/b"))) == response("you asked for /b"));
    CHECK(steady(on.exchange(a, get("/a"))) == response("you asked for /a"));
}

TEST_CASE("A client's empty lines are counted across its packets") {
    Fixture on;
    Client peer = on.connect();
    std::string text;
    for (int i = 0; i < 5; ++i) text += on.exchange(peer, "\r\n");
    CHECK(contains(text, "HTTP/1.1 400 "));
}

TEST_CASE("100 Continue is sent when the body is wanted and has not begun") {
    Fixture on;
    Client peer = on.connect();
    const std::string head =
        "POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    CHECK(on.exchange(peer, head) == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(on.exchange(peer, "he").empty());
    CHECK(steady(on.exchange(peer, "llo")) == response("you asked for /p"));
    CHECK(on.handler.opened[0].body == "hello");
    // Also for a chunked body, and again on the same connection.
    CHECK(on.exchange(peer,
                      "POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(steady(on.exchange(peer, "1\r\na\r\n0\r\n\r\n")) == response("you asked for /p"));
}

TEST_CASE("100 Continue is not sent where the body is there, empty, old or not expected") {
    const std::string expect = "Expect: 100-continue\r\n";
    Fixture on;
    Client peer = on.connect();
    CHECK(on.exchange(peer, post("hello", expect).substr(0, post("hello", expect).size() - 1))
              .empty());
    CHECK(steady(on.exchange(peer, "o")) == response("you asked for /p"));
    CHECK(steady(on.exchange(peer, post("hello", expect))) == response("you asked for /p"));
    CHECK(steady(on.exchange(peer, post("", expect))) == response("you asked for /p"));
    CHECK(steady(on.exchange(peer, get("/g", expect))) == response("you asked for /g"));
    CHECK(on.exchange(peer, post("hello").substr(0, post("hello").size() - 5)).empty());
    CHECK(steady(on.exchange(peer, "hello")) == response("you asked for /p"));
    CHECK(on.exchange(peer, "POST / HTTP/1.0\r\nContent-Length: 1\r\n" + expect + "\r\n").empty());
}

TEST_CASE("A request whose body is not wanted is refused before it is sent") {
    Fixture on;
    on.handler.wants_bodies = false;
    Client peer = on.connect();
    SUBCASE("because the client asked first") {
        const std::string text = on.exchange(
            peer,
            "POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        CHECK(steady(text) == response("you asked for /p", "close"));
        CHECK(peer.saw_end());
    }
    SUBCASE("because it is long") {
        const std::string text = on.exchange(
            peer, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\nthe beginning");
        CHECK(steady(text) == response("you asked for /p", "close"));
        CHECK(peer.saw_end());
        // What the client sends all the same is thrown away for a while.
        (void)on.exchange(peer, std::string(50'000, 'x'));
        CHECK(on.is_alive());
    }
    SUBCASE("but a short one is read, and the connection kept") {
        CHECK(on.exchange(peer, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n")
                  .empty());
        CHECK(on.exchange(peer, std::string(65'535, 'x')).empty());
        CHECK(steady(on.exchange(peer, "x" + get())) ==
              response("you asked for /p") + response("you asked for /a"));
    }
    SUBCASE("and a chunked one is read as far as a short one") {
        const std::string head =
            "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        CHECK(on.exchange(peer, head + "10000\r\n" + std::string(1000, 'x')).empty());
        CHECK(on.exchange(peer, std::string(64'536, 'x')).empty());
        CHECK(contains(on.exchange(peer, "\r\n1\r\n"), "HTTP/1.1 413 "));
        CHECK(peer.saw_end());
    }
    SUBCASE("also in the middle of a chunk") {
        const std::string head =
            "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        CHECK(on.exchange(peer, head + "100000\r\n").empty());
        CHECK(on.exchange(peer, std::string(60'000, 'x')).empty());
        CHECK(contains(on.exchange(peer, std::string(10'000, 'x')), "HTTP/1.1 413 "));
    }
    CHECK(on.handler.screened.size() == 1);
}

TEST_CASE("A wanted body is asked for once, however it arrives") {
    Fixture on;
    Client peer = on.connect();
    const std::string text = post(std::string(1000, 'x'));
    for (size_t i = 0; i < text.size(); i += 100) {
        (void)on.exchange(peer, std::string_view(text).substr(i, 100));
    }
    CHECK(on.handler.screened == std::vector<std::string>{"/p"});
    CHECK(on.handler.opened.size() == 1);
}

TEST_CASE("A client that never says a word is closed without one") {
    Fixture on;
    Client peer = on.connect();
    on.pass(on.limits.head_timeout - Milliseconds(1));
    CHECK_FALSE(peer.saw_end());
    on.pass(Milliseconds(1));
    CHECK(peer.take().empty());
    CHECK(peer.saw_end());
    CHECK_FALSE(on.is_alive());
    CHECK(on.counters.idle_timeouts.value() == 1);
}

TEST_CASE("A head has a deadline that dripping does not move") {
    Fixture on;
    Client peer = on.connect();
    on.pass(on.limits.head_timeout - Milliseconds(1));
    CHECK(on.exchange(peer, "G").empty());  // the deadline counts from here
    const Milliseconds step = on.limits.head_timeout / 10;
    for (int i = 0; i < 9; ++i) {
        on.pass(step);
        CHECK(on.exchange(peer, std::string_view("ET /abcdef").substr(static_cast<size_t>(i), 1))
                  .empty());
    }
    on.pass(step - Milliseconds(1));
    CHECK(peer.take().empty());
    on.pass(Milliseconds(1));
    CHECK(contains(peer.take(), "HTTP/1.1 408 "));
    CHECK(peer.saw_end());
    CHECK(on.counters.head_timeouts.value() == 1);
    CHECK(on.counters.body_timeouts.value() == 0);
}

TEST_CASE("A body must go on, and has a deadline besides") {
    Fixture on;
    Client peer = on.connect();
    const std::string head = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 131072\r\n\r\n";
    CHECK(on.exchange(peer, head).empty());
    const Milliseconds silence = on.limits.body_silence_timeout;
    SUBCASE("silence") {
        on.pass(silence - Milliseconds(1));
        CHECK(on.exchange(peer, "x").empty());
        on.pass(silence - Milliseconds(1));
        CHECK(peer.take().empty());
        on.pass(Milliseconds(1));
    }
    SUBCASE("dripping for ever") {
        // A minute, and a second for each 64 KiB declared.
        const Milliseconds whole = on.limits.body_timeout + std::chrono::seconds(2);
        const int drops = static_cast<int>((whole - Milliseconds(1)) / (silence / 2));
        for (int i = 0; i < drops; ++i) {
            on.pass(silence / 2);
            REQUIRE(on.exchange(peer, "x").empty());
        }
        on.pass(whole - Milliseconds(1) - drops * (silence / 2));
        CHECK(peer.take().empty());
        on.pass(Milliseconds(1));
    }
    CHECK(contains(peer.take(), "HTTP/1.1 408 "));
    CHECK(peer.saw_end());
    CHECK(on.counters.body_timeouts.value() == 1);
    CHECK(on.counters.head_timeouts.value() == 0);
    CHECK(on.handler.opened.empty());
}

TEST_CASE("A request that follows another has a deadline of its own") {
    Fixture on;
    Client peer = on.connect();
    for (int i = 0; i < 3; ++i) {
        on.pass(on.limits.head_timeout - Milliseconds(1));
        CHECK(contains(on.exchange(peer, get() + "GET"), "you asked for /a"));
        on.pass(on.limits.head_timeout - Milliseconds(1));
        CHECK(contains(on.exchange(peer, get().substr(3)), "you asked for /a"));
    }
    CHECK(on.exchange(peer, "GET").empty());
    on.pass(on.limits.head_timeout);
    CHECK(contains(peer.take(), "HTTP/1.1 408 "));
}

TEST_CASE("An idle connection is closed when its keep-alive time is over") {
    Fixture on;
    Client peer = on.connect();
    (void)on.exchange(peer, get());
    on.pass(on.limits.keep_alive_timeout - Milliseconds(1));
    CHECK(contains(on.exchange(peer, get()), "you asked"));
    on.pass(on.limits.keep_alive_timeout - Milliseconds(1));
    CHECK_FALSE(peer.saw_end());
    on.pass(Milliseconds(1));
    CHECK(peer.saw_end());
    CHECK_FALSE(on.is_alive());
}

TEST_CASE("An exchange that waits has no deadline but its own") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("a"), wait(), write("b"), finish()}};
    Client peer = on.connect();
    (void)on.exchange(peer, get());
    on.pass(std::chrono::hours(2));
    CHECK(on.is_alive());
    on.handler.wake();
    on.settle();
    CHECK(contains(peer.take(), "b\r\n0\r\n"));
}

TEST_CASE("An exchange is pumped again at the time it asked for") {
    Fixture on;
    const auto at = [](int ms) { return ManualClock::beginning + Milliseconds(ms); };
    on.handler.scripts = {{start_stream(), wake_at(at(100)), wait(), write("b"), wake_at(at(50)),
                           wait(), wake_at(at(300)), wait(), write("c"), finish()}};
    Client peer = on.connect();
    (void)on.exchange(peer, get());
    on.pass(Milliseconds(99));
    CHECK(peer.take().empty());
    on.pass(Milliseconds(1));
    CHECK(peer.take() == "000001\r\nb\r\n");  // and the next time has passed already
    on.pass(Milliseconds(199));
    CHECK(peer.take().empty());
    on.pass(Milliseconds(1));
    CHECK(contains(peer.take(), "c\r\n0\r\n"));
    CHECK(on.counters.write_stalls.value() == 0);
    on.pass(on.limits.keep_alive_timeout - Milliseconds(1));
    CHECK(on.is_alive());
}

TEST_CASE("A client that does not read stops its exchange, and nothing piles up") {
    Fixture on;
    on.send_buffer_bytes = 8 * 1024;
    on.limits.output_window = 4 * 1024;
    const size_t total = 1'000'000;
    on.handler.scripts = {{start_known(total), flood(total), finish()}};
    Client peer = on.connect();
    (void)peer.send(get());
    on.settle();
    const size_t written = on.handler.written;
    const int pumps = on.count("pump");
    CHECK(written < 100'000);
    for (int i = 0; i < 20; ++i) {
        on.handler.wake();
        on.settle();
    }
    CHECK(on.handler.written == written);
    CHECK(on.count("pump") == pumps);

    SUBCASE("it goes on when the client reads") {
        std::string body;
        for (int i = 0; i < 10'000 && body.size() < total; ++i) {
            const std::string piece = peer.take();
            body += piece;
            on.settle();
        }
        body.erase(0, body.find("\r\n\r\n") + 4);
        CHECK(body.size() == total);
        CHECK(on.handler.alive == 0);
        CHECK(contains(on.exchange(peer, get()), "you asked for /a"));
    }
    SUBCASE("each piece that the client takes gives it time, silence does not") {
        const Milliseconds stall = on.limits.write_stall_timeout;
        for (int i = 0; i < 3; ++i) {
            on.pass(stall - Milliseconds(1));
            CHECK(on.is_alive());
            CHECK_FALSE(peer.take().empty());
            on.settle();
        }
        on.pass(stall - Milliseconds(1));
        CHECK(on.is_alive());
        on.pass(Milliseconds(1));
        CHECK_FALSE(on.is_alive());
        CHECK(on.counters.write_stalls.value() == 1);
        CHECK(on.handler.alive == 0);
    }
    SUBCASE("it may go away") {
        peer.close();
        on.settle();
        CHECK_FALSE(on.is_alive());
        CHECK(on.counters.clients_gone.value() == 1);
        CHECK(on.handler.alive == 0);
    }
    SUBCASE("a half-closed client still gets everything") {
        peer.half_close();
        on.settle();
        size_t bytes = 0;
        for (int i = 0; i < 10'000 && !peer.saw_end(); ++i) {
            bytes += peer.take().size();
            on.settle();
        }
        CHECK(on.counters.clients_gone.value() == 0);
        CHECK_FALSE(on.is_alive());
    }
}

TEST_CASE("A request is set aside once, after a pump, and before its bytes go") {
    Fixture on;
    on.handler.scripts = {
        {wait(), start_stream(), write("a"), wait(), write("b"), wait(), finish()}};
    Client peer = on.connect();
    (void)on.exchange(peer, post("the body", "A: b\r\n") + get("/next"));
    CHECK(on.handler.events == std::vector<std::string>{"pump", "set_aside"});
    // Another client's request comes and goes through the same memory.
    Client other = on.connect();
    CHECK(contains(on.exchange(other, post("something else entirely")), "you asked for /p"));
    for (int i = 0; i < 3; ++i) {
        on.handler.wake(0);
        on.settle();
    }
    CHECK(contains(peer.take(), "you asked for /next"));
    CHECK(on.count("set_aside") == 1);
    CHECK(on.handler.complaints == 0);
}

TEST_CASE("An exchange that ends in its first pump is never set aside") {
    Fixture on;
    Client peer = on.connect();
    (void)on.exchange(peer, post("body") + get());
    CHECK(on.count("set_aside") == 0);
    CHECK(on.handler.complaints == 0);
}

TEST_CASE("An exchange that is finished but not flushed is not set aside") {
    Fixture on;
    on.send_buffer_bytes = 8 * 1024;
    const std::string body(200'000, 'x');
    on.handler.scripts = {answer(body)};
    Client peer = on.connect();
    (void)peer.send(get() + get("/b"));
    on.settle();
    CHECK(on.handler.alive == 1);
    CHECK(on.count("set_aside") == 0);
    std::string all;
    for (int i = 0; i < 1000 && !contains(all, "/b"); ++i) {
        all += peer.take();
        on.settle();
    }
    CHECK(contains(all, "you asked for /b"));
    CHECK(on.handler.complaints == 0);
}

TEST_CASE("A long request does not lose its turn between its last byte and its exchange") {
    Fixture on;
    on.limits.read_quota = 1000;
    on.handler.scripts = {{start_stream(), write("a"), wait(), finish()}};
    Client peer = on.connect();
    (void)on.exchange(peer, post(std::string(20'000, 'x')));
    CHECK(on.handler.events == std::vector<std::string>{"pump", "set_aside"});
    CHECK(on.handler.complaints == 0);
}

TEST_CASE("A client that sends much is served in turns") {
    Fixture on;
    on.limits.read_quota = 1000;
    Client busy = on.connect();
    Client other = on.connect();
    std::string text;
    for (int i = 0; i < 500; ++i) text += get("/busy");
    CHECK(busy.send(post(std::string(150'000, 'x'))) > 0);
    CHECK(other.send(get("/other")) > 0);
    on.settle();
    CHECK(contains(other.take(), "/other"));
    CHECK(contains(busy.take(), "/p"));
    CHECK(busy.send(text) == text.size());
    std::string all;
    for (int i = 0; i < 50; ++i) {
        on.settle();
        all += busy.take();
    }
    size_t answers = 0;
    for (size_t at = 0; (at = all.find("/busy", at)) != std::string::npos; ++at) ++answers;
    CHECK(answers == 500);
}

TEST_CASE("A client that floods does not keep others from their turn") {
    Fixture on;
    on.limits.output_window = 1024;
    on.handler.scripts = {{start_known(32'000), flood(32'000), finish()}};
    Client flooded = on.connect();
    Client other = on.connect();
    CHECK(flooded.send(get("/flood")) > 0);
    on.turn();
    CHECK(other.send(get("/other")) > 0);
    on.turn();
    CHECK(contains(other.take(), "/other"));
    CHECK(on.handler.alive == 1);  // the flood has not ended
    on.settle();
    CHECK(on.handler.alive == 0);
}

TEST_CASE("A client that leaves ends what the connection was doing") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("a"), wait(), write("b"), finish()}};
    Client peer = on.connect();
    const auto leave_by = [&](bool whole) { whole ? peer.close() : peer.half_close(); };
    for (const bool whole : {false, true}) {
        CAPTURE(whole);
        SUBCASE("between requests") {
            leave_by(whole);
        }
        SUBCASE("in a head") {
            (void)on.exchange(peer, "GET /");
            leave_by(whole);
        }
        SUBCASE("in a body") {
            (void)on.exchange(peer, post("abc").substr(0, post("abc").size() - 1));
            leave_by(whole);
        }
        SUBCASE("in a chunked body") {
            (void)on.exchange(
                peer, "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
            leave_by(whole);
        }
        SUBCASE("while an exchange waits") {
            (void)on.exchange(peer, get());
            leave_by(whole);
            on.settle();
            CHECK(on.counters.clients_gone.value() == 1);
        }
        SUBCASE("while an exchange waits before its first byte") {
            on.handler.scripts = {{wait(), finish()}};
            (void)on.exchange(peer, get());
            leave_by(whole);
            on.settle();
            CHECK(on.counters.clients_gone.value() == 1);
        }
        break;
    }
    on.settle();
    CHECK_FALSE(on.is_alive());
    CHECK(on.open() == 0);
    CHECK(on.handler.alive == 0);
    CHECK(on.count("gone") == static_cast<int>(on.handler.opened.size()));
}

TEST_CASE("A client that closes for good is gone in every state") {
    for (int state = 0; state < 5; ++state) {
        CAPTURE(state);
        Fixture on;
        on.handler.scripts = {{start_stream(), write("a"), wait(), write("b"), finish()}};
        Client peer = on.connect();
        const std::string requests[] = {"", "GET /", post("abc").substr(0, 60), get(),
                                        "nonsense\r\n\r\n"};
        (void)peer.send(requests[state]);
        on.settle();
        peer.close();  // with unread bytes on its side, which is a reset
        on.settle();
        CHECK_FALSE(on.is_alive());
        CHECK(on.open() == 0);
        CHECK(on.handler.alive == 0);
        CHECK(on.handler.complaints == 0);
    }
}

TEST_CASE("A half-closed client is answered as far as nothing must be waited for") {
    Fixture on;
    Client peer = on.connect();
    (void)peer.send(get("/1") + get("/2") + "GET /unfinished");
    peer.half_close();
    on.settle();
    CHECK(steady(peer.take()) == response("you asked for /1") + response("you asked for /2"));
    CHECK(peer.saw_end());
    CHECK_FALSE(on.is_alive());
}

TEST_CASE("Draining ends each connection when it has nothing to finish") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("a"), wait(), write("b"), finish()}};
    Client idle = on.connect();
    Client receiving = on.connect();
    Client waiting = on.connect();
    Client lingering = on.connect();
    Client sent = on.connect();
    (void)on.exchange(waiting, get());
    (void)on.exchange(lingering, get("/", "Connection: close\r\n"));
    (void)on.exchange(idle, get());
    (void)on.exchange(receiving, "GET /late HTTP/1.1\r\n");
    (void)sent.send(get("/sent"));  // has arrived, nobody has looked at it

    on.workspace->draining = true;
    for (const auto& connection : on.connections) connection->drain();
    on.settle();
    CHECK(idle.saw_end());
    CHECK_FALSE(on.is_alive(0));
    CHECK(contains(on.exchange(receiving, "Host: h\r\n\r\n"), "Connection: close\r\n"));
    CHECK(receiving.saw_end());
    CHECK_FALSE(waiting.saw_end());
    on.handler.wake(0);
    on.settle();
    CHECK(waiting.take() == "000001\r\nb\r\n0\r\n\r\n");
    CHECK(waiting.saw_end());
    for (Client* peer : {&receiving, &waiting, &lingering, &sent}) peer->close();
    on.settle();
    CHECK(on.open() == 0);
}

TEST_CASE("A request that has arrived and is not read yet is answered while draining") {
    Fixture on;
    Client peer = on.connect();
    Later drain(on, [&] {
        on.workspace->draining = true;
        on.connections[0]->drain();
    });
    CHECK(peer.send(get()) > 0);
    on.settle();
    CHECK(steady(peer.take()) == response("you asked for /a", "close"));
    CHECK(peer.saw_end());
}

TEST_CASE("Draining closes after the last of the pipelined requests that have arrived") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("a"), wait(), write("b"), finish()}};
    Client peer = on.connect();
    (void)on.exchange(peer, get("/1") + get("/2"));
    on.workspace->draining = true;
    on.connections[0]->drain();
    on.handler.wake();
    on.settle();
    // The client cannot know whether the second was looked at, so it must not be answered.
    CHECK(peer.take() == "000001\r\nb\r\n0\r\n\r\n");
    CHECK(peer.saw_end());
    CHECK(on.handler.opened.size() == 1);
}

TEST_CASE("A response that begins while draining says that it is the last") {
    Fixture on;
    on.handler.scripts = {{wait(), start_known(2), write("ok"), finish()}};
    Client peer = on.connect();
    (void)on.exchange(peer, get());
    on.workspace->draining = true;
    on.connections[0]->drain();
    on.handler.wake();
    on.settle();
    CHECK(steady(peer.take()) == response("ok", "close"));
}

TEST_CASE("A connection that goes with the server takes its exchange along") {
    Fixture on;
    on.handler.scripts = {{start_stream(), wait()}, {start_known(9), wait()}};
    Client a = on.connect();
    Client b = on.connect();
    Client c = on.connect();
    (void)on.exchange(a, get());
    (void)on.exchange(b, post("abc"));
    (void)on.exchange(c, "GET");
    on.connections.clear();
    CHECK(on.handler.alive == 0);
    CHECK(on.open() == 0);
    on.settle();
}

TEST_CASE("A connection that waits holds no input memory") {
    Fixture on;
    // Whether the shared buffers, once used, are back.
    const auto are_back = [&] {
        auto incoming = on.workspace->lend();
        const bool is_used = incoming->buffer.capacity() != 0;
        on.workspace->give_back(std::move(incoming));
        return is_used;
    };
    on.handler.scripts = {{start_stream(), write("a"), wait(), finish()}};
    Client peer = on.connect();
    CHECK_FALSE(are_back());
    (void)on.exchange(peer, post(std::string(5000, 'x')));
    CHECK(are_back());
    on.handler.wake();
    on.settle();
    Client other = on.connect();
    CHECK(on.exchange(other, "GET /").empty());
    CHECK_FALSE(are_back());
    (void)on.exchange(other, "a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(are_back());
}

TEST_CASE("A sane request id of the client is sent back, any other replaced") {
    Fixture on;
    Client peer = on.connect();
    const auto id_of = [](const std::string& text) {
        const size_t at = text.find("x-request-id: ") + 14;
        return text.substr(at, text.find('\r', at) - at);
    };
    const auto with_id = [&](const std::string& id) {
        return id_of(on.exchange(peer, get("/", "X-Request-Id: " + id + "\r\n")));
    };
    CHECK(with_id("abc-123_DEF.~") == "abc-123_DEF.~");
    CHECK(with_id(std::string(128, 'x')) == std::string(128, 'x'));
    for (const std::string& id :
         {std::string(129, 'x'), std::string("a b"), std::string("a,b"), std::string("<script>"),
          std::string("\xC3\xA9"), std::string()}) {
        const std::string given = with_id(id);
        CHECK(given.size() == 16);
        CHECK(given.find_first_not_of("0123456789abcdef") == std::string::npos);
    }
    const std::string one = id_of(on.exchange(peer, get()));
    CHECK(one != id_of(on.exchange(peer, get())));
}

TEST_CASE("Each exchange leaves a line in the log") {
    test::CapturedStderr stderr_text;
    Fixture on;
    net::Log log(on.loop.timers(), net::LogLevel::info, net::LogFormat::text);
    on.workspace.emplace(on.loop, on.handler, on.limits, on.counters, log);
    on.handler.scripts = {answer("hello"), {start_stream(), write("a"), wait(), finish()}};
    Client peer = on.connect();
    (void)on.exchange(peer, get("/1", "x-request-id: mine\r\n"));
    on.pass(Milliseconds(1000));
    const std::string line = stderr_text.take();
    CHECK(contains(line,
                   "level=info id=mine peer=127.0.0.1:4321 method=GET path=/scripted "
                   "status=200 bytes="));
    CHECK(contains(line, "outcome=ok\n"));
    (void)on.exchange(peer, get());
    on.pass(Milliseconds(250));
    peer.close();
    on.settle();
    on.pass(Milliseconds(1000));
    const std::string gone = stderr_text.take();
    CHECK(contains(gone, "duration_ms=250.000"));
    CHECK(contains(gone, "outcome=client_gone\n"));
    on.connections.clear();
}

TEST_CASE("A request that came in time is answered, also when its event comes with the deadline") {
    Fixture on;
    Client late = on.connect();
    Client half = on.connect();
    Client idle = on.connect();
    (void)on.exchange(half, "GET /half HTTP/1.1\r\n");
    (void)on.exchange(idle, get());
    CHECK(late.send(get("/late")) > 0);
    CHECK(half.send("Host: h\r\n\r\n") > 0);
    on.pass(on.limits.head_timeout);
    CHECK(steady(late.take()) == response("you asked for /late"));
    CHECK(steady(half.take()) == response("you asked for /half"));
    CHECK(idle.send(get("/idle")) > 0);
    on.pass(on.limits.keep_alive_timeout);
    CHECK(steady(idle.take()) == response("you asked for /idle"));
    CHECK(on.counters.head_timeouts.value() == 0);
    // Half a request in time is none.
    CHECK(on.exchange(idle, "GET /").empty());
    CHECK(idle.send("x") > 0);
    on.pass(on.limits.head_timeout);
    CHECK(contains(idle.take(), "HTTP/1.1 408 "));
    CHECK(on.counters.head_timeouts.value() == 1);
}

TEST_CASE("A slow reader that goes on reading is not a stalled one") {
    Fixture on;
    on.send_buffer_bytes = 200 * 1024;
    const size_t total = 2'000'000;
    on.handler.scripts = {{start_known(total), flood(total), finish()}};
    Client peer = on.connect();
    (void)peer.send(get());
    on.settle();
    // Less a time than makes room for another send, and just in time for each deadline.
    for (int i = 0; i < 10; ++i) {
        on.pass(on.limits.write_stall_timeout - Milliseconds(1));
        CHECK(peer.take_some(40 * 1024) != 0);
        on.pass(Milliseconds(1));
        REQUIRE(on.is_alive());
    }
    CHECK(on.counters.write_stalls.value() == 0);
    on.pass(on.limits.write_stall_timeout * 2);
    CHECK_FALSE(on.is_alive());
    CHECK(on.counters.write_stalls.value() == 1);
}

TEST_CASE("An exchange that has more to do lets others have their turn, and goes on") {
    Fixture on;
    on.handler.scripts = {
        {more(), more(), start_known(2), write("o"), more(), write("k"), finish()}};
    Client busy = on.connect();
    Client other = on.connect();
    CHECK(busy.send(get("/busy")) > 0);
    on.turn();
    CHECK(other.send(get("/other")) > 0);
    on.turn();
    CHECK(contains(other.take(), "/other"));
    on.settle();
    CHECK(steady(busy.take()) == response("ok"));
    CHECK(on.count("set_aside") == 1);
    CHECK(on.handler.complaints == 0);
}

TEST_CASE("Requests and first bytes go before what streams have to say") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("a"), wait(), write("b"), wait()},
                          {wait(), start_stream(), write("c"), wait(), write("d"), wait()}};
    Client streaming = on.connect(), waiting = on.connect(), asking = on.connect();
    CHECK_FALSE(on.exchange(streaming, get()).empty());
    CHECK(on.exchange(waiting, get()).empty());
    on.handler.pumped.clear();
    CHECK(asking.send(get()) != 0);
    SUBCASE("of those that were asked") {
        on.handler.wake(0);
        on.handler.wake(1);
        on.settle();
        CHECK(on.handler.pumped == std::vector{1, 2, 0});
    }
    SUBCASE("but not what follows the first bytes") {
        on.handler.wake(1);
        on.settle();
        on.handler.pumped.clear();
        on.handler.wake(0);
        on.handler.wake(1);
        on.settle();
        CHECK(on.handler.pumped == std::vector{0, 1});
    }
    SUBCASE("also on a connection that has carried a stream") {
        on.handler.scripts = {{start_stream(), write("e"), finish()}};
        CHECK_FALSE(on.exchange(asking, get()).empty());
        on.handler.pumped.clear();
        CHECK(asking.send(get()) != 0);
        on.handler.wake(0);
        on.settle();
        CHECK(on.handler.pumped == std::vector{4, 0});
    }
}

TEST_CASE("Clients that pipeline do not keep a stream waiting") {
    Fixture on;
    on.handler.scripts = {{start_stream(), write("a"), wait(), write("b"), wait()}};
    Client streaming = on.connect();
    CHECK_FALSE(on.exchange(streaming, get()).empty());
    std::string many;
    for (int i = 0; i < 100; ++i) many += get();
    std::vector<Client> asking;
    for (int i = 0; i < 32; ++i) asking.push_back(on.connect());
    for (Client& client : asking) CHECK(client.send(many) == many.size());
    on.handler.pumped.clear();
    on.handler.wake(0);
    on.turn();
    const std::vector<int>& pumped = on.handler.pumped;
    CHECK(std::find(pumped.begin(), pumped.end(), 0) - pumped.begin() == 32);  // one of each
    on.settle();
    CHECK(on.handler.opened.size() == 1 + 32 * 100);
}

TEST_CASE("A HEAD that is refused gets no body either") {
    Fixture on;
    Client peer = on.connect();
    const std::string text = on.exchange(peer, "HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    CHECK(contains(text, "HTTP/1.1 400 "));
    CHECK(text.ends_with("\r\n\r\n"));
    CHECK(peer.saw_end());
}

TEST_CASE("A request that is cut off by its client is counted") {
    Fixture on;
    Client idle = on.connect();
    Client head = on.connect();
    Client body = on.connect();
    (void)on.exchange(head, "GET /");
    (void)on.exchange(body, post("abc").substr(0, post("abc").size() - 1));
    for (Client* peer : {&idle, &head, &body}) peer->half_close();
    on.settle();
    CHECK(on.open() == 0);
    CHECK(on.counters.requests_cut.value() == 2);
    CHECK(on.counters.clients_gone.value() == 0);
}
