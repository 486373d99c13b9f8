#include "net/connect_race.h"

#include <doctest.h>

#include <chrono>
#include <vector>

#include "client_fixture.h"
#include "scripted_upstream.h"

using net::Address;
using net::ConnectRace;
using net::Io;

namespace {

Address loopback(uint16_t port) {
    Address address;
    REQUIRE(Address::parse("127.0.0.1", address));
    return address.with_port(port);
}

// A listener whose queue is full: connections to it are neither made nor refused.
class FullListener {
public:
    FullListener() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const Address any = loopback(0);
        REQUIRE(::bind(listener_.value(), any.data(), any.size()) == 0);
        REQUIRE(::listen(listener_.value(), 0) == 0);
        sockaddr_in bound{};
        socklen_t size = sizeof bound;
        ::getsockname(listener_.value(), reinterpret_cast<sockaddr*>(&bound), &size);
        port_ = ntohs(bound.sin_port);
        for (int i = 0; i < 8; ++i) {
            waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            const Address here = loopback(port_);
            (void)::connect(waiting_.back().value(), here.data(), here.size());
        }
    }
    uint16_t port() const { return port_; }

private:
    net::Fd listener_;
    uint16_t port_ = 0;
    std::vector<net::Fd> waiting_;
};

struct Racer final : net::Task {
    void pump() override {
        if (io == Io::again) io = race.advance();
    }

    explicit Racer(std::vector<Address> addresses) : race(loop, *this, limits, addresses) {
        loop.ready().post(*this);
    }
    std::chrono::milliseconds run() {
        const auto begin = std::chrono::steady_clock::now();
        const auto end = begin + std::chrono::seconds(3);
        while (io == Io::again && std::chrono::steady_clock::now() < end) {
            loop.run_once(test_clock() + std::chrono::milliseconds(10));
        }
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - begin);
    }

    net::EventLoop loop{test_clock};
    const net::UpstreamLimits limits;
    Io io = Io::again;
    ConnectRace race;
};

uint16_t closed_port() {
    ScriptedUpstream upstream([](Peer&, int) {});
    return upstream.port();
}

}  // namespace

TEST_CASE("ConnectRace goes on at once when an address refuses") {
    ScriptedUpstream upstream([](Peer&, int) {});
    Racer racer({loopback(closed_port()), loopback(closed_port()), loopback(upstream.port())});
    CHECK(racer.run() < std::chrono::milliseconds(200));
    CHECK(racer.io == Io::ok);
    CHECK(racer.race.take() != nullptr);
}

TEST_CASE("ConnectRace tries the next address beside one that does not answer") {
    const FullListener full;
    ScriptedUpstream upstream([](Peer&, int) {});
    Racer racer({loopback(full.port()), loopback(upstream.port())});
    CHECK(racer.run() < std::chrono::milliseconds(900));
    CHECK(racer.io == Io::ok);
    CHECK(racer.race.take() != nullptr);
}

TEST_CASE("ConnectRace fails when all addresses have") {
    Racer racer({loopback(closed_port()), loopback(closed_port())});
    racer.run();
    CHECK(racer.io == Io::failed);
    CHECK(racer.race.failure() == "Connection refused");
}
