#include "net/listener.h"

#include <doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

#include "net/event_loop.h"
#include "raw_client.h"

using net::Endpoint;
using net::EventLoop;
using net::Fd;
using test::RawClient;

namespace {

struct Guests final : net::Acceptor {
    bool has_room() const override { return taken.size() < room; }
    void accepted(Fd socket, const sockaddr_storage& peer) override {
        taken.push_back(std::move(socket));
        families.push_back(peer.ss_family);
    }
    void shed(Fd) override { ++sheds; }
    void accept_failed(int error) override { errors.push_back(error); }

    size_t room = 1000;
    std::vector<Fd> taken;
    std::vector<int> families;
    std::vector<int> errors;
    int sheds = 0;
};

struct Fixture {
    // Runs the loop until `is_done`, for a second at most.
    template <class Question>
    bool until(Question is_done) {
        for (int i = 0; i < 200 && !is_done(); ++i) {
            loop.run_once(std::chrono::steady_clock::now() + std::chrono::milliseconds(5));
        }
        return is_done();
    }

    Endpoint endpoint = Endpoint::of("127.0.0.1", 0);
    net::Limits limits;
    EventLoop loop;
    Guests guests;
    net::Listener listener{loop, guests, std::move(net::listen_on(endpoint, 1, 100)[0]), limits};
};

}  // namespace

TEST_CASE("Endpoint reads addresses and writes them as a URL would") {
    CHECK(Endpoint::of("127.0.0.1", 8080).text() == "127.0.0.1:8080");
    CHECK(Endpoint::of("0.0.0.0", 0).text() == "0.0.0.0:0");
    CHECK(Endpoint::of("::1", 65535).text() == "[::1]:65535");
    CHECK(Endpoint::of("localhost", 80).text() == "127.0.0.1:80");
    CHECK(Endpoint::of("::", 80).port() == 80);
    for (const char* host : {"", "example.org", "127.0.0.1:80", "1.2.3", "[::1]", "256.0.0.1"}) {
        CAPTURE(host);
        CHECK_THROWS_AS((void)Endpoint::of(host, 1), std::runtime_error);
    }
}

TEST_CASE("Endpoint knows which addresses other machines cannot reach") {
    CHECK(Endpoint::of("127.0.0.1", 1).is_loopback());
    CHECK(Endpoint::of("127.9.9.9", 1).is_loopback());
    CHECK(Endpoint::of("::1", 1).is_loopback());
    CHECK_FALSE(Endpoint::of("0.0.0.0", 1).is_loopback());
    CHECK_FALSE(Endpoint::of("128.0.0.1", 1).is_loopback());
    CHECK_FALSE(Endpoint::of("::", 1).is_loopback());
}

TEST_CASE("listen_on finds a free port, and refuses one that is taken") {
    Endpoint free = Endpoint::of("127.0.0.1", 0);
    std::vector<Fd> sockets;
    SUBCASE("by one socket") {
        sockets = net::listen_on(free, 1, 1);
    }
    SUBCASE("by several") {
        sockets = net::listen_on(free, 3, 1);
    }
    CHECK(free.port() != 0);
    Endpoint taken = free;
    CHECK_THROWS_AS((void)net::listen_on(taken, 1, 1), std::system_error);
    CHECK_THROWS_AS((void)net::listen_on(taken, 2, 1), std::system_error);
    sockets.clear();
    CHECK(net::listen_on(taken, 2, 1).size() == 2);
}

TEST_CASE("listen_on deals the connections among its sockets") {
    for (const char* host : {"127.0.0.1", "0.0.0.0", "::1"}) {
        CAPTURE(host);
        Endpoint endpoint = Endpoint::of(host, 0);
        std::vector<Fd> sockets;
        try {
            sockets = net::listen_on(endpoint, 2, 100);
        } catch (const std::system_error&) {
            CHECK(endpoint.address.ss_family == AF_INET6);  // there are machines without
            continue;
        }
        const bool is_any = std::string_view(host) == "0.0.0.0";
        std::vector<RawClient> clients;
        for (int i = 0; i < 64; ++i) {
            clients.emplace_back(is_any ? Endpoint::of("127.0.0.1", endpoint.port()) : endpoint);
        }
        size_t accepted = 0;
        for (const Fd& socket : sockets) {
            const size_t before = accepted;
            while (Fd(::accept4(socket.value(), nullptr, nullptr, SOCK_CLOEXEC)).is_open()) {
                ++accepted;
            }
            CHECK(accepted > before);
        }
        CHECK(accepted == clients.size());
    }
}

TEST_CASE("Listener accepts all that wait") {
    Fixture on;
    std::vector<RawClient> clients;
    for (int i = 0; i < 20; ++i) clients.emplace_back(on.endpoint);
    CHECK(on.until([&] { return on.guests.taken.size() == 20; }));
    CHECK(on.guests.families == std::vector<int>(20, AF_INET));
}

TEST_CASE("Listener sheds what there is no room for") {
    Fixture on;
    on.guests.room = 3;
    std::vector<RawClient> clients;
    for (int i = 0; i < 5; ++i) clients.emplace_back(on.endpoint);
    CHECK(on.until([&] { return on.guests.taken.size() + size_t(on.guests.sheds) == 5; }));
    CHECK(on.guests.taken.size() == 3);
    CHECK(on.guests.sheds == 2);
}

TEST_CASE("Listener takes what has connected before it closes, and no more") {
    Fixture on;
    RawClient early(on.endpoint);
    REQUIRE(early.is_connected());
    on.listener.close();
    CHECK(on.guests.taken.size() == 1);
    CHECK_FALSE(on.listener.is_open());
    CHECK_FALSE(RawClient(on.endpoint).is_connected());
    on.listener.close();
    on.listener.pump();
}

TEST_CASE("Without descriptors Listener sheds strangers, and accepts again when there are some") {
    Fixture on;
    std::vector<RawClient> clients;
    for (int i = 0; i < 4; ++i) clients.emplace_back(on.endpoint);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const int lowest_free = ::dup(STDIN_FILENO);
    REQUIRE(lowest_free >= 0);
    ::close(lowest_free);
    const rlimit none_left{static_cast<rlim_t>(lowest_free), before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);
    const bool has_failed = on.until([&] { return !on.guests.errors.empty(); });
    const int sheds = on.guests.sheds;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(has_failed);
    CHECK(on.guests.errors[0] == EMFILE);
    CHECK(sheds >= 1);
    CHECK(on.guests.taken.empty());
    // No new event comes for those that wait: the timer must find them.
    CHECK(on.until([&] { return on.guests.taken.size() + size_t(on.guests.sheds) == 4; }));
    CHECK_FALSE(on.guests.taken.empty());
}
