#include "core/credential_store.h"

#include <cstdlib>

#include "core/foreign_logins.h"
#include "net/file.h"

namespace core {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace

CredentialPlaces CredentialPlaces::of(const AmazonQSettings& settings) {
    CredentialPlaces places;
    places.named_file = settings.credentials_file;
    json::Credentials& environment = places.environment;
    environment.access_token = variable("AMAZON_Q_ACCESS_TOKEN");
    environment.refresh_token = variable("AMAZON_Q_REFRESH_TOKEN");
    environment.client_id = variable("AMAZON_Q_CLIENT_ID");
    environment.client_secret = variable("AMAZON_Q_CLIENT_SECRET");
    environment.region = settings.region;
    environment.start_url = settings.start_url;
    environment.profile_arn = settings.profile_arn.value_or("");

    const std::string home = variable("HOME");
    std::string data = variable("XDG_DATA_HOME");
    // The XDG Base Directory Specification has relative paths ignored.
    if (!data.starts_with('/')) data = home.empty() ? "" : home + "/.local/share";
    if (!data.empty()) {
        places.own_file = data + "/amazon-q-server/credentials.json";
        places.cli_stores = {data + "/kiro-cli/data.sqlite3", data + "/amazon-q/data.sqlite3"};
    }
    if (!home.empty()) places.kiro_cache = home + "/.aws/sso/cache";
    return places;
}

Login CredentialStore::load(std::string& problem) const {
    problem.clear();
    if (names_foreign_file()) return load_kiro_login(places_.named_file, problem);
    if (!places_.named_file.empty()) return load_file(places_.named_file, problem);
    if (is_usable(places_.environment)) {
        return {Login::Source::environment, "the environment", places_.environment};
    }
    std::string of_own;
    Login login = load_file(places_.own_file, of_own);
    if (login.source == Login::Source::none && !places_.kiro_cache.empty()) {
        login = load_kiro_login(places_.kiro_cache + '/' + std::string(kiro_file), problem);
    }
    for (const std::string& store : places_.cli_stores) {
        if (login.source != Login::Source::none) break;
        login = load_cli_login(store, places_.sqlite);
    }
    if (!of_own.empty()) problem = of_own;
    return login;
}

const std::string& CredentialStore::file() const {
    const bool is_named = !places_.named_file.empty() && !names_foreign_file();
    return is_named ? places_.named_file : places_.own_file;
}

std::string CredentialStore::save(const json::Credentials& credentials) const {
    if (file().empty()) return "there is no home folder to put the login into; set HOME";
    std::string text;
    json::write_credentials(credentials, text);
    return net::write_private_file(file(), text);
}

std::string CredentialStore::remove() const {
    return net::remove_file(file());
}

bool CredentialStore::names_foreign_file() const {
    const std::string_view name = places_.named_file;
    return name.substr(name.rfind('/') + 1) == kiro_file;
}

Login CredentialStore::load_file(const std::string& path, std::string& problem) const {
    if (path.empty()) return {};
    const net::FileText file = net::read_file(path, login_bytes_max);
    problem = file.problem;
    if (file.state != net::FileText::State::ok) return {};
    Login login{Login::Source::file, path, {}};
    if (json::read_credentials(file.text, login.credentials) && is_usable(login.credentials)) {
        return login;
    }
    problem = path + " holds no login";
    return {};
}

}  // namespace core
