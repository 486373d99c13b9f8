#include "core/amazon_q_options.h"

#include <doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

using core::AmazonQSettings;
using core::Options;
using core::UsageError;

namespace {

Options read(std::vector<std::string> words) {
    words.insert(words.begin(), "amazon-q-server");
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    return Options::read(static_cast<int>(pointers.size()), pointers.data());
}

// A variable of the environment that goes with the test.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { ::unsetenv(name_); }

private:
    const char* name_;
};

}  // namespace

TEST_CASE("the service is where it is today, unless told otherwise") {
    const AmazonQSettings settings = read({}).amazon_q;
    CHECK(settings.endpoint_for("").host == "q.us-east-1.amazonaws.com");
    CHECK(settings.endpoint_for("").is_https);
    CHECK(settings.endpoint_for("arn:aws:codewhisperer:eu-central-1:1:profile/X").host ==
          "q.eu-central-1.amazonaws.com");
    CHECK(settings.endpoint_for("arn:aws:codewhisperer:evil.example/:1:profile/X").host ==
          "q.us-east-1.amazonaws.com");
    CHECK(settings.oidc_endpoint_for("eu-west-1").host == "oidc.eu-west-1.amazonaws.com");
    CHECK(settings.oidc_endpoint_for("").host == "oidc.us-east-1.amazonaws.com");
    CHECK(settings.social_endpoint_for("us-east-1").host == "prod.us-east-1.auth.desktop.kiro.dev");
    CHECK(settings.origin == "CLI");
    CHECK(!settings.share_content);
    CHECK(!settings.profile_arn);
    CHECK(settings.signing_region() == "us-east-1");
    CHECK(settings.needs_tls());

    const AmazonQSettings other = read({"--region", "eu-central-1"}).amazon_q;
    CHECK(other.endpoint_for("").host == "q.eu-central-1.amazonaws.com");
    CHECK(other.signing_region() == "eu-central-1");
}

TEST_CASE("every setting has an option") {
    const AmazonQSettings settings = read({"login",
                                           "--endpoint",
                                           "https://runtime.eu-central-1.kiro.dev",
                                           "--management-endpoint=http://127.0.0.1:8001/m",
                                           "--oidc-endpoint",
                                           "http://localhost:8002",
                                           "--profile-arn",
                                           "none",
                                           "--origin",
                                           "KIRO_CLI",
                                           "--dialect",
                                           "rest",
                                           "--user-agent",
                                           "me/1",
                                           "--share-content",
                                           "--credentials",
                                           "/c",
                                           "--ca-file",
                                           "/ca",
                                           "--rotate-foreign-login",
                                           "--start-url",
                                           "https://x.awsapps.com/start",
                                           "--model-alias",
                                           "gpt-4o=claude-sonnet-4.5",
                                           "--model-alias",
                                           "a=b=c",
                                           "--upstream-timeout",
                                           "60"})
                                         .amazon_q;
    CHECK(settings.endpoint_for("arn:a:b:us-east-1:1:x").host == "runtime.eu-central-1.kiro.dev");
    CHECK(settings.signing_region() == "eu-central-1");
    CHECK(settings.management_endpoint_for("").path == "/m");
    CHECK(settings.social_endpoint_for("").port == 8002);
    CHECK(settings.profile_arn == "");
    CHECK(settings.origin == "KIRO_CLI");
    CHECK(settings.dialect == AmazonQSettings::Dialect::rest);
    CHECK(settings.user_agent == "me/1");
    CHECK(settings.share_content);
    CHECK(settings.rotate_foreign_login);
    CHECK(settings.credentials_file == "/c");
    CHECK(settings.ca_file == "/ca");
    CHECK(settings.start_url == "https://x.awsapps.com/start");
    REQUIRE(settings.aliases.size() == 2);
    CHECK(settings.aliases[0].from == "gpt-4o");
    CHECK(settings.aliases[0].to == "claude-sonnet-4.5");
    CHECK(settings.aliases[1].from == "a=b");
    CHECK(settings.timeouts.total == std::chrono::seconds(60));
}

