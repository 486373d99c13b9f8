#include "core/foreign_logins.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "net/command.h"
#include "net/file.h"

namespace core {
namespace {

constexpr std::chrono::milliseconds sqlite_limit{2'000};

// The CLIs' tables, one line for each entry: its key, a tab, its value without line ends. A store
// without a profile has no table of them; the error comes after the tokens then.
constexpr std::string_view query =
    "SELECT key||char(9)||replace(replace(CAST(value AS TEXT),char(10),' '),char(13),' ') "
    "FROM auth_kv WHERE key LIKE '%:odic:token' OR key LIKE '%:odic:device-registration' "
    "OR key LIKE '%:social:token'; "
    "SELECT key||char(9)||replace(replace(CAST(value AS TEXT),char(10),' '),char(13),' ') "
    "FROM state WHERE key='api.codewhisperer.profile';";

// The value of the first line whose key ends like this; empty: there is none.
std::string_view find_value(std::string_view lines, std::string_view key_end) {
    while (!lines.empty()) {
        const size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        const size_t tab = std::min(line.find('\t'), line.size());
        if (line.substr(0, tab).ends_with(key_end)) return line.substr(std::min(tab + 1, end));
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return {};
}

// A name out of a file becomes part of a path.
bool is_file_stem(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

Login load_kiro_login(const std::string& path, std::string& problem) {
    const net::FileText file = net::read_file(path, login_bytes_max);
    problem = file.problem;
    if (file.state != net::FileText::State::ok) return {};
    Login login{Login::Source::kiro, path, {}};
    json::Credentials& credentials = login.credentials;
    if (!json::read_credentials(file.text, credentials) || !is_usable(credentials)) {
        problem = path + " holds no login";
        return {};
    }
    if (is_file_stem(credentials.client_id_hash)) {
        const std::string folder = path.substr(0, path.rfind('/') + 1);
        const net::FileText client =
            net::read_file(folder + credentials.client_id_hash + ".json", login_bytes_max);
        // Without it the token serves as long as it lasts.
        (void)json::read_registration(client.text, credentials);
    }
    return login;
}

Login load_cli_login(const std::string& path, const std::string& sqlite) {
    if (!net::is_file(path)) return {};
    const std::string arguments[] = {sqlite,      "-batch", "-init", "/dev/null",       "-readonly",
                                     "-noheader", "-list",  path,    std::string(query)};
    const std::string lines = net::run_command(arguments, sqlite_limit, login_bytes_max).text;
    Login login{Login::Source::cli, path, {}};
    json::Credentials& credentials = login.credentials;
    if (json::read_credentials(find_value(lines, ":odic:token"), credentials)) {
        (void)json::read_registration(find_value(lines, ":odic:device-registration"), credentials);
    } else if (!json::read_credentials(find_value(lines, ":social:token"), credentials)) {
        return {};
    }
    (void)json::read_profile(find_value(lines, "api.codewhisperer.profile"), credentials);
    return is_usable(credentials) ? login : Login{};
}

bool is_usable(const json::Credentials& credentials) {
    const bool has_token = !credentials.access_token.empty() || !credentials.refresh_token.empty();
    return has_token && json::is_visible_ascii(credentials.access_token) &&
           json::is_visible_ascii(credentials.profile_arn);
}

}  // namespace core
