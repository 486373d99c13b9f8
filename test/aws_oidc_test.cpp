#include "json/aws_oidc.h"

#include <doctest.h>

#include <string>

using json::Credentials;
using json::OidcError;

namespace {

template <class Write>
std::string written(const Write& write) {
    std::string out;
    write(out);
    return out;
}

}  // namespace

TEST_CASE("the bodies of the login calls are as AWS's API names them") {
    Credentials client;
    client.client_id = "i\"";
    client.client_secret = "s";
    client.refresh_token = "r";
    CHECK(
        written([](std::string& out) { json::write_register_client("amazon-q-server", out); }) ==
        R"({"clientName":"amazon-q-server","clientType":"public","scopes":["codewhisperer:completions",)"
        R"("codewhisperer:analysis","codewhisperer:conversations"]})");
    CHECK(written([&](std::string& out) {
              json::write_device_authorization(client, "https://x", out);
          }) == R"({"clientId":"i\"","clientSecret":"s","startUrl":"https://x"})");
    CHECK(written([&](std::string& out) { json::write_device_token(client, "d", out); }) ==
          R"({"clientId":"i\"","clientSecret":"s",)"
          R"("grantType":"urn:ietf:params:oauth:grant-type:device_code","deviceCode":"d"})");
    CHECK(
        written([&](std::string& out) { json::write_refresh_token(client, out); }) ==
        R"({"clientId":"i\"","clientSecret":"s","grantType":"refresh_token","refreshToken":"r"})");
    CHECK(written([&](std::string& out) { json::write_social_refresh(client, out); }) ==
          R"({"refreshToken":"r"})");
}

TEST_CASE("answers of the login calls are read") {
    Credentials login;
    CHECK(json::read_client(R"({"clientId":"i","clientSecret":"s","clientIdIssuedAt":1,)"
                            R"("clientSecretExpiresAt":1800000000,"tokenEndpoint":null})",
                            login));
    CHECK(login.client_id == "i");
    CHECK(login.client_expires_at == 1'800'000'000);
    CHECK(!json::read_client(R"({"clientId":"i"})", login));
    CHECK(!json::read_client("<html>", login));

    json::DeviceAuthorization device;
    CHECK(json::read_device_authorization(
        R"({"deviceCode":"d","userCode":"ABCD-EFGH","verificationUri":"https://v",)"
        R"("verificationUriComplete":"https://v?user_code=ABCD-EFGH","expiresIn":300,"interval":0})",
        device));
    CHECK(device.verification_uri == "https://v?user_code=ABCD-EFGH");
    CHECK(device.expires_in_s == 300);
    CHECK(device.interval_s == 1);
    json::DeviceAuthorization none;
    CHECK(!json::read_device_authorization("{}", none));

    login.refresh_token = "old";
    CHECK(json::read_token(R"({"accessToken":"a","tokenType":"Bearer","expiresIn":3600})", 1'000,
                           login));
    CHECK(login.access_token == "a");
    CHECK(login.expires_at == 4'600);
    CHECK(login.refresh_token == "old");
    CHECK(json::read_token(R"({"accessToken":"b","refreshToken":"new","profileArn":"arn"})", 0,
                           login));
    CHECK(login.refresh_token == "new");
    CHECK(login.profile_arn == "arn");
    CHECK(login.expires_at == 3'600);
    CHECK(!json::read_token(R"({"refreshToken":"x"})", 0, login));
    // A token with a line's end in it would be two fields of a request.
    CHECK(
        !json::read_token(R"({"accessToken":"c\r\nX-Injected: 1","refreshToken":"x"})", 0, login));
    CHECK(!json::read_token(R"({"accessToken":"c d"})", 0, login));
    CHECK(!json::read_token(R"({"accessToken":"c","profileArn":"a\nb"})", 0, login));
    CHECK(login.access_token == "b");
    CHECK(login.refresh_token == "new");
}

TEST_CASE("errors of the login calls ask for different things") {
    const auto kind = [](int status, const std::string& error) {
        return json::read_oidc_error(status,
                                     R"({"error":")" + error + R"(","error_description":"why"})")
            .kind;
    };
    CHECK(kind(400, "authorization_pending") == OidcError::Kind::pending);
    CHECK(kind(400, "slow_down") == OidcError::Kind::slow_down);
    CHECK(kind(400, "expired_token") == OidcError::Kind::expired);
    CHECK(kind(400, "access_denied") == OidcError::Kind::denied);
    CHECK(kind(400, "invalid_grant") == OidcError::Kind::invalid_grant);
    CHECK(kind(401, "invalid_client") == OidcError::Kind::invalid_client);
    CHECK(kind(400, "invalid_scope") == OidcError::Kind::configuration);
    CHECK(kind(500, "server_error") == OidcError::Kind::server);
    CHECK(json::read_oidc_error(503, "<html>").kind == OidcError::Kind::server);
    CHECK(json::read_oidc_error(400, "").kind == OidcError::Kind::configuration);
    CHECK(json::read_oidc_error(400, R"({"error":"invalid_scope","error_description":"why"})")
              .message == "AWS refused the login: invalid_scope. (why)");
}
