#include "core/token_refresh.h"

#include <utility>

#include "json/aws_oidc.h"

namespace core {
namespace {

constexpr std::string_view social_path = "/refreshToken";

ServiceCall start(const AmazonQSettings& settings, net::HttpClient& client, net::Wakeup wakeup,
                  const json::Credentials& login) {
    const bool is_social = login.client_id.empty() || login.client_secret.empty();
    const net::Url endpoint = is_social ? settings.social_endpoint_for(login.region)
                                        : settings.oidc_endpoint_for(login.region);
    std::string body;
    if (is_social) {
        json::write_social_refresh(login, body);
    } else {
        json::write_refresh_token(login, body);
    }
    const std::string_view path = is_social ? social_path : json::create_token_path;
    return login_call(client, settings, endpoint, path, body, wakeup);
}

}  // namespace

TokenRefresh::TokenRefresh(const AmazonQSettings& settings, net::HttpClient& client,
                           net::Wakeup wakeup, const json::Credentials& login)
    : login_(login), call_(start(settings, client, wakeup, login)) {}

TokenRefresh::Outcome TokenRefresh::poll(int64_t now_unix_s) {
    using Kind = json::OidcError::Kind;
    if (!call_.is_done()) return Outcome::running;
    if (call_.status() == 0) {
        problem_ = "The login service was not reached: " + call_.problem() + ".";
        return Outcome::later;
    }
    if (call_.is_good()) {
        if (json::read_token(call_.body(), now_unix_s, login_)) return Outcome::done;
        problem_ = "The login service answered with something else than a token.";
        return Outcome::later;
    }
    json::OidcError error = json::read_oidc_error(call_.status(), call_.body());
    problem_ = std::move(error.message);
    const bool is_passing = error.kind == Kind::server || error.kind == Kind::slow_down;
    return is_passing ? Outcome::later : Outcome::ended;
}

ServiceCall login_call(net::HttpClient& client, const AmazonQSettings& settings,
                       const net::Url& endpoint, std::string_view path, std::string_view body,
                       net::Wakeup wakeup) {
    const std::string fields =
        "Content-Type: application/json\r\nUser-Agent: " + settings.user_agent + "\r\n";
    return {client, {.url = endpoint, .path = path, .fields = fields, .body = body}, wakeup};
}

}  // namespace core
