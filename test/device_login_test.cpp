#include "core/device_login.h"

#include <doctest.h>

#include <optional>
#include <string>

#include "account_fixture.h"

using core::DeviceLogin;
using std::chrono::seconds;

namespace {

const std::string client_answer =
    R"({"clientId":"i","clientSecret":"s","clientSecretExpiresAt":1900000000})";
const std::string code_answer =
    R"({"deviceCode":"d","userCode":"U-C","verificationUri":"https://v","expiresIn":30,"interval":1})";
const std::string pending = R"({"error":"authorization_pending"})";
const std::string slow_down = R"({"error":"slow_down"})";
const std::string granted = R"({"accessToken":"a","refreshToken":"r","expiresIn":3600})";

class Screen final : public DeviceLogin::Screen {
public:
    void show(const json::DeviceAuthorization& shown) override { code = shown.user_code; }
    void wait(int64_t seconds_left) override { left = seconds_left; }
    void end(const std::string& text) override { problem = text; }

    std::string code;
    int64_t left = 0;
    std::optional<std::string> problem;
};

struct LoginFixture {
    void start(const json::Credentials& known = {}) {
        login.emplace(DeviceLogin::Setup{settings, client, loop.ready(), loop.timers(), screen,
                                         test::unix_now},
                      known);
        run();
    }
    void run() {
        for (int i = 0; i < 8; ++i) loop.run_once(test::ManualClock::beginning);
    }
    void pass(seconds time) {
        for (; time.count() > 0; time -= seconds(1)) {
            test::ManualClock::pass(seconds(1));
            run();
        }
    }
    void answer(uint16_t status, const std::string& body) {
        REQUIRE(client.calls.back().call);
        client.answer(status, body);
        run();
    }
    void reach_the_code() {
        start();
        answer(200, client_answer);
        answer(200, code_answer);
        pass(seconds(1));
    }

    test::ManualClock clock;
    net::EventLoop loop{test::ManualClock::now};
    test::AnsweringHttpClient client;
    core::AmazonQSettings settings;
    Screen screen;
    std::optional<std::string>& problem = screen.problem;
    std::optional<DeviceLogin> login;
};

}  // namespace

TEST_CASE_FIXTURE(LoginFixture, "a login registers, shows the code and asks until it is granted") {
    start();
    CHECK(client.calls[0].host == "oidc.us-east-1.amazonaws.com");
    CHECK(client.calls[0].path == "/client/register");
    CHECK(client.calls[0].body.find(R"("clientName":"amazon-q-server")") != std::string::npos);
    answer(200, client_answer);
    CHECK(client.calls[1].path == "/device_authorization");
    CHECK(client.calls[1].body ==
          R"({"clientId":"i","clientSecret":"s","startUrl":"https://view.awsapps.com/start"})");
    answer(200, code_answer);
    CHECK(screen.code == "U-C");
    CHECK(client.calls.size() == 2);
    pass(seconds(1));
    CHECK(screen.left == 29);
    CHECK(client.calls[2].path == "/token");
    answer(400, pending);
    pass(seconds(1));
    CHECK(client.calls.size() == 4);
    answer(200, granted);
    CHECK(problem == "");
    const json::Credentials& made = login->credentials();
    CHECK(made.access_token == "a");
    CHECK(made.refresh_token == "r");
    CHECK(made.client_secret == "s");
    CHECK(made.client_expires_at == 1'900'000'000);
    CHECK(made.expires_at == test::unix_now() + 3600);
    CHECK(made.region == "us-east-1");
    CHECK(made.start_url == core::builder_id_url);
}

TEST_CASE_FIXTURE(LoginFixture, "a login of an organisation goes to its region") {
    settings.region = "eu-west-1";
    settings.start_url = "https://x.awsapps.com/start";
    start();
    CHECK(client.calls[0].host == "oidc.eu-west-1.amazonaws.com");
    answer(200, client_answer);
    CHECK(client.calls[1].body.find("https://x.awsapps.com/start") != std::string::npos);
    CHECK(login->credentials().region == "eu-west-1");
}

TEST_CASE_FIXTURE(LoginFixture, "a login that is asked for patience waits five seconds more") {
    reach_the_code();
    answer(400, slow_down);
    pass(seconds(5));
    CHECK(client.calls.size() == 3);
    pass(seconds(1));
    CHECK(client.calls.size() == 4);
}

TEST_CASE_FIXTURE(LoginFixture, "a login survives a network that fails for a moment") {
    reach_the_code();
    client.fail("no connection");
    run();
    pass(seconds(1));
    answer(503, "");
    pass(seconds(1));
    answer(200, granted);
    CHECK(problem == "");
}

TEST_CASE_FIXTURE(LoginFixture, "a login ends when it is refused or takes too long") {
    reach_the_code();
    std::string word;
    SUBCASE("refused") {
        answer(400, R"({"error":"access_denied"})");
        word = "refused";
    }
    SUBCASE("expired, says the service") {
        answer(400, R"({"error":"expired_token"})");
        word = "expired";
    }
    SUBCASE("expired, says the clock") {
        answer(400, pending);
        for (int i = 0; i < 40 && !problem; ++i) {
            pass(seconds(1));
            if (client.calls.back().call) answer(400, pending);
        }
        word = "expired";
        CHECK(client.calls.size() < 35);
    }
    SUBCASE("no token in the answer") {
        answer(200, "{}");
        word = "no token";
    }
    REQUIRE(problem);
    CHECK(problem->find(word) != std::string::npos);
    const size_t calls = client.calls.size();
    pass(seconds(10));
    CHECK(client.calls.size() == calls);
}

TEST_CASE_FIXTURE(LoginFixture, "a login that cannot begin says why") {
    start();
    SUBCASE("not reached") {
        client.fail("no connection to x");
        run();
        REQUIRE(problem);
        CHECK(problem->find("no connection to x") != std::string::npos);
    }
    SUBCASE("not registered") {
        answer(400, R"({"error":"invalid_client_metadata"})");
    }
    SUBCASE("not understood") {
        answer(200, "{}");
    }
    SUBCASE("no code") {
        answer(200, client_answer);
        answer(400, R"({"error":"invalid_request"})");
    }
    REQUIRE(problem);
    CHECK(!problem->empty());
}

TEST_CASE_FIXTURE(LoginFixture, "a registration is used again until it ends") {
    json::Credentials known;
    known.client_id = "old";
    known.client_secret = "s";
    known.region = "us-east-1";
    known.client_expires_at = test::unix_now() + 30 * 86'400;
    SUBCASE("it is good") {
        start(known);
        CHECK(client.calls[0].path == "/device_authorization");
        CHECK(client.calls[0].body.find(R"("clientId":"old")") != std::string::npos);
        SUBCASE("or not, after all") {
            answer(401, R"({"error":"invalid_client"})");
            CHECK(client.calls[1].path == "/client/register");
            answer(200, client_answer);
            CHECK(client.calls[2].body.find(R"("clientId":"i")") != std::string::npos);
        }
    }
    SUBCASE("it ends soon") {
        known.client_expires_at = test::unix_now() + 60;
        start(known);
        CHECK(client.calls[0].path == "/client/register");
    }
    SUBCASE("it belongs to another region") {
        known.region = "eu-west-1";
        start(known);
        CHECK(client.calls[0].path == "/client/register");
    }
}
