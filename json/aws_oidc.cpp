#include "json/aws_oidc.h"

#include <algorithm>
#include <array>

#include "json/reader.h"
#include "json/text.h"
#include "json/values.h"

namespace json {
namespace {

constexpr std::string_view scopes =
    R"(["codewhisperer:completions","codewhisperer:analysis","codewhisperer:conversations"])";
constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";

// What a token lives when its answer does not say: the service's usual hour.
constexpr int64_t token_lifetime_s = 3'600;
constexpr int64_t lifetime_max_s = 366 * 86'400;
constexpr int64_t time_max_s = 100'000'000'000;  // times are written with four digits of a year

void write_member(std::string_view key, std::string_view value, std::string& out) {
    out += out.back() == '{' ? "\"" : ",\"";
    out.append(key).append("\":\"");
    escape(value, out);
    out += '"';
}

void write_client(const Credentials& client, std::string& out) {
    out += '{';
    write_member("clientId", client.client_id, out);
    write_member("clientSecret", client.client_secret, out);
}

// Reads a flat answer: `visit` takes what it knows, containers are passed over.
template <class Visit>
bool read_flat(std::string_view body, const Visit& visit) {
    Reader reader(64);
    PaddedCopy copy;
    return reader.read(copy.of(body), [&](std::string_view key, Node& node) {
        visit(key, node);
        return reader.skip(node);
    });
}

struct Row {
    std::string_view error;  // of RFC 6749 and RFC 8628
    OidcError::Kind kind;
    std::string_view message;
};

constexpr std::array<Row, 8> rows = {{
    {"authorization_pending", OidcError::Kind::pending, "The login waits for your confirmation."},
    {"slow_down", OidcError::Kind::slow_down, "AWS asks for fewer calls."},
    {"expired_token", OidcError::Kind::expired, "The login took too long. Please begin again."},
    {"access_denied", OidcError::Kind::denied, "The login was refused."},
    {"invalid_grant", OidcError::Kind::invalid_grant,
     "The login has ended. Please run: amazon-q-server login"},
    {"invalid_client", OidcError::Kind::invalid_client,
     "The registration of this server has ended. Please run: amazon-q-server login"},
    {"invalid_client_metadata", OidcError::Kind::configuration, "AWS refused the registration."},
    {"server_error", OidcError::Kind::server, "AWS's login service had an error."},
}};

}  // namespace

void write_register_client(std::string_view client_name, std::string& out) {
    out += '{';
    write_member("clientName", client_name, out);
    write_member("clientType", "public", out);
    out.append(",\"scopes\":").append(scopes).append("}");
}

void write_device_authorization(const Credentials& client, std::string_view start_url,
                                std::string& out) {
    write_client(client, out);
    write_member("startUrl", start_url, out);
    out += '}';
}

void write_device_token(const Credentials& client, std::string_view device_code, std::string& out) {
    write_client(client, out);
    write_member("grantType", device_grant, out);
    write_member("deviceCode", device_code, out);
    out += '}';
}

void write_refresh_token(const Credentials& credentials, std::string& out) {
    write_client(credentials, out);
    write_member("grantType", "refresh_token", out);
    write_member("refreshToken", credentials.refresh_token, out);
    out += '}';
}

void write_social_refresh(const Credentials& credentials, std::string& out) {
    out += '{';
    write_member("refreshToken", credentials.refresh_token, out);
    out += '}';
}

bool read_client(std::string_view body, Credentials& out) {
    std::string id, secret;
    int64_t expires_at = 0;
    const bool ok = read_flat(body, [&](std::string_view key, Node& node) {
        if (key == "clientId") take(node, id);
        if (key == "clientSecret") take(node, secret);
        if (key == "clientSecretExpiresAt") take(node, expires_at);
    });
    if (!ok || id.empty() || secret.empty()) return false;
    out.client_id = std::move(id);
    out.client_secret = std::move(secret);
    out.client_expires_at = std::clamp<int64_t>(expires_at, 0, time_max_s);
    return true;
}

bool read_device_authorization(std::string_view body, DeviceAuthorization& out) {
    std::string complete;
    const bool ok = read_flat(body, [&](std::string_view key, Node& node) {
        if (key == "deviceCode") take(node, out.device_code);
        if (key == "userCode") take(node, out.user_code);
        if (key == "verificationUri") take(node, out.verification_uri);
        if (key == "verificationUriComplete") take(node, complete);
        if (key == "expiresIn") take(node, out.expires_in_s);
        if (key == "interval") take(node, out.interval_s);
    });
    if (!complete.empty()) out.verification_uri = std::move(complete);
    out.interval_s = std::clamp<int64_t>(out.interval_s, 1, 60);
    out.expires_in_s = std::clamp<int64_t>(out.expires_in_s, 1, 86'400);
    return ok && !out.device_code.empty() && !out.verification_uri.empty();
}

bool read_token(std::string_view body, int64_t now_unix_s, Credentials& out) {
    std::string access, refresh, profile;
    int64_t lifetime = token_lifetime_s;
    const bool ok = read_flat(body, [&](std::string_view key, Node& node) {
        if (key == "accessToken") take(node, access);
        if (key == "refreshToken") take(node, refresh);
        if (key == "profileArn") take(node, profile);
        if (key == "expiresIn") take(node, lifetime);
    });
    if (!ok || access.empty() || !is_visible_ascii(access) || !is_visible_ascii(profile))
        return false;
    out.access_token = std::move(access);
    out.expires_at = now_unix_s + std::clamp<int64_t>(lifetime, 0, lifetime_max_s);
    if (!refresh.empty()) out.refresh_token = std::move(refresh);
    if (!profile.empty()) out.profile_arn = std::move(profile);
    return true;
}

OidcError read_oidc_error(int status, std::string_view body) {
    std::string error, description;
    const bool ok = read_flat(body, [&](std::string_view key, Node& node) {
        if (key == "error") take(node, error);
        if (key == "error_description") take(node, description);
    });
    OidcError out;
    const auto is_it = [&](const Row& row) { return row.error == error; };
    const auto row = std::find_if(rows.begin(), rows.end(), is_it);
    if (ok && row != rows.end()) {
        out.kind = row->kind;
        out.message = row->message;
    } else if (status == 429 || status >= 500) {
        out.kind = OidcError::Kind::server;
        out.message = "AWS's login service had an error.";
    } else {
        out.kind = OidcError::Kind::configuration;
        out.message = "AWS refused the login: " + (error.empty() ? "no reason" : error) + ".";
    }
    if (!description.empty()) out.message += " (" + description + ")";
    return out;
}

}  // namespace json
