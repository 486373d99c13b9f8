#include "core/account.h"

#include <doctest.h>

#include <string>

#include "account_fixture.h"

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::AccountFixture;
using test::Asker;
using State = core::TokenSource::State;

namespace {

const std::string advice = "run: amazon-q-server login";
const std::string invalid_grant = R"({"error":"invalid_grant"})";

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_FIXTURE(AccountFixture, "a good token is handed out without a refresh") {
    folder.write("own.json", login_text("a", 3600, R"(,"profileArn":"arn:p")"));
    start();
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.access_token == "a");
    CHECK(asker->token.profile_arn == "arn:p");
    CHECK(asker->token.version == 1);
    answer_models();
    pass(minutes(50));
    CHECK(asker->ask() == State::ready);
    run();
    CHECK(client.calls.size() == 1);
}

TEST_CASE_FIXTURE(AccountFixture,
                  "the profile of a Builder ID is not sent, unless it is demanded") {
    folder.write("own.json", login_text("a", 3600,
                                        R"(,"profileArn":"arn:p","startUrl":")" +
                                            std::string(core::builder_id_url) + "\""));
    SUBCASE("by itself") {
        start();
        asker->ask();
        CHECK(asker->token.profile_arn.empty());
    }
    SUBCASE("demanded") {
        settings.profile_arn = "arn:other";
        start();
        asker->ask();
        CHECK(asker->token.profile_arn == "arn:other");
    }
}

TEST_CASE_FIXTURE(AccountFixture, "an expired token is renewed once for all who ask") {
    folder.write("own.json", login_text("a", -10));
    start();
    CHECK(client.calls.empty());  // nobody has asked
    core::AccountView other_view(account, loop);
    Asker second(loop, *view), third(loop, other_view);
    CHECK(asker->ask() == State::refreshing);
    run();
    CHECK(second.ask() == State::refreshing);
    CHECK(third.ask() == State::refreshing);
    run();
    REQUIRE(is_refreshing());
    CHECK(client.calls.size() == 1);
    CHECK(client.calls[0].host == "oidc.us-east-1.amazonaws.com");
    CHECK(
        client.calls[0].body ==
        R"({"clientId":"i","clientSecret":"s","grantType":"refresh_token","refreshToken":"r-a"})");
    CHECK(asker->wakes + second.wakes + third.wakes == 0);

    answer(200, token_answer("b"));
    for (Asker* one : {asker.get(), &second, &third}) {
        CHECK(one->wakes == 1);
        CHECK(one->ask() == State::ready);
        CHECK(one->token.access_token == "b");
        CHECK(one->token.version == 2);
    }
    CHECK(contains(folder.read("own.json"), R"("refreshToken": "r-b")"));
    CHECK(contains(folder.read("own.json"), R"("clientSecret": "s")"));
    CHECK(folder.mode("own.json") == 0600);
    CHECK(refreshes() == 1);
}

TEST_CASE_FIXTURE(AccountFixture, "a waiter that is gone is not woken") {
    folder.write("own.json", login_text("a", -10));
    start();
    {
        Asker gone(loop, *view);
        gone.ask();
    }
    run();
    answer(200, token_answer("b"));
    CHECK(asker->ask() == State::ready);
}

TEST_CASE_FIXTURE(AccountFixture, "a token is renewed early, and handed out meanwhile") {
    folder.write("own.json", login_text("a", 3600));
    start();
    answer_models();
    pass(minutes(56));
    CHECK(refreshes() == 0);  // an idle server leaves the login alone
    CHECK(asker->ask() == State::ready);
    run();
    CHECK(is_refreshing());
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.access_token == "a");
    answer(200, token_answer("b"));
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.access_token == "b");
    CHECK(refreshes() == 1);
}

TEST_CASE_FIXTURE(AccountFixture, "a token that the service rejects is renewed once") {
    folder.write("own.json", login_text("a", 3600));
    start();
    answer_models();
    Asker second(loop, *view);
    asker->ask();
    second.ask();
    view->reject(asker->token.version);
    view->reject(second.token.version);
    CHECK(asker->ask() == State::refreshing);
    run();
    REQUIRE(is_refreshing());
    answer(200, token_answer("b"));
    view->reject(second.token.version);  // late news of the old one
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.access_token == "b");

    // One that was issued just now is not the reason.
    view->reject(asker->token.version);
    CHECK(asker->ask() == State::ready);
    pass(minutes(2));
    view->reject(asker->token.version);
    CHECK(asker->ask() == State::refreshing);
    run();
    CHECK(is_refreshing());
    CHECK(refreshes() == 2);
}

TEST_CASE_FIXTURE(AccountFixture, "tokens of another process are used before one is renewed") {
    folder.write("own.json", login_text("a", 3600));
    start();
    answer_models();
    asker->ask();
    folder.write("own.json", login_text("theirs", 3600));
    view->reject(asker->token.version);
    run();
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.access_token == "theirs");
    CHECK(refreshes() == 0);
}

