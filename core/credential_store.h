#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/amazon_q_settings.h"
#include "json/credentials.h"

namespace core {

// Login is what was found, and where. Secret.
struct Login {
    enum class Source {
        none,
        file,         // ours, or the one that --credentials names
        environment,  // AMAZON_Q_ACCESS_TOKEN and its companions
        kiro,         // the cache of the Kiro IDE
        cli,          // the store of the Amazon Q or Kiro CLI
    };

    Source source = Source::none;
    std::string place;  // for people: a file, or the environment
    json::Credentials credentials;

    // It is another program's: nothing of it is written, and renewing it would end it there.
    bool is_foreign() const { return source == Source::kiro || source == Source::cli; }
};

// Where a login is looked for: the first place that has one is taken.
struct CredentialPlaces {
    std::string named_file;               // not empty: it, and nowhere else
    json::Credentials environment;        // without any token: none
    std::string own_file;                 // empty: there is no home
    std::string kiro_cache;               // a folder
    std::vector<std::string> cli_stores;  // SQLite files
    std::string sqlite = "sqlite3";       // the program that reads them

    // Reads AMAZON_Q_ACCESS_TOKEN, AMAZON_Q_REFRESH_TOKEN, AMAZON_Q_CLIENT_ID,
    // AMAZON_Q_CLIENT_SECRET (region, start URL and profile are settings), HOME and XDG_DATA_HOME.
    static CredentialPlaces of(const AmazonQSettings& settings);
};

// CredentialStore reads logins from their places and keeps ours. Read-only, so that threads may
// share it; it blocks as files do, and for two seconds at most where it runs sqlite3.
class CredentialStore {
public:
    explicit CredentialStore(CredentialPlaces places) : places_(std::move(places)) {}

    // Source::none when there is no login; then `problem` is set if something is in the way.
    Login load(std::string& problem) const;

    // The file that save() writes: the one that --credentials names unless that is Kiro's, else
    // our own. Empty: there is no home to put it into.
    const std::string& file() const;

    // Return what went wrong, or nothing.
    [[nodiscard]] std::string save(const json::Credentials& credentials) const;
    [[nodiscard]] std::string remove() const;

private:
    bool names_foreign_file() const;
    Login load_file(const std::string& path, std::string& problem) const;

    CredentialPlaces places_;
};

}  // namespace core
