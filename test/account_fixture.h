#pragma once

#include <doctest.h>

#include <memory>
#include <string>

#include "core/account.h"
#include "core/account_keeper.h"
#include "core/credential_store.h"
#include "fake_http_client.h"
#include "json/rfc3339.h"
#include "manual_clock.h"
#include "net/event_loop.h"
#include "net/log.h"
#include "temporary_folder.h"

namespace test {

inline constexpr int64_t unix_beginning = 1'800'000'000;

// Unix seconds on the manual clock.
inline int64_t unix_now() {
    const auto passed = ManualClock::now() - ManualClock::beginning;
    return unix_beginning + std::chrono::duration_cast<std::chrono::seconds>(passed).count();
}

// Somebody who waits for a token.
class Asker final : public net::Task {
public:
    Asker(net::EventLoop& loop, core::AccountView& view)
        : view_(view), waiter_(net::Wakeup(loop.ready(), *this)) {}

    core::TokenSource::State ask() { return state = view_.take(waiter_, token, failure); }
    bool awaits_models() { return view_.awaits_models(waiter_); }
    void pump() override { ++wakes; }

    core::TokenSource::State state{};
    core::Token token;
    core::Failure failure;
    int wakes = 0;

private:
    core::AccountView& view_;
    core::TokenSource::Waiter waiter_;
};

// An account on a manual clock, with its places in a folder and a client that tests answer for.
struct AccountFixture {
    using State = core::TokenSource::State;

    AccountFixture() {
        places.own_file = folder / "own.json";
        places.kiro_cache = folder / "cache";
    }

    // After the test has arranged the places.
    void start() {
        store = std::make_unique<core::CredentialStore>(places);
        keeper = std::make_unique<core::AccountKeeper>(core::AccountKeeper::Setup{
            account, settings, *store, loop, loop.ready(), loop.timers(), client, log, unix_now});
        view = std::make_unique<core::AccountView>(account, loop);
        asker = std::make_unique<Asker>(loop, *view);
        run();
    }

    void run() {
        for (int i = 0; i < 8; ++i) loop.run_once(ManualClock::beginning);
    }
    void pass(std::chrono::milliseconds time) {
        ManualClock::pass(time);
        run();
    }
    void answer(uint16_t status, const std::string& body) {
        client.answer(status, body);
        run();
    }

    static std::string login_text(
        const std::string& token, int64_t lives_s,
        const std::string& more = R"(,"clientId":"i","clientSecret":"s")") {
        std::string end;
        json::write_time(unix_now() + lives_s, end);
        return R"({"accessToken":")" + token + R"(","refreshToken":"r-)" + token +
               R"(","expiresAt":")" + end + R"(","region":"us-east-1")" + more + "}";
    }
    static std::string token_answer(const std::string& token, int lives_s = 3600) {
        return R"({"accessToken":")" + token + R"(","refreshToken":"r-)" + token +
               R"(","expiresIn":)" + std::to_string(lives_s) + "}";
    }
    static std::string models_answer(const std::string& id, const std::string& more = "") {
        return R"({"models":[{"modelId":")" + id + R"("}])" + more + "}";
    }
    // Answers the list of models that a good token is followed by.
    void answer_models(const std::string& id = "m") {
        REQUIRE(client.calls.back().call);
        REQUIRE(client.calls.back().fields.find("ListAvailableModels") != std::string::npos);
        answer(200, models_answer(id));
    }
    size_t refreshes() const {
        size_t count = 0;
        for (const auto& call : client.calls) {
            count += call.path == "/token" || call.path == "/refreshToken" ? 1 : 0;
        }
        return count;
    }
    // What was asked last is a refresh that waits for its answer.
    bool is_refreshing() const {
        return !client.calls.empty() && client.calls.back().call &&
               (client.calls.back().path == "/token" ||
                client.calls.back().path == "/refreshToken");
    }

    ManualClock clock;
    TemporaryFolder folder;
    core::AmazonQSettings settings;
    core::CredentialPlaces places;
    net::EventLoop loop{ManualClock::now};
    net::Log log{loop.timers(), net::LogLevel::error, net::LogFormat::text};
    AnsweringHttpClient client;
    core::Account account{unix_now};
    std::unique_ptr<core::CredentialStore> store;
    std::unique_ptr<core::AccountKeeper> keeper;
    std::unique_ptr<core::AccountView> view;
    std::unique_ptr<Asker> asker;
};

}  // namespace test