TEST_CASE_FIXTURE(AccountFixture, "a refresh token that is used up makes the store be read again") {
    folder.write("own.json", login_text("a", -10));
    start();
    asker->ask();
    run();
    REQUIRE(is_refreshing());
    SUBCASE("another process has a new one") {
        folder.write("own.json", login_text("theirs", 3600));
        answer(400, invalid_grant);
        CHECK(asker->ask() == State::ready);
        CHECK(asker->token.access_token == "theirs");
        CHECK(refreshes() == 1);
    }
    SUBCASE("nobody has") {
        answer(400, invalid_grant);
        CHECK(asker->wakes == 1);
        CHECK(asker->ask() == State::unavailable);
        CHECK(asker->failure.status == 503);
        CHECK(contains(asker->failure.message, advice));
        CHECK(contains(folder.read("own.json"), "r-a"));  // it is left as it is
        for (int i = 0; i < 5; ++i) {
            pass(seconds(2));
            asker->ask();
            run();
        }
        CHECK(refreshes() == 1);

        folder.write("own.json", login_text("new", 3600));
        pass(seconds(2));
        asker->ask();
        run();
        CHECK(asker->ask() == State::ready);
        CHECK(asker->token.access_token == "new");
    }
}

TEST_CASE_FIXTURE(AccountFixture, "a login that is made later is found within a second") {
    start();
    CHECK(asker->ask() == State::unavailable);
    CHECK(asker->failure.status == 503);
    CHECK(contains(asker->failure.message, advice));
    CHECK(client.calls.empty());

    folder.write("own.json", login_text("a", 3600));
    CHECK(asker->ask() == State::unavailable);
    pass(seconds(1));
    CHECK(asker->ask() == State::refreshing);
    run();
    CHECK(asker->wakes == 1);
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.access_token == "a");
    answer_models();
    CHECK(view->models().models[0].id == "m");
}

TEST_CASE_FIXTURE(AccountFixture, "a refresh that fails in passing is repeated, each time later") {
    folder.write("own.json", login_text("a", -10));
    start();
    asker->ask();
    run();
    answer(500, R"({"error":"server_error"})");
    CHECK(!is_refreshing());
    CHECK(asker->ask() == State::refreshing);
    pass(milliseconds(500));
    REQUIRE(is_refreshing());
    client.fail("no connection to oidc");
    run();
    pass(milliseconds(500));
    CHECK(!is_refreshing());
    pass(milliseconds(500));
    REQUIRE(is_refreshing());
    SUBCASE("until it succeeds") {
        answer(200, token_answer("b"));
        CHECK(asker->ask() == State::ready);
        CHECK(refreshes() == 3);
    }
    SUBCASE("and given up for a while") {
        answer(503, "down");
        CHECK(asker->ask() == State::unavailable);
        CHECK(asker->failure.status == 503);
        CHECK(asker->failure.retry_after_seconds == 2);
        pass(seconds(2));
        CHECK(asker->ask() == State::refreshing);
        run();
        CHECK(refreshes() == 4);
    }
}

TEST_CASE_FIXTURE(AccountFixture, "an early refresh that fails leaves the token in use") {
    folder.write("own.json", login_text("a", 200));
    start();
    answer_models();
    pass(seconds(11));
    asker->ask();
    run();
    REQUIRE(is_refreshing());
    answer(500, "");
    CHECK(asker->ask() == State::ready);
    run();
    CHECK(refreshes() == 1);
    pass(seconds(11));
    CHECK(asker->ask() == State::ready);
    run();
    CHECK(refreshes() == 2);
}

TEST_CASE_FIXTURE(AccountFixture, "another program's login is used while it lasts, never renewed") {
    const std::string kiro = "cache/kiro-auth-token.json";
    folder.write(kiro, login_text("a", 3600));
    start();
    answer_models();
    CHECK(asker->ask() == State::ready);
    pass(minutes(61));
    const std::string before = folder.read(kiro);
    CHECK(asker->ask() == State::refreshing);
    run();
    CHECK(asker->ask() == State::unavailable);
    CHECK(contains(asker->failure.message, advice));
    CHECK(client.calls.size() == 1);
    CHECK(folder.read(kiro) == before);
    CHECK(!folder.has("own.json"));

    folder.write(kiro, login_text("b", 3600));
    pass(seconds(1));
    asker->ask();
    run();
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.access_token == "b");
}

TEST_CASE_FIXTURE(AccountFixture, "another program's login is taken over when that is wanted") {
    const std::string kiro = "cache/kiro-auth-token.json";
    folder.write(kiro, login_text("a", -10, R"(,"authMethod":"social")"));
    const std::string before = folder.read(kiro);
    settings.rotate_foreign_login = true;
    start();
    asker->ask();
    run();
    REQUIRE(is_refreshing());
    CHECK(client.calls[0].host == "prod.us-east-1.auth.desktop.kiro.dev");
    CHECK(client.calls[0].path == "/refreshToken");
    CHECK(client.calls[0].body == R"({"refreshToken":"r-a"})");
    answer(200, token_answer("b"));
    CHECK(asker->ask() == State::ready);
    CHECK(folder.read(kiro) == before);
    CHECK(contains(folder.read("own.json"), "r-b"));
    pass(minutes(62));
    asker->ask();
    run();
    CHECK(contains(client.calls.back().body, "r-b"));
}

