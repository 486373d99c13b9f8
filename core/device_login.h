#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/amazon_q_settings.h"
#include "core/service_call.h"
#include "json/aws_oidc.h"
#include "json/credentials.h"
#include "net/task.h"
#include "net/timer_wheel.h"

namespace core {

// DeviceLogin makes a login by the device authorization grant (RFC 8628): it registers this
// program, gets a code, and asks until the user has confirmed it in a browser.
class DeviceLogin final : public net::Task {
public:
    // Who shows the user what goes on. Called on the loop's thread.
    class Screen {
    public:
        virtual void show(const json::DeviceAuthorization& code) = 0;
        virtual void wait(int64_t seconds_left) = 0;  // about once a second
        // The last call. Empty: credentials() is the new login; else what went wrong.
        virtual void end(const std::string& problem) = 0;

    protected:
        ~Screen() = default;
    };

    struct Setup {
        const AmazonQSettings& settings;
        net::HttpClient& client;
        net::ReadyList& ready;
        net::TimerWheel& timers;
        Screen& screen;
        int64_t (*clock)();  // Unix seconds
    };

    // `known` may hold a registration, which is used again if it is still good. What the setup
    // refers to must outlive the login.
    DeviceLogin(const Setup& setup, const json::Credentials& known);

    void pump() override;

    const json::Credentials& credentials() const { return credentials_; }

private:
    enum class Step { registering, authorizing, waiting, asking, ended };

    void begin();
    void advance();
    void call(Step step, std::string_view path, std::string body);
    void authorize();
    void take_client();
    void take_code();
    void take_answer();
    void refuse_answer();
    void wait();
    void tick();
    void end(const std::string& problem);
    std::string problem_of(std::string_view what) const;
    net::TimePoint now() const { return setup_.timers.now(); }

    const Setup setup_;
    const std::string start_url_;
    net::Wakeup wakeup_;
    net::Timer timer_;
    Step step_ = Step::registering;
    bool is_registration_old_ = false;
    json::Credentials credentials_;
    json::DeviceAuthorization code_;
    net::TimePoint ask_at_;
    net::TimePoint code_ends_;
    std::optional<ServiceCall> call_;
};

}  // namespace core
