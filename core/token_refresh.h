#pragma once

#include <cstdint>
#include <string>

#include "core/amazon_q_settings.h"
#include "core/service_call.h"
#include "json/credentials.h"

namespace core {

// TokenRefresh is one attempt to renew a login: by AWS's OIDC service, or by Kiro's when the login
// has no registration.
class TokenRefresh {
public:
    enum class Outcome {
        running,
        done,   // login() is the new one
        ended,  // the login cannot be renewed, now or later
        later,  // the service had a fault, or was not reached
    };

    // The client must outlive it; `wakeup` is of the owner, who asks poll() then.
    TokenRefresh(const AmazonQSettings& settings, net::HttpClient& client, net::Wakeup wakeup,
                 const json::Credentials& login);

    Outcome poll(int64_t now_unix_s);

    const json::Credentials& login() const { return login_; }
    const std::string& problem() const { return problem_; }  // for people; no secret in it

private:
    json::Credentials login_;
    ServiceCall call_;
    std::string problem_;
};

// A call of the login service.
ServiceCall login_call(net::HttpClient& client, const AmazonQSettings& settings,
                       const net::Url& endpoint, std::string_view path, std::string_view body,
                       net::Wakeup wakeup);

}  // namespace core
