#include "net/call_loop.h"

#include <cerrno>
#include <system_error>

#include "net/event_loop.h"
#include "net/http_client.h"
#include "net/signals.h"
#include "net/upstream_setup.h"

namespace net {
namespace {

// Ends a loop when a signal has come.
class SignalWatch final : public Watcher {
public:
    explicit SignalWatch(EventLoop& loop) : loop_(loop), signals_(take_signals()) {
        if (!loop.watch(signals_.value(), *this)) {
            throw std::system_error(errno, std::generic_category(), "signalfd");
        }
    }

    void mark(uint32_t events) override {
        if (!(events & EPOLLIN)) return;
        has_come_ = true;
        loop_.stop();
    }

    bool has_come() const { return has_come_; }

private:
    EventLoop& loop_;
    Fd signals_;
    bool has_come_ = false;
};

}  // namespace

class CallLoop::Inside {
public:
    explicit Inside(const UpstreamSetup& setup)
        : client(loop, setup.limits, setup.proxies, setup.tls.get()) {}

    EventLoop loop;
    PooledHttpClient client;
};

CallLoop::CallLoop(const UpstreamSetup& setup) : inside_(std::make_unique<Inside>(setup)) {}

CallLoop::~CallLoop() = default;

EventLoop& CallLoop::loop() {
    return inside_->loop;
}

ReadyList& CallLoop::ready() {
    return inside_->loop.ready();
}

TimerWheel& CallLoop::timers() {
    return inside_->loop.timers();
}

HttpClient& CallLoop::client() {
    return inside_->client;
}

void CallLoop::run() {
    inside_->loop.run();
}

void CallLoop::stop() {
    inside_->loop.stop();
}

bool CallLoop::run_until_signal() {
    const SignalWatch signals(inside_->loop);
    inside_->loop.run();
    return !signals.has_come();
}

}  // namespace net
