#include "net/tls.h"

#include <doctest.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "client_fixture.h"
#include "fake_dns.h"
#include "scripted_upstream.h"
#include "temporary_folder.h"
#include "test_authority.h"

using net::CallError;
using State = net::HttpCall::State;

namespace {

// A TLS upstream that answers each request, and notes what it saw.
class SecureUpstream {
public:
    struct Seen {
        std::string name;
        int version;
        bool was_resumed;
    };

    explicit SecureUpstream(const Identity& identity, int version_max = TLS1_3_VERSION,
                            std::string the_answer = small_answer)
        : context(TlsPeer::context(identity, version_max)),
          answer(std::move(the_answer)),
          upstream([this](Peer& peer, int) { serve(peer); }) {
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's sockets write without MSG_NOSIGNAL
    }

    void serve(Peer& peer) {
        TlsPeer tls(*context, peer.fd());
        if (!tls.is_open()) return;
        {
            const std::lock_guard lock(mutex_);
            seen_.push_back({tls.server_name(), tls.version(), tls.was_resumed()});
        }
        while (!tls.request().empty()) {
            tls.send(answer);
            if (closes) break;
        }
        if (ends) tls.end();
    }

    std::vector<Seen> seen() {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

    std::string url(const std::string& host = "localhost") const {
        return "https://" + host + ':' + std::to_string(upstream.port());
    }

    std::shared_ptr<SSL_CTX> context;
    const std::string answer;
    std::atomic<bool> closes{false};
    std::atomic<bool> ends{true};

private:
    std::mutex mutex_;
    std::vector<Seen> seen_;

public:
    ScriptedUpstream upstream;  // last: its thread uses the others
};

const TestAuthority& authority() {
    static const TestAuthority made;
    return made;
}

Identity good() {
    return authority().issue({.name = "localhost", .subjects = "DNS:localhost,IP:127.0.0.1"});
}

struct SecureFixture {
    explicit SecureFixture(net::ProxySettings settings = {}, net::ResolverSettings names = {})
        : tls(net::Tls::make({authority().path()})),
          fixture(std::move(settings), tls.get(), std::move(names)) {}

    struct Outcome {
        std::string body;
        int status;
        net::CallFailure failure;
    };
    Outcome ask(const std::string& url) {
        CallOwner owner;
        fixture.start(owner, url);
        CHECK(fixture.finish(owner));
        owner.pull();
        return {owner.body, owner.call->status(), owner.call->failure()};
    }

    std::unique_ptr<net::Tls> tls;
    ClientFixture fixture;
};

// What a client says of an upstream with this certificate.
std::string complaint(const Identity& identity) {
    SecureUpstream upstream(identity);
    SecureFixture client;
    const auto outcome = client.ask(upstream.url());
    CHECK(outcome.failure.error == CallError::tls);
    CHECK(outcome.body.empty());
    return outcome.failure.text;
}

}  // namespace

TEST_CASE("Tls reaches an upstream whose certificate is good") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SecureUpstream upstream(good(), version);
        {
            SecureFixture client;
            CHECK(client.ask(upstream.url()).body == "answer");
            CHECK(client.ask(upstream.url()).body == "answer");
            CHECK(upstream.upstream.connections() == 1);
        }
        SecureFixture client;
        CHECK(client.ask(upstream.url("127.0.0.1")).failure.text.empty());
        const auto seen = upstream.seen();
        REQUIRE(seen.size() == 2);
        CHECK(seen[0].version == version);
        CHECK(seen[0].name == "localhost");
        CHECK(seen[1].name.empty());  // no SNI for addresses (RFC 6066 section 3)
    }
}

