#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace json {

// Credentials is a login: what the file of this server holds, and what the stores of other programs
// are read into. Empty text and zero mean unknown. Secrets: never to be logged.
struct Credentials {
    std::string access_token;
    std::string refresh_token;
    int64_t expires_at = 0;  // of the access token, Unix seconds
    // The registration at AWS's OIDC service; without it a refresh is Kiro's social one.
    std::string client_id, client_secret;
    int64_t client_expires_at = 0;
    std::string region;  // of the login, which need not be the profile's
    std::string start_url;
    std::string profile_arn;
    // Only in Kiro's cache: the registration is in a file of this name beside it.
    std::string client_id_hash;
};

// Take over what a JSON text says and leave the rest as it is. Members may be written in camelCase
// or snake_case. False: it is not a JSON object, and nothing was taken over.
//
// read_credentials: this server's file, Kiro's kiro-auth-token.json, or the value that the Amazon Q
// and Kiro CLIs keep under codewhisperer:odic:token and kirocli:odic:token.
[[nodiscard]] bool read_credentials(std::string_view text, Credentials& out);
// read_registration: Kiro's file of the client, or the value under ...:odic:device-registration,
// where expiresAt is the registration's.
[[nodiscard]] bool read_registration(std::string_view text, Credentials& out);
// read_profile: the value that the CLIs keep under api.codewhisperer.profile.
[[nodiscard]] bool read_profile(std::string_view text, Credentials& out);

// Appends this server's file: one member a line, what is unknown left out.
void write_credentials(const Credentials& credentials, std::string& out);

// Whether a token can stand in a field of a request: a line's end would begin another field. All
// tokens of RFC 6750 section 2.1 are of this kind.
bool is_visible_ascii(std::string_view text);

// The region in an ARN (arn:aws:codewhisperer:us-east-1:...); empty: there is none.
std::string_view region_of(std::string_view arn);

}  // namespace json