TEST_CASE_FIXTURE(AccountFixture, "a login of the environment is renewed and stored nowhere") {
    places.environment.refresh_token = "r-env";
    places.environment.client_id = "i";
    places.environment.client_secret = "s";
    start();
    CHECK(asker->ask() == State::refreshing);
    run();
    answer(200, token_answer("b"));
    CHECK(asker->ask() == State::ready);
    CHECK(folder.count() == 0);
    pass(minutes(62));
    asker->ask();
    run();
    CHECK(contains(client.calls.back().body, "r-b"));
}

TEST_CASE_FIXTURE(AccountFixture, "a new token is used even if it cannot be stored") {
    folder.write("own.json", login_text("a", -10));
    start();
    asker->ask();
    run();
    std::filesystem::remove(folder / "own.json");
    std::filesystem::create_directories(folder / "own.json/full");
    answer(200, token_answer("b"));
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.access_token == "b");
}

TEST_CASE_FIXTURE(AccountFixture, "tokens that live for a minute are renewed in time") {
    folder.write("own.json", login_text("a", -10));
    start();
    asker->ask();
    run();
    answer(200, token_answer("b", 60));
    answer_models();
    CHECK(asker->ask() == State::ready);
    run();
    CHECK(refreshes() == 1);
    pass(seconds(31));
    CHECK(asker->ask() == State::ready);
    run();
    CHECK(refreshes() == 2);
    pass(seconds(20));
    CHECK(asker->ask() == State::refreshing);
}

TEST_CASE_FIXTURE(AccountFixture, "a login with a strange region does not lead elsewhere") {
    folder.write("own.json", login_text("a", -10,
                                        R"(,"region":"evil.example/","clientId":"i",)"
                                        R"("clientSecret":"s")"));
    start();
    asker->ask();
    run();
    CHECK(client.calls[0].host == "oidc.us-east-1.amazonaws.com");
}

namespace {

// A login of an organisation, and the profile that it has.
const std::string organisation =
    R"(,"clientId":"i","clientSecret":"s","startUrl":"https://x.awsapps.com/start")";
const std::string profile = "arn:aws:codewhisperer:eu-central-1:1:profile/X";

}  // namespace

TEST_CASE_FIXTURE(AccountFixture, "the profile of an organisation's member is looked for, once") {
    folder.write("own.json", login_text("a", 3600, organisation));
    start();
    CHECK(asker->ask() == State::refreshing);
    CHECK(client.calls.back().host == "q.us-east-1.amazonaws.com");
    CHECK(contains(client.calls.back().fields, "ListAvailableProfiles"));
    answer(200, R"({"profiles":[]})");
    CHECK(client.calls.back().host == "q.eu-central-1.amazonaws.com");
    CHECK(asker->wakes == 0);
    answer(200, R"({"profiles":[{"arn":")" + profile + R"("},{"arn":"arn:second"}]})");
    CHECK(asker->wakes == 1);
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.profile_arn == profile);
    CHECK(contains(folder.read("own.json"), profile));
    CHECK(client.calls.back().host == "q.eu-central-1.amazonaws.com");
    answer_models();
    pass(minutes(56));
    asker->ask();
    run();
    REQUIRE(is_refreshing());
    answer(200, token_answer("b"));
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.profile_arn == profile);
    CHECK(client.calls.size() == 4);
}

TEST_CASE_FIXTURE(AccountFixture, "a profile that is not found keeps nobody from trying") {
    folder.write("own.json", login_text("a", 3600, organisation));
    SUBCASE("not there") {
        start();
        client.fail("no connection");
        run();
        answer(403, "{}");
    }
    SUBCASE("not a profile") {
        REQUIRE(net::Url::parse("http://127.0.0.1:9", settings.endpoint.emplace()).empty());
        start();
        answer(200, R"({"profiles":[{"arn":"x"},{"arn":"arn:\r\nHost: y"},{}]})");
    }
    SUBCASE("not wanted") {
        settings.profile_arn = "";
        start();
    }
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.profile_arn.empty());
    answer_models();
}

TEST_CASE_FIXTURE(AccountFixture, "a profile that is found later goes to all who have the token") {
    folder.write("own.json", login_text("a", 3600, organisation + R"(,"refreshToken":"")"));
    start();
    client.fail("no connection");
    run();
    answer(403, "{}");
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.profile_arn.empty());
    answer_models();
    pass(minutes(56));
    asker->ask();
    run();
    answer(200, R"({"profiles":[{"arn":")" + profile + R"("}]})");
    answer(403, "{}");
    CHECK(asker->ask() == State::ready);
    CHECK(asker->token.access_token == "a");
    CHECK(asker->token.profile_arn == profile);
}

TEST_CASE_FIXTURE(AccountFixture,
                  "until the models are known none is, so that each may be asked for") {
    folder.write("own.json", login_text("a", 3600));
    start();
    CHECK(view->models().models.empty());
    run();
    answer_models();
    CHECK(view->models().models[0].id == "m");
}