TEST_CASE("Tls carries bodies larger than a record and than the window") {
    const std::string body(3 << 20, 'b');
    SecureUpstream upstream(
        good(), TLS1_3_VERSION,
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    SecureFixture client;
    CHECK(client.ask(upstream.url()).body == body);
}

TEST_CASE("Tls refuses certificates that are not good, and says why") {
    SUBCASE("expired") {
        CHECK(complaint(authority().issue(
                  {.name = "x", .subjects = "DNS:localhost", .begins = -7200, .ends = -3600})) ==
              "the certificate of localhost has expired");
    }
    SUBCASE("not yet valid") {
        CHECK(complaint(authority().issue(
                  {.name = "x", .subjects = "DNS:localhost", .begins = 3600, .ends = 7200})) ==
              "the certificate of localhost is not valid yet (is the clock right?)");
    }
    SUBCASE("for another host") {
        CHECK(complaint(authority().issue({.name = "x", .subjects = "DNS:other.example"})) ==
              "the certificate is not for localhost");
    }
    SUBCASE("self-signed") {
        CHECK(complaint(Identity({.name = "localhost", .subjects = "DNS:localhost"})) ==
              "the certificate of localhost is self-signed and not trusted");
    }
    SUBCASE("from an unknown authority") {
        const Identity other({.name = "Other Authority", .is_authority = true});
        CHECK(complaint(Identity({.name = "localhost", .subjects = "DNS:localhost"}, &other)) ==
              "the certificate of localhost is from an authority that is not trusted here");
    }
}

TEST_CASE("Tls refuses what is not TLS, or too old") {
    SecureFixture client;
    SUBCASE("plain HTTP") {
        ScriptedUpstream upstream([](Peer& peer, int) { peer.send("HTTP/1.1 400 Bad\r\n\r\n"); });
        const auto outcome = client.ask("https://localhost:" + std::to_string(upstream.port()));
        CHECK(outcome.failure.error == CallError::tls);
        CHECK(outcome.failure.text == "no TLS handshake with localhost: wrong version number");
    }
    SUBCASE("a connection that ends in the handshake") {
        ScriptedUpstream upstream([](Peer&, int) {});
        const auto outcome = client.ask("https://localhost:" + std::to_string(upstream.port()));
        CHECK(outcome.failure.error == CallError::tls);
        CHECK(outcome.failure.text.find("no TLS handshake with localhost") == 0);
    }
    SUBCASE("TLS 1.1") {
        SecureUpstream upstream(good(), TLS1_1_VERSION);
        CHECK(client.ask(upstream.url()).failure.error == CallError::tls);
    }
    SUBCASE("a handshake that stalls") {
        client.fixture.limits.timeouts.connect = std::chrono::milliseconds(30);
        ScriptedUpstream upstream([](Peer& peer, int) { peer.sees_end(); });
        const auto outcome = client.ask("https://localhost:" + std::to_string(upstream.port()));
        CHECK(outcome.failure.error == CallError::connect_timeout);
        CHECK(outcome.failure.text.find("the TLS handshake did not end") != std::string::npos);
    }
}

TEST_CASE("Tls resumes sessions") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(version);
        SecureUpstream upstream(good(), version);
        upstream.closes = true;
        SecureFixture client;
        for (int i = 0; i < 3; ++i) {
            CHECK(client.ask(upstream.url()).body == "answer");
            client.fixture.run_until(
                [&] { return client.fixture.client.pool().open_count() == 0; });
        }
        const auto seen = upstream.seen();
        REQUIRE(seen.size() == 3);
        CHECK_FALSE(seen[0].was_resumed);
        CHECK(seen[1].was_resumed);
        CHECK(seen[2].was_resumed);
    }
}

TEST_CASE("Tls tells an end in order from a cut one") {
    SecureUpstream upstream(good(), TLS1_3_VERSION, "HTTP/1.1 200 OK\r\n\r\nanswer");
    upstream.closes = true;
    SecureFixture client;
    SUBCASE("with the closing alert the response is complete") {
        CHECK(client.ask(upstream.url()).failure.error == CallError::none);
    }
    SUBCASE("without it somebody may have cut it") {
        upstream.ends = false;
        const auto outcome = client.ask(upstream.url());
        CHECK(outcome.failure.error == CallError::cut);
        CHECK(outcome.body == "answer");
    }
}

TEST_CASE("Tls tries a stale connection's call once more") {
    SecureUpstream upstream(good());
    upstream.closes = true;
    SecureFixture client;
    CHECK(client.ask(upstream.url()).body == "answer");
    CHECK(client.ask(upstream.url()).body == "answer");
}

