#include "core/device_login.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/token_refresh.h"

namespace core {
namespace {

using std::chrono::seconds;

constexpr std::string_view client_name = "amazon-q-server";

// A registration that ends sooner is not worth keeping.
constexpr int64_t registration_left_s = 86'400;

// RFC 8628 section 3.5.
constexpr int64_t slow_down_s = 5;

constexpr std::string_view too_late = "The code has expired before it was confirmed.";

}  // namespace

DeviceLogin::DeviceLogin(const Setup& setup, const json::Credentials& known)
    : setup_(setup),
      start_url_(setup.settings.start_url.empty() ? builder_id_url : setup.settings.start_url),
      wakeup_(setup.ready, *this),
      timer_(setup.timers, *this) {
    const std::string& region = setup.settings.region;
    credentials_.region = region.empty() ? default_region : region;
    credentials_.start_url = start_url_;
    const bool is_known = !known.client_id.empty() && !known.client_secret.empty() &&
                          known.region == credentials_.region &&
                          known.client_expires_at > setup.clock() + registration_left_s;
    if (is_known) {
        is_registration_old_ = true;
        credentials_.client_id = known.client_id;
        credentials_.client_secret = known.client_secret;
        credentials_.client_expires_at = known.client_expires_at;
        authorize();
    } else {
        begin();
    }
}

void DeviceLogin::begin() {
    is_registration_old_ = false;
    std::string body;
    json::write_register_client(client_name, body);
    call(Step::registering, json::register_client_path, std::move(body));
}

void DeviceLogin::pump() {
    while (call_ && call_->is_done()) advance();
    if (step_ == Step::waiting && timer_.take_expired()) tick();
}

void DeviceLogin::advance() {
    switch (step_) {
        case Step::registering:
            return take_client();
        case Step::authorizing:
            return take_code();
        case Step::asking:
            return take_answer();
        case Step::waiting:
        case Step::ended:
            return call_.reset();
    }
}

void DeviceLogin::call(Step step, std::string_view path, std::string body) {
    step_ = step;
    const net::Url endpoint = setup_.settings.oidc_endpoint_for(credentials_.region);
    call_ = login_call(setup_.client, setup_.settings, endpoint, path, body, wakeup_);
    wakeup_.wake();
}

void DeviceLogin::take_client() {
    if (!call_->is_good() || !json::read_client(call_->body(), credentials_)) {
        return end(problem_of("This program could not be registered"));
    }
    authorize();
}

void DeviceLogin::authorize() {
    std::string body;
    json::write_device_authorization(credentials_, start_url_, body);
    call(Step::authorizing, json::device_authorization_path, std::move(body));
}

void DeviceLogin::take_code() {
    if (call_->is_good() && json::read_device_authorization(call_->body(), code_)) {
        code_ends_ = now() + seconds(code_.expires_in_s);
        setup_.screen.show(code_);
        return wait();
    }
    // A registration may end before its time.
    if (is_registration_old_ && call_->status() >= 400 && call_->status() < 500) return begin();
    end(problem_of("The login could not be begun"));
}

void DeviceLogin::take_answer() {
    if (!call_->is_good()) return refuse_answer();
    if (json::read_token(call_->body(), setup_.clock(), credentials_)) return end({});
    end(problem_of("The login was confirmed, but there is no token in the answer"));
}

void DeviceLogin::refuse_answer() {
    using Kind = json::OidcError::Kind;
    // A network that fails for a moment must not end what the user has begun.
    if (call_->status() == 0) return wait();
    const json::OidcError error = json::read_oidc_error(call_->status(), call_->body());
    switch (error.kind) {
        case Kind::slow_down:
            code_.interval_s += slow_down_s;
            return wait();
        case Kind::pending:
        case Kind::server:
            return wait();
        case Kind::expired:
            return end(std::string(too_late));
        case Kind::denied:
        case Kind::invalid_grant:
        case Kind::invalid_client:
        case Kind::configuration:
            return end(error.message);
    }
}

void DeviceLogin::wait() {
    call_.reset();
    step_ = Step::waiting;
    ask_at_ = now() + seconds(code_.interval_s);
    timer_.arm(seconds(1));
}

void DeviceLogin::tick() {
    if (now() >= code_ends_) return end(std::string(too_late));
    setup_.screen.wait(std::chrono::ceil<seconds>(code_ends_ - now()).count());
    if (now() < ask_at_) return timer_.arm(seconds(1));
    std::string body;
    json::write_device_token(credentials_, code_.device_code, body);
    call(Step::asking, json::create_token_path, std::move(body));
}

void DeviceLogin::end(const std::string& problem) {
    step_ = Step::ended;
    call_.reset();
    setup_.screen.end(problem);
}

std::string DeviceLogin::problem_of(std::string_view what) const {
    std::string text = std::string(what) + ": ";
    if (call_->status() == 0) return text + call_->problem() + ".";
    if (call_->is_good()) return text + "the answer of the login service was not understood.";
    return text + json::read_oidc_error(call_->status(), call_->body()).message;
}

}  // namespace core
