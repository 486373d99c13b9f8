#include "core/model_list.h"

#include <doctest.h>

#include <string>

#include "account_fixture.h"

using std::chrono::minutes;
using std::chrono::seconds;
using test::AccountFixture;
using State = core::TokenSource::State;

namespace {

const std::string bad_token =
    R"({"__type":"AccessDeniedException","message":"The bearer token included in the request is invalid."})";

}  // namespace

TEST_CASE_FIXTURE(AccountFixture, "the models are listed as soon as there is a token, once") {
    folder.write("own.json",
                 login_text("a", 3600, R"(,"profileArn":"arn:a:b:eu-central-1:1:p/X")"));
    start();
    REQUIRE(client.calls.size() == 1);
    CHECK(client.calls[0].host == "q.eu-central-1.amazonaws.com");
    CHECK(client.calls[0].method == "POST");
    CHECK(client.calls[0].path == "/?origin=CLI&profileArn=arn%3Aa%3Ab%3Aeu-central-1%3A1%3Ap%2FX");
    CHECK(client.calls[0].body == R"({"origin":"CLI","profileArn":"arn:a:b:eu-central-1:1:p/X"})");
    CHECK(client.calls[0].fields.find("Authorization: Bearer a\r\n") != std::string::npos);
    CHECK(client.calls[0].fields.find("x-amzn-codewhisperer-optout: true\r\n") !=
          std::string::npos);
    CHECK(asker->awaits_models());
    answer(200, models_answer("one", R"(,"nextToken":"p 2")"));
    CHECK(asker->wakes == 0);
    CHECK(client.calls.size() == 2);
    CHECK(client.calls[1].path.ends_with("&nextToken=p%202"));
    answer(200, models_answer("two", R"(,"defaultModel":{"modelId":"one"})"));
    CHECK(asker->wakes == 1);
    CHECK(!asker->awaits_models());
    const core::ModelList& list = view->models();
    REQUIRE(list.models.size() == 2);
    CHECK(list.models[1].id == "two");
    CHECK(list.default_id == "one");
    CHECK(list.problem.empty());
    CHECK(client.calls.size() == 2);
}

TEST_CASE_FIXTURE(AccountFixture, "the models are asked for in the other dialect too") {
    settings.dialect = core::AmazonQSettings::Dialect::rest;
    REQUIRE(
        net::Url::parse("http://127.0.0.1:9/base", settings.management_endpoint.emplace()).empty());
    folder.write("own.json", login_text("a", 3600));
    start();
    CHECK(client.calls[0].method == "GET");
    CHECK(client.calls[0].path == "/base/ListAvailableModels?origin=CLI");
    CHECK(client.calls[0].body.empty());
    CHECK(client.calls[0].fields.find("x-amz-target") == std::string::npos);
}

TEST_CASE_FIXTURE(AccountFixture, "a list that cannot be had is replaced by the common models") {
    folder.write("own.json", login_text("a", 3600));
    start();
    CHECK(asker->awaits_models());
    SUBCASE("refused") {
        answer(503, "{}");
    }
    SUBCASE("not reached") {
        client.fail("no connection");
        run();
    }
    SUBCASE("not a list") {
        answer(200, "[]");
    }
    SUBCASE("empty") {
        answer(200, R"({"models":[]})");
    }
    CHECK(asker->wakes == 1);
    CHECK(!asker->awaits_models());
    CHECK(view->models().models[0].id == "claude-sonnet-4.5");
    CHECK(!view->models().problem.empty());
    CHECK(client.calls.size() == 1);
    pass(seconds(61));
    (void)view->models();
    run();
    answer_models("real");
    CHECK(view->models().models[0].id == "real");
}

TEST_CASE_FIXTURE(AccountFixture, "an old list is asked for anew, and used meanwhile") {
    folder.write("own.json", login_text("a", 36'000));
    start();
    answer_models("one");
    pass(minutes(61));
    CHECK(view->models().models[0].id == "one");
    run();
    REQUIRE(client.calls.size() == 2);
    CHECK(view->models().models[0].id == "one");
    SUBCASE("it comes") {
        answer_models("two");
        CHECK(view->models().models[0].id == "two");
    }
    SUBCASE("it does not come") {
        answer(500, "");
        CHECK(view->models().models[0].id == "one");
    }
    run();
    CHECK(client.calls.size() == 2);
}

TEST_CASE_FIXTURE(AccountFixture, "a token that the list finds rejected is renewed for it") {
    folder.write("own.json", login_text("a", 3600));
    start();
    asker->awaits_models();
    answer(403, bad_token);
    REQUIRE(is_refreshing());
    answer(200, token_answer("b"));
    CHECK(client.calls.back().fields.find("Bearer b\r\n") != std::string::npos);
    SUBCASE("and the list comes") {
        answer_models("one");
        CHECK(view->models().models[0].id == "one");
    }
    SUBCASE("but only once") {
        answer(403, bad_token);
        CHECK(!view->models().problem.empty());
        CHECK(refreshes() == 1);
    }
    CHECK(!asker->awaits_models());
}

TEST_CASE_FIXTURE(AccountFixture, "whoever waits for models has the token renewed") {
    folder.write("own.json", login_text("a", -10));
    start();
    CHECK(asker->awaits_models());
    run();
    REQUIRE(is_refreshing());
    SUBCASE("and gets them") {
        answer(200, token_answer("b"));
        answer_models("one");
        CHECK(view->models().models[0].id == "one");
    }
    SUBCASE("or the common ones") {
        answer(400, R"({"error":"invalid_grant"})");
    }
    CHECK(asker->wakes >= 1);
    CHECK(!asker->awaits_models());
}

TEST_CASE_FIXTURE(AccountFixture, "without a login nobody waits for models") {
    start();
    CHECK(!asker->awaits_models());
    CHECK(view->models().models.size() == 2);
    folder.write("own.json", login_text("a", 3600));
    pass(seconds(1));
    CHECK(asker->awaits_models());
    run();
    answer_models("one");
    CHECK(!asker->awaits_models());
    CHECK(view->models().models[0].id == "one");
}

TEST_CASE_FIXTURE(AccountFixture, "another login has models of its own") {
    folder.write("own.json", login_text("a", 3600));
    start();
    answer_models("one");
    asker->ask();
    folder.write("own.json", login_text("b", 3600));
    view->reject(asker->token.version);
    run();
    answer_models("two");
    CHECK(view->models().models[0].id == "two");
}
