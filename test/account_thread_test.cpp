#include "core/account_thread.h"

#include <doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/event_loop.h"
#include "net/upstream_setup.h"
#include "temporary_folder.h"

using State = core::TokenSource::State;

namespace {

// A worker that takes tokens and now and then rejects one, until it has had its share.
class Worker final : public net::Task {
public:
    explicit Worker(core::Account& account)
        : view_(account, loop_), waiter_(net::Wakeup(loop_.ready(), *this)) {
        loop_.ready().post(*this);
    }

    void run() { loop_.run(); }
    int taken() const { return taken_; }
    bool is_in_order() const { return is_in_order_; }

    void pump() override {
        core::Token token;
        core::Failure failure;
        if (view_.awaits_models(waiter_)) return;
        (void)view_.models();
        const State state = view_.take(waiter_, token, failure);
        if (state == State::refreshing) return;
        if (state == State::ready) {
            is_in_order_ &= token.version >= version_ && token.access_token == "a";
            version_ = token.version;
            if (taken_ % 16 == 0) view_.reject(token.version);
        }
        if (++taken_ == 300) return loop_.stop();
        loop_.ready().post(*this);
    }

private:
    net::EventLoop loop_;
    core::AccountView view_;
    core::TokenSource::Waiter waiter_;
    int taken_ = 0;
    uint64_t version_ = 0;
    bool is_in_order_ = true;
};

}  // namespace

TEST_CASE("workers on threads of their own share one account") {
    const test::TemporaryFolder folder;
    folder.write("login.json", R"({"accessToken":"a","refreshToken":"r","clientId":"i",)"
                               R"("clientSecret":"s","expiresAt":"2099-01-01T00:00:00Z"})");
    core::AmazonQSettings settings;
    settings.credentials_file = folder / "login.json";
    // Nothing listens there: every refresh fails, and the account comes and goes.
    REQUIRE(net::Url::parse("http://127.0.0.1:1", settings.endpoint.emplace()).empty());
    settings.oidc_endpoint = settings.endpoint;
    const net::UpstreamSetup upstreams = net::UpstreamSetup::make(false, "");
    core::AccountThread thread(settings, upstreams, net::LogLevel::error, net::LogFormat::text);
    thread.start();

    std::vector<std::unique_ptr<Worker>> workers;
    for (int i = 0; i < 4; ++i) workers.push_back(std::make_unique<Worker>(thread.account()));
    std::vector<std::thread> threads;
    for (const auto& worker : workers) threads.emplace_back([&] { worker->run(); });
    for (std::thread& one : threads) one.join();
    for (const auto& worker : workers) {
        CHECK(worker->taken() == 300);
        CHECK(worker->is_in_order());
    }
}