TEST_CASE("Tls goes through the tunnel of a proxy") {
    SharedText seen;
    SUBCASE("that lets it through") {
        const auto context =
            TlsPeer::context(authority().issue({.name = "x", .subjects = "DNS:up.example"}));
        {
            ScriptedUpstream proxy([&](Peer& peer, int) {
                seen.set(peer.request());
                peer.send_bytewise("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n");
                TlsPeer tls(*context, peer.fd());
                if (!tls.is_open()) return;
                tls.request();
                tls.send(small_answer);
            });
            SecureFixture client(net::ProxySettings(
                "", "http://me:pass@127.0.0.1:" + std::to_string(proxy.port()), ""));
            const auto outcome = client.ask("https://up.example/v1");
            CHECK(outcome.body == "answer");
            CHECK(outcome.failure.text.empty());
        }
        CHECK(seen.get() ==
              "CONNECT up.example:443 HTTP/1.1\r\nHost: up.example:443\r\n"
              "Proxy-Authorization: Basic bWU6cGFzcw==\r\n\r\n");
    }
    SUBCASE("that refuses") {
        for (const auto& [answer, text] : std::vector<std::pair<std::string, std::string>>{
                 {"HTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno",
                  "refused the connection with status 407 (it wants a user and a password)"},
                 {"HTTP/1.1 403 No\r\n\r\n", "refused the connection with status 403"},
                 {"HTTP/1.1 200 OK\r\n\r\nx", "sent more than an answer"},
                 {"nonsense\r\n", "not valid HTTP/1.1"},
                 {"", "closed the connection without an answer"}}) {
            ScriptedUpstream proxy([&answer = answer](Peer& peer, int) {
                peer.request();
                peer.send(answer);
            });
            SecureFixture client(
                net::ProxySettings("", "http://127.0.0.1:" + std::to_string(proxy.port()), ""));
            const auto outcome = client.ask("https://up.example");
            CHECK(outcome.failure.error == CallError::proxy);
            CHECK(outcome.failure.text.find(text) != std::string::npos);
        }
    }
    SUBCASE("unless NO_PROXY names the upstream") {
        FakeDns dns(FakeDns::Records{{"direct.example", "127.0.0.1"}});
        SecureUpstream upstream(authority().issue({.name = "x", .subjects = "DNS:direct.example"}));
        SecureFixture client(net::ProxySettings("", "http://127.0.0.1:1", "direct.example"),
                             {.servers = dns.servers()});
        CHECK(client.ask(upstream.url("direct.example")).body == "answer");
        const auto outcome = client.ask("https://up.example");
        CHECK(outcome.failure.error == CallError::connect);
        CHECK(outcome.failure.text == "no connection to 127.0.0.1:1: Connection refused");
    }
}

TEST_CASE("Tls needs authorities to trust") {
    CHECK(net::Tls::is_built_in());
    CHECK_THROWS_AS(net::Tls::make({"/nonexistent.pem"}), std::runtime_error);
    CHECK_THROWS_AS(net::Tls::make({"/dev/null"}), std::runtime_error);
    ::setenv("SSL_CERT_FILE", authority().path().c_str(), 1);
    SecureUpstream upstream(good());
    {
        const auto tls = net::Tls::make({});
        ClientFixture fixture({}, tls.get());
        CallOwner owner;
        fixture.start(owner, upstream.url());
        CHECK(fixture.finish(owner));
        owner.pull();
        CHECK(owner.body == "answer");
    }
    // A wrong name shows at the start; what is wrong inside, with the first call.
    ::setenv("SSL_CERT_FILE", "/nonexistent.pem", 1);
    CHECK_THROWS_AS(net::Tls::make({}), std::runtime_error);
    const test::TemporaryFolder folder;
    const std::string damaged = folder / "damaged.pem";
    folder.write("damaged.pem", "-----BEGIN CERTIFICATE-----\n!\n");
    CHECK_THROWS_AS(net::Tls::make({damaged}), std::runtime_error);
    ::setenv("SSL_CERT_FILE", damaged.c_str(), 1);
    {
        const auto tls = net::Tls::make({});
        ClientFixture fixture({}, tls.get());
        CallOwner owner;
        fixture.start(owner, upstream.url());
        CHECK(fixture.finish(owner));
        CHECK(owner.call->failure().error == CallError::tls);
        CHECK(
            owner.call->failure().text.starts_with("no certificates can be read from " + damaged));
    }
    ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("Tls survives calls that are destroyed at any moment") {
    SecureUpstream upstream(good());
    SecureFixture client;
    for (int turns = 0; turns < 40; ++turns) {
        CallOwner owner;
        client.fixture.start(owner, upstream.url(), std::string(100'000, 'q'));
        for (int i = 0; i < turns; ++i) {
            client.fixture.loop.run_once(test_clock() + std::chrono::microseconds(200));
        }
    }
    client.fixture.run_for(10);
    CHECK(client.fixture.client.pool().open_count() <= 1);
}
