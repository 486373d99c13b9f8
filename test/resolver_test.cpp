#include "net/resolver.h"

#include <doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "client_fixture.h"
#include "fake_dns.h"
#include "scripted_upstream.h"

using net::Resolver;

namespace {

struct Idle final : net::Task {
    void pump() override { ++pumps; }
    int pumps = 0;
};

struct Names {
    explicit Names(const std::string& servers) : resolver(loop, {.servers = servers}) {}

    bool finish(const Resolver::Query& query) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (query.is_pending() && std::chrono::steady_clock::now() < end) {
            loop.run_once(test_clock() + std::chrono::milliseconds(10));
        }
        return !query.is_pending();
    }

    std::string resolve(const std::string& host) {
        const Resolver::Query query(resolver, task, host);
        CHECK(finish(query));
        std::string text;
        for (const net::Address& address : query.addresses()) text += address.text() + ' ';
        return text;
    }

    net::EventLoop loop{test_clock};
    Idle task;
    Resolver resolver;
};

}  // namespace

TEST_CASE("Resolver needs no server for literals and localhost") {
    FakeDns dns(FakeDns::Records{});
    Names names(dns.servers());
    CHECK(names.resolve("192.0.2.7") == "192.0.2.7:0 ");
    CHECK(names.resolve("2001:db8::7") == "[2001:db8::7]:0 ");
    CHECK(names.resolve("localhost") == "127.0.0.1:0 [::1]:0 ");
    CHECK(names.resolve("a.localhost") == "127.0.0.1:0 [::1]:0 ");
    CHECK(dns.queries() == 0);
}

TEST_CASE("Resolver asks the name server, and keeps the answer for a while") {
    FakeDns dns(FakeDns::Records{{"a.example", "192.0.2.1"}, {"b.example", "192.0.2.2"}});
    Names names(dns.servers());
    CHECK(names.resolve("a.example") == "192.0.2.1:0 ");
    const int asked = dns.queries();
    CHECK(asked > 0);
    CHECK(names.resolve("a.example") == "192.0.2.1:0 ");
    CHECK(dns.queries() == asked);
    CHECK(names.resolve("b.example") == "192.0.2.2:0 ");
    CHECK(dns.queries() > asked);
    skipped_time() += std::chrono::seconds(31);
    names.loop.run_once(names.loop.timers().now());
    const int asked_later = dns.queries();
    CHECK(names.resolve("a.example") == "192.0.2.1:0 ");
    CHECK(dns.queries() > asked_later);
}

TEST_CASE("Resolver asks once for all that wait for the same name") {
    FakeDns dns(FakeDns::Records{{"a.example", "192.0.2.1"}});
    Names names(dns.servers());
    {
        const Resolver::Query one(names.resolver, names.task, "a.example");
        const Resolver::Query two(names.resolver, names.task, "a.example");
        CHECK(names.finish(one));
        CHECK_FALSE(two.is_pending());
        names.loop.run_once(names.loop.timers().now());
        CHECK(names.task.pumps > 0);
    }
    CHECK(dns.queries() <= 2);  // A and AAAA
}

TEST_CASE("Resolver says why a name has no address, and asks again the next time") {
    FakeDns dns(FakeDns::Records{});
    Names names(dns.servers());
    for (int i = 0; i < 2; ++i) {
        const int asked = dns.queries();
        const Resolver::Query query(names.resolver, names.task, "none.example");
        REQUIRE(names.finish(query));
        CHECK(query.addresses().empty());
        CHECK(query.failure() == "Domain name not found");
        CHECK(dns.queries() > asked);
    }
}

TEST_CASE("Resolver takes names from the hosts file") {
    std::ifstream hosts("/etc/hosts");
    std::string line;
    std::string found;
    while (std::getline(hosts, line)) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string address;
        std::string name;
        words >> address >> name;
        if (address.find('.') != std::string::npos && !name.empty() && name != "localhost") {
            found = name;
        }
    }
    if (found.empty()) return;
    FakeDns dns(FakeDns::Records{});
    Names names(dns.servers());
    CHECK_FALSE(names.resolve(found).empty());
    CHECK(dns.queries() == 0);
}

TEST_CASE("Resolver survives queries that are destroyed before their answer") {
    FakeDns dns(FakeDns::Records{{"a.example", "192.0.2.1"}}, true);
    Names names(dns.servers());
    {
        const Resolver::Query query(names.resolver, names.task, "a.example");
        names.loop.run_once(test_clock() + std::chrono::milliseconds(5));
        CHECK(query.is_pending());
    }
    names.loop.run_once(test_clock() + std::chrono::milliseconds(5));
    CHECK(names.task.pumps == 0);
}

TEST_CASE("HttpClient resolves the name of its upstream") {
    FakeDns dns(FakeDns::Records{{"up.example", "127.0.0.1"}});
    ScriptedUpstream upstream([](Peer& peer, int) {
        while (!peer.request().empty()) peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    });
    ClientFixture fixture({}, nullptr, {.servers = dns.servers()});
    CallOwner owner;
    fixture.start(owner, "http://up.example:" + std::to_string(upstream.port()));
    REQUIRE(fixture.finish(owner));
    CHECK(owner.call->status() == 204);
    CallOwner other;
    fixture.start(other, "http://none.example");
    REQUIRE(fixture.finish(other));
    CHECK(other.call->failure().error == net::CallError::resolve);
    CHECK(other.call->failure().text ==
          "the name none.example was not resolved: Domain name not found");
}

TEST_CASE("HttpClient gives up on a name server that does not answer") {
    FakeDns dns(FakeDns::Records{}, true);
    ClientFixture fixture({}, nullptr, {.servers = dns.servers()});
    fixture.limits.timeouts.connect = std::chrono::milliseconds(30);
    CallOwner owner;
    fixture.start(owner, "http://slow.example:81");
    REQUIRE(fixture.finish(owner));
    CHECK(owner.call->failure().error == net::CallError::connect_timeout);
    CHECK(owner.call->failure().text ==
          "no connection to slow.example:81 within 30 ms: its name was not resolved");
}
