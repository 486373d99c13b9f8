#include "core/credential_store.h"

#include <doctest.h>

#include <cstdlib>
#include <string>

#include "net/command.h"
#include "temporary_folder.h"

using core::CredentialPlaces;
using core::CredentialStore;
using core::Login;
using test::TemporaryFolder;

namespace {

std::string login_text(const std::string& token) {
    return R"({"accessToken":")" + token + R"(","refreshToken":"r-)" + token + R"("})";
}

CredentialPlaces places_in(const TemporaryFolder& folder) {
    CredentialPlaces places;
    places.own_file = folder / "data/amazon-q-server/credentials.json";
    places.kiro_cache = folder / "cache";
    places.cli_stores = {folder / "kiro.sqlite3", folder / "q.sqlite3"};
    return places;
}

constexpr char own_name[] = "data/amazon-q-server/credentials.json";

Login load(const CredentialPlaces& places) {
    std::string problem;
    Login login = CredentialStore(places).load(problem);
    CHECK(problem.empty());
    return login;
}

std::string problem_of(const CredentialPlaces& places) {
    std::string problem;
    CHECK(CredentialStore(places).load(problem).source == Login::Source::none);
    return problem;
}

// False: there is no sqlite3.
bool make_database(const std::string& path, const std::string& sql) {
    const std::string words[] = {"sqlite3", path, sql + "SELECT 'made';"};
    return net::run_command(words, std::chrono::milliseconds(5'000), 100).text == "made\n";
}

}  // namespace

TEST_CASE("CredentialStore takes the first place that has a login") {
    const TemporaryFolder folder;
    CredentialPlaces places = places_in(folder);
    CHECK(load(places).source == Login::Source::none);

    folder.write("cache/kiro-auth-token.json", login_text("kiro"));
    CHECK(load(places).credentials.access_token == "kiro");
    CHECK(load(places).is_foreign());

    folder.write(own_name, login_text("own"));
    CHECK(load(places).credentials.access_token == "own");
    CHECK(load(places).place == places.own_file);
    CHECK(!load(places).is_foreign());

    places.environment.refresh_token = "env";
    CHECK(load(places).source == Login::Source::environment);

    folder.write("named", login_text("named"));
    places.named_file = folder / "named";
    CHECK(load(places).credentials.access_token == "named");
}

TEST_CASE("CredentialStore looks nowhere else when a file is named") {
    const TemporaryFolder folder;
    CredentialPlaces places = places_in(folder);
    folder.write(own_name, login_text("own"));
    places.named_file = folder / "missing";
    CHECK(load(places).source == Login::Source::none);
}

TEST_CASE("CredentialStore says what is in the way") {
    const TemporaryFolder folder;
    CredentialPlaces places = places_in(folder);
    places.named_file = folder / "named";
    for (const char* const text :
         {"{", "{}", "[]", "", R"({"accessToken":""})", R"({"accessToken":"a\r\nb"})"}) {
        CAPTURE(text);
        folder.write("named", text);
        CHECK(problem_of(places) == folder / "named" + " holds no login");
    }
    places.named_file.clear();
    folder.write(own_name, "{");
    CHECK(problem_of(places).ends_with("holds no login"));
}

TEST_CASE("CredentialStore writes back what it reads") {
    const TemporaryFolder folder;
    const CredentialStore store(places_in(folder));
    json::Credentials credentials;
    credentials.access_token = "a";
    credentials.refresh_token = "b";
    credentials.region = "eu-west-1";
    CHECK(store.save(credentials).empty());
    CHECK(folder.mode(own_name) == 0600);
    CHECK(folder.mode("data") == 0700);
    std::string problem;
    const Login login = store.load(problem);
    CHECK(login.credentials.refresh_token == "b");
    CHECK(login.credentials.region == "eu-west-1");
    CHECK(store.remove().empty());
    CHECK(!folder.has(own_name));
    CHECK(CredentialStore(CredentialPlaces()).save(credentials).find("HOME") != std::string::npos);
}

TEST_CASE("CredentialStore reads Kiro's cache with its registration, and writes elsewhere") {
    const TemporaryFolder folder;
    CredentialPlaces places = places_in(folder);
    folder.write("cache/kiro-auth-token.json",
                 R"({"accessToken":"a","refreshToken":"r","clientIdHash":"ab12",)"
                 R"("expiresAt":"2099-01-01T00:00:00Z","region":"us-east-1"})");
    folder.write("cache/ab12.json", R"({"clientId":"i","clientSecret":"s"})");
    places.named_file = folder / "cache/kiro-auth-token.json";
    const Login login = load(places);
    CHECK(login.source == Login::Source::kiro);
    CHECK(login.credentials.client_id == "i");
    CHECK(login.credentials.client_secret == "s");
    CHECK(CredentialStore(places).file() == places.own_file);

    // Not a way out of the folder.
    folder.write("ab12.json", R"({"clientId":"outside","clientSecret":"s"})");
    folder.write("cache/kiro-auth-token.json", R"({"accessToken":"a","clientIdHash":"../ab12"})");
    CHECK(load(places).credentials.client_id.empty());
}

TEST_CASE("CredentialStore reads the stores of the CLIs") {
    const TemporaryFolder folder;
    const bool has_sqlite = make_database(
        folder / "q.sqlite3",
        "CREATE TABLE auth_kv(key TEXT PRIMARY KEY, value TEXT);"
        "INSERT INTO auth_kv VALUES('codewhisperer:odic:token','{\"access_token\":\"a\",\n"
        "\"expires_at\":\"2099-01-01T00:00:00.123456789Z\",\"refresh_token\":\"r\","
        "\"region\":\"eu-west-1\",\"start_url\":\"https://x\"}');"
        "INSERT INTO auth_kv VALUES('codewhisperer:odic:device-registration',"
        "'{\"client_id\":\"i\",\"client_secret\":\"s\",\"region\":\"us-east-1\"}');");
    if (!has_sqlite) return;
    CredentialPlaces places = places_in(folder);
    Login login = load(places);
    CHECK(login.source == Login::Source::cli);
    CHECK(login.credentials.access_token == "a");
    CHECK(login.credentials.expires_at == 4'070'908'800);
    CHECK(login.credentials.client_id == "i");
    CHECK(login.credentials.region == "eu-west-1");
    CHECK(login.credentials.profile_arn.empty());

    REQUIRE(make_database(folder / "kiro.sqlite3",
                          "CREATE TABLE auth_kv(key TEXT PRIMARY KEY, value TEXT);"
                          "CREATE TABLE state(key TEXT PRIMARY KEY, value BLOB);"
                          "INSERT INTO auth_kv VALUES('kirocli:social:token',"
                          "'{\"access_token\":\"k\",\"refresh_token\":\"r\"}');"
                          "INSERT INTO state VALUES('api.codewhisperer.profile',"
                          "CAST('{\"arn\":\"arn:x\",\"profile_name\":\"n\"}' AS BLOB));"));
    login = load(places);
    CHECK(login.credentials.access_token == "k");
    CHECK(login.credentials.profile_arn == "arn:x");

    places.sqlite = "no-such-program-of-ours";
    CHECK(load(places).source == Login::Source::none);
}

TEST_CASE("CredentialStore ignores a database that is none") {
    const TemporaryFolder folder;
    folder.write("q.sqlite3", "this is no database");
    CHECK(load(places_in(folder)).source == Login::Source::none);
}
