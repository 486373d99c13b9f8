#include "json/credentials.h"

#include <algorithm>
#include <array>
#include <utility>

#include "json/reader.h"
#include "json/rfc3339.h"
#include "json/text.h"
#include "json/values.h"

namespace json {
namespace {

// Times beyond this many seconds (the year 5138) are milliseconds.
constexpr int64_t seconds_max = 100'000'000'000;

// A time is text of RFC 3339 or a number.
void take_time(const Node& node, int64_t& out) {
    if (node.token.is_string()) {
        std::string text;
        take(node, text);
        if (const auto time = read_time(text)) out = *time;
        return;
    }
    take(node, out);
    if (out > seconds_max) out /= 1'000;
    out = std::clamp<int64_t>(out, 0, seconds_max);
}

// accessToken and access_token are the same member.
std::string camel_case(std::string_view key) {
    std::string out;
    for (size_t i = 0; i < key.size(); ++i) {
        const bool is_joint = key[i] == '_' && i + 1 < key.size();
        const char c = is_joint ? key[++i] : key[i];
        out += is_joint && c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
    }
    return out;
}

using Member = std::pair<std::string_view, std::string Credentials::*>;

constexpr std::array<Member, 8> text_members = {{
    {"accessToken", &Credentials::access_token},
    {"refreshToken", &Credentials::refresh_token},
    {"clientId", &Credentials::client_id},
    {"clientSecret", &Credentials::client_secret},
    {"region", &Credentials::region},
    {"startUrl", &Credentials::start_url},
    {"profileArn", &Credentials::profile_arn},
    {"clientIdHash", &Credentials::client_id_hash},
}};

bool read_members(std::string_view text, Credentials& out, std::string_view token_expiry,
                  std::string_view client_expiry) {
    Reader reader(64);
    PaddedCopy copy;
    Credentials read = out;
    const bool ok = reader.read(copy.of(text), [&](std::string_view raw_key, Node& node) {
        const std::string key = camel_case(raw_key);
        for (const auto& [name, member] : text_members) {
            if (key == name) take(node, read.*member);
        }
        if (key == token_expiry) take_time(node, read.expires_at);
        if (key == client_expiry) take_time(node, read.client_expires_at);
        return reader.skip(node);
    });
    if (ok) out = std::move(read);
    return ok;
}

void write_member(std::string_view key, std::string_view value, std::string& out) {
    if (value.empty()) return;
    out += out.back() == '{' ? "\n  \"" : ",\n  \"";
    out.append(key).append("\": \"");
    escape(value, out);
    out += '"';
}

void write_member(std::string_view key, int64_t time, std::string& out) {
    if (time == 0) return;
    std::string text;
    write_time(time, text);
    write_member(key, text, out);
}

}  // namespace

bool read_credentials(std::string_view text, Credentials& out) {
    return read_members(text, out, "expiresAt", "clientSecretExpiresAt");
}

bool read_registration(std::string_view text, Credentials& out) {
    Credentials read;
    read.client_expires_at = out.client_expires_at;
    if (!read_members(text, read, {}, "clientSecretExpiresAt")) return false;
    if (read.client_expires_at == out.client_expires_at &&
        !read_members(text, read, {}, "expiresAt")) {
        return false;
    }
    if (!read.client_id.empty()) out.client_id = std::move(read.client_id);
    if (!read.client_secret.empty()) out.client_secret = std::move(read.client_secret);
    if (out.region.empty()) out.region = std::move(read.region);
    out.client_expires_at = read.client_expires_at;
    return true;
}

bool read_profile(std::string_view text, Credentials& out) {
    Reader reader(64);
    PaddedCopy copy;
    std::string arn;
    const bool ok = reader.read(copy.of(text), [&](std::string_view key, Node& node) {
        if (key == "arn") take(node, arn);
        return reader.skip(node);
    });
    if (ok && !arn.empty()) out.profile_arn = std::move(arn);
    return ok;
}

void write_credentials(const Credentials& credentials, std::string& out) {
    out += '{';
    write_member("accessToken", credentials.access_token, out);
    write_member("refreshToken", credentials.refresh_token, out);
    write_member("expiresAt", credentials.expires_at, out);
    write_member("clientId", credentials.client_id, out);
    write_member("clientSecret", credentials.client_secret, out);
    write_member("clientSecretExpiresAt", credentials.client_expires_at, out);
    write_member("region", credentials.region, out);
    write_member("startUrl", credentials.start_url, out);
    write_member("profileArn", credentials.profile_arn, out);
    write_member("clientIdHash", credentials.client_id_hash, out);
    out += "\n}\n";
}

bool is_visible_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

std::string_view region_of(std::string_view arn) {
    for (int field = 0; field < 3; ++field) {
        const size_t colon = arn.find(':');
        if (colon == std::string_view::npos) return {};
        arn.remove_prefix(colon + 1);
    }
    const size_t end = arn.find(':');
    return end == std::string_view::npos ? std::string_view() : arn.substr(0, end);
}

}  // namespace json