TEST_CASE("tokens cross no network in the clear") {
    for (const char* const option : {"--endpoint", "--management-endpoint", "--oidc-endpoint"}) {
        CHECK_THROWS_WITH_AS(read({option, "http://q.example"}), doctest::Contains("https"),
                             UsageError);
        CHECK_NOTHROW(read({option, "http://[::1]:8080"}));
        CHECK_THROWS_AS(read({option, "ftp://q.example"}), UsageError);
    }
    CHECK(!read({"--endpoint", "http://127.0.0.1:1", "--oidc-endpoint", "http://127.0.0.1:1"})
               .amazon_q.needs_tls());
}

TEST_CASE("settings that cannot be are refused") {
    const std::pair<const char*, const char*> wrong[] = {
        {"--region", "us east"},      {"--region", "a.b"},        {"--profile-arn", "x"},
        {"--profile-arn", "arn:\"x"}, {"--origin", ""},           {"--origin", "a\r\nb: c"},
        {"--user-agent", "a\nb"},     {"--dialect", "soap"},      {"--model-alias", "x"},
        {"--model-alias", "=x"},      {"--model-alias", "a b=x"}, {"--start-url", "http://x"},
        {"--upstream-timeout", "0"},  {"--credentials", ""},
    };
    for (const auto& one : wrong) {
        CAPTURE(one.first);
        CAPTURE(one.second);
        CHECK_THROWS_AS(read({one.first, one.second}), UsageError);
    }
}

TEST_CASE("the environment says what options would, and options come first") {
    const Variable endpoint("AMAZON_Q_ENDPOINT", "http://127.0.0.1:1");
    const Variable share("AMAZON_Q_SHARE_CONTENT", "0");
    const Variable alias("AMAZON_Q_MODEL_ALIAS", "a=b");
    const Variable origin("AMAZON_Q_ORIGIN", "");
    const AmazonQSettings settings = read({}).amazon_q;
    CHECK(settings.endpoint_for("").port == 1);
    CHECK(!settings.share_content);
    CHECK(settings.aliases.size() == 1);
    CHECK(settings.origin == "CLI");
    CHECK(read({"--endpoint", "http://127.0.0.1:2"}).amazon_q.endpoint_for("").port == 2);
    const Variable dialect("AMAZON_Q_DIALECT", "soap");
    CHECK_THROWS_WITH_AS(read({}), doctest::Contains("AMAZON_Q_DIALECT"), UsageError);
}

TEST_CASE("an IAM key is taken from the environment when that is asked for") {
    const Variable id("AWS_ACCESS_KEY_ID", "AKID");
    CHECK(!read({}).amazon_q.iam);
    const Variable on("AMAZON_Q_SIGV4", "1");
    CHECK_THROWS_AS(read({}), UsageError);
    const Variable secret("AWS_SECRET_ACCESS_KEY", "secret");
    const Variable region("AWS_REGION", "eu-central-1");
    const AmazonQSettings settings = read({"--endpoint", "http://127.0.0.1:1"}).amazon_q;
    REQUIRE(settings.iam);
    CHECK(settings.iam->access_key == "AKID");
    CHECK(settings.iam->session_token.empty());
    CHECK(settings.signing_region() == "eu-central-1");
    // Each becomes a part of a field, and none may begin another one.
    for (const char* const name : {"AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ACCESS_KEY_ID"}) {
        const Variable bad(name, "bad\r\nX-Injected: 1");
        CHECK_THROWS_WITH_AS(read({}), doctest::Contains(name), UsageError);
    }
}

TEST_CASE("the first word may be a command") {
    using Command = Options::Command;
    CHECK(read({}).command == Command::serve);
    CHECK(read({"server", "--port", "1"}).command == Command::serve);
    CHECK(read({"login", "--region", "eu-west-1"}).command == Command::login);
    CHECK(read({"logout"}).command == Command::logout);
    CHECK(read({"status", "--help"}).command == Command::help);
    CHECK_THROWS_AS(read({"log"}), UsageError);
    CHECK_THROWS_AS(read({"login", "status"}), UsageError);
    CHECK(core::help_text().find("--rotate-foreign-login") != std::string::npos);
}
