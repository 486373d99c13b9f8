#pragma once

#include <doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/event_loop.h"
#include "net/http_client.h"
#include "scripted_upstream.h"

// Time that tests can jump ahead in.
inline std::chrono::nanoseconds& skipped_time() {
    static std::chrono::nanoseconds skipped{0};
    return skipped;
}

inline net::TimePoint test_clock() {
    return std::chrono::steady_clock::now() + skipped_time();
}

// The owner of a call: takes what comes, when it is told to.
class CallOwner final : public net::Task {
public:
    using Task::set_urgent;

    void pump() override {
        ++wakeups;
        if (pumped) pumped->push_back(this);
        if (call && is_pulling) pull();
    }

    void pull() {
        body.append(call->peek());
        call->consume(call->peek().size());
    }

    bool is_over() const {
        const net::HttpCall::State state = call->state();
        return state == net::HttpCall::State::complete || state == net::HttpCall::State::failed;
    }

    std::unique_ptr<net::HttpCall> call;
    std::string body;
    int wakeups = 0;
    std::vector<const CallOwner*>* pumped = nullptr;  // where each pump is noted
    bool is_pulling = true;
};

// An event loop with a client on it.
struct ClientFixture {
    explicit ClientFixture(net::ProxySettings settings = {}, const net::Tls* tls = nullptr,
                           net::ResolverSettings names = {})
        : proxies(std::move(settings)), client(loop, limits, proxies, tls, std::move(names)) {}

    net::Url url(const std::string& text) const {
        net::Url made;
        if (const auto error = net::Url::parse(text, made); !error.empty()) {
            throw std::invalid_argument(text + ": " + std::string(error));
        }
        return made;
    }

    void start(CallOwner& owner, const std::string& where, std::string body = "question",
               std::string path = "/ask") {
        const net::Url to = url(where);
        const net::CallRequest request{.url = to, .path = path, .body = body};
        owner.call = client.start(request, net::Wakeup(loop.ready(), owner));
    }

    // Runs the loop until the condition holds; false when it does not within some seconds.
    template <typename Condition>
    bool run_until(Condition condition, int milliseconds = 5000) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            loop.run_once(test_clock() + std::chrono::milliseconds(10));
        }
        return true;
    }

    bool finish(CallOwner& owner) {
        return run_until([&] { return owner.is_over(); });
    }

    void run_for(int milliseconds) {
        run_until([] { return false; }, milliseconds);
    }

    // Lets time pass without waiting for it.
    void skip(std::chrono::milliseconds time) {
        skipped_time() += time;
        for (int i = 0; i < 3; ++i) loop.run_once(loop.timers().now());
    }

    net::EventLoop loop{test_clock};
    net::UpstreamLimits limits;
    net::ProxySettings proxies;
    net::PooledHttpClient client;
};

inline const std::string small_answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer";

// Answers every request of a connection in the same way.
inline ScriptedUpstream::Script answers(const std::string& answer) {
    return [answer](Peer& peer, int) {
        while (!peer.request().empty()) peer.send(answer);
    };
}

struct Finished {
    net::HttpCall::State state;
    int status;
    std::string body;
    net::CallError error;
};

// One call from its start to its end.
inline Finished ask(ClientFixture& fixture, const std::string& url, std::string body = "question") {
    CallOwner owner;
    fixture.start(owner, url, std::move(body));
    CHECK(fixture.finish(owner));
    owner.pull();
    return {owner.call->state(), owner.call->status(), owner.body, owner.call->failure().error};
}
