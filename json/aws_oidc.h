#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/credentials.h"

namespace json {

// The bodies of AWS's OIDC service (SSO OIDC API, 2019-06-10) as far as the device flow needs them:
// RegisterClient, StartDeviceAuthorization and CreateToken, all POST with JSON in camelCase.

inline constexpr std::string_view register_client_path = "/client/register";
inline constexpr std::string_view device_authorization_path = "/device_authorization";
inline constexpr std::string_view create_token_path = "/token";

void write_register_client(std::string_view client_name, std::string& out);
void write_device_authorization(const Credentials& client, std::string_view start_url,
                                std::string& out);
void write_device_token(const Credentials& client, std::string_view device_code, std::string& out);
void write_refresh_token(const Credentials& credentials, std::string& out);
// The refresh of a Kiro login by Google or GitHub, which has no registration.
void write_social_refresh(const Credentials& credentials, std::string& out);

// Takes over the client that RegisterClient answers with. False: something is missing.
[[nodiscard]] bool read_client(std::string_view body, Credentials& out);

// A login that waits for the user.
struct DeviceAuthorization {
    std::string device_code;
    std::string user_code;
    std::string verification_uri;  // with the code in it if the service gave one
    int64_t expires_in_s = 600;
    int64_t interval_s = 1;
};
[[nodiscard]] bool read_device_authorization(std::string_view body, DeviceAuthorization& out);

// The answer of CreateToken, and of Kiro's social refresh. A refresh token or a profile that the
// answer does not name stays as it was.
[[nodiscard]] bool read_token(std::string_view body, int64_t now_unix_s, Credentials& out);

// Why a call was refused, and what that asks for.
struct OidcError {
    enum class Kind : uint8_t {
        pending,         // the user has not decided yet: poll on
        slow_down,       // poll five seconds slower; a refresh: later
        expired,         // the device code is too old: begin again
        denied,          // the user refused
        invalid_grant,   // the refresh token is used up or revoked: log in again
        invalid_client,  // the registration has expired: register again
        configuration,   // the request itself is wrong
        server,          // try again
    };
    Kind kind = Kind::server;
    std::string message;  // for the user
};
OidcError read_oidc_error(int status, std::string_view body);

}  // namespace json
