#include "core/amazon_q_calls.h"

#include <doctest.h>
#include <simdjson.h>

#include "net/sigv4.h"

using core::AmazonQCalls;
using core::AmazonQSettings;
using core::Token;

namespace {

// 2025-08-30T12:36:00Z
constexpr int64_t moment = 1756557360;

net::Url url_of(std::string_view text) {
    net::Url url;
    REQUIRE(net::Url::parse(text, url).empty());
    return url;
}

std::string whole_body(const net::CallRequest& call) {
    return std::string(call.body).append(call.body_end);
}

struct Asked {
    explicit Asked(const AmazonQSettings& settings, const Token& token = {"secret", "", 1})
        : calls(settings), call(calls.request(token, R"({"a":1})", moment)) {}

    // The value of a field; "-" when it is not there. It must not stand there twice.
    std::string field(const std::string& name) const {
        const std::string lines = std::string("\r\n").append(call.fields);
        const size_t at = lines.find("\r\n" + name + ": ");
        if (at == std::string::npos) return "-";
        CHECK(lines.find("\r\n" + name + ": ", at + 1) == std::string::npos);
        const size_t begin = at + name.size() + 4;
        return lines.substr(begin, lines.find("\r\n", begin) - begin);
    }

    std::string body() const { return whole_body(call); }

    AmazonQCalls calls;
    net::CallRequest call;
};

AmazonQSettings with_keys() {
    AmazonQSettings settings;
    settings.iam = core::IamKey{"AKIDEXAMPLE", "secret", "", ""};
    return settings;
}

bool can_sign() {
    net::SigV4Request request;
    request.amz_date = "20250830T123600Z";
    return !net::sigv4_authorization({"a", "b", "c", "d"}, request).empty();
}

}  // namespace

TEST_CASE("AmazonQCalls speak awsJson as the official CLI does") {
    const AmazonQSettings settings;
    const Asked asked(settings);
    CHECK(asked.call.method == "POST");
    CHECK(asked.call.path == "/");
    CHECK(asked.body() == R"({"a":1})");
    CHECK(asked.call.timeouts == &settings.timeouts);
    CHECK(asked.call.fields ==
          "content-type: application/x-amz-json-1.0\r\n"
          "x-amz-target: AmazonCodeWhispererStreamingService.GenerateAssistantResponse\r\n"
          "x-amzn-codewhisperer-optout: true\r\n"
          "user-agent: amazon-q-server/1.0.0\r\n"
          "x-amz-user-agent: amazon-q-server/1.0.0\r\n"
          "authorization: Bearer secret\r\n");
}

TEST_CASE("AmazonQCalls speak REST as the editors do") {
    AmazonQSettings settings;
    settings.dialect = AmazonQSettings::Dialect::rest;
    settings.user_agent = "tester/2";
    const Asked asked(settings);
    CHECK(asked.call.path == "/generateAssistantResponse");
    CHECK(asked.call.fields ==
          "content-type: application/json\r\n"
          "x-amzn-codewhisperer-optout: true\r\n"
          "user-agent: tester/2\r\n"
          "x-amz-user-agent: tester/2\r\n"
          "authorization: Bearer secret\r\n");
}

TEST_CASE("AmazonQCalls opt out of sharing unless it is wanted") {
    for (const auto dialect : {AmazonQSettings::Dialect::awsjson, AmazonQSettings::Dialect::rest}) {
        AmazonQSettings settings;
        settings.dialect = dialect;
        CHECK(Asked(settings).field("x-amzn-codewhisperer-optout") == "true");
        settings.share_content = true;
        CHECK(Asked(settings).field("x-amzn-codewhisperer-optout") == "false");
        settings.iam = with_keys().iam;
        CHECK(Asked(settings).field("x-amzn-codewhisperer-optout") == "false");
    }
}

TEST_CASE("AmazonQCalls add the login's profile to the body, which stays JSON") {
    const AmazonQSettings settings;
    const std::string arn = "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABC";
    CHECK(Asked(settings, {"secret", arn, 1}).body() == R"({"a":1,"profileArn":")" + arn + "\"}");

    const std::string odd = "a\"b\\c\n\xC3\xA9\x01";
    const Asked asked(settings, {"secret", odd, 1});
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    REQUIRE_FALSE(parser.parse(asked.body()).get(root));
    std::string_view arn_read;
    REQUIRE_FALSE(root["profileArn"].get(arn_read));
    CHECK(arn_read == odd);
    CHECK(int64_t(root["a"].get_int64().value_unsafe()) == 1);
}

TEST_CASE("AmazonQCalls take over a new token with all that belongs to it") {
    const AmazonQSettings settings;
    AmazonQCalls calls(settings);
    Token token{"one", "arn:aws:codewhisperer:eu-central-1:1:profile/A", 1};
    for (int i = 0; i < 2; ++i) {
        const net::CallRequest call = calls.request(token, "{}", moment);
        CHECK(call.url.host == "q.eu-central-1.amazonaws.com");
        CHECK(call.fields.ends_with("authorization: Bearer one\r\n"));
        CHECK(whole_body(call) == R"({,"profileArn":")" + token.profile_arn + "\"}");
    }
    token = {"two", "", 2};
    const net::CallRequest call = calls.request(token, "{}", moment);
    CHECK(call.url.host == "q.us-east-1.amazonaws.com");
    CHECK(call.fields.ends_with("authorization: Bearer two\r\n"));
    CHECK(call.fields.find("one") == std::string::npos);
    CHECK(whole_body(call) == "{}");
}

TEST_CASE("AmazonQCalls say of fields that they are good only if they were looked at") {
    const AmazonQSettings settings;
    CHECK(Asked(settings, {"good", "", 1}).call.has_good_fields);
    CHECK_FALSE(Asked(settings, {"a\nb", "", 1}).call.has_good_fields);
    AmazonQCalls calls(settings);
    CHECK_FALSE(calls.request({"a\rb", "", 1}, "{}", moment).has_good_fields);
    CHECK(calls.request({"good", "", 2}, "{}", moment).has_good_fields);
    CHECK_FALSE(Asked(with_keys()).call.has_good_fields);  // signed fields are new each time
}

TEST_CASE("AmazonQCalls with IAM keys send SendMessage, signed, without token and profile") {
    const Asked asked(with_keys(), {"secret-token", "arn:of:somebody", 1});
    CHECK(asked.call.path == "/");
    CHECK(asked.body() == R"({"a":1})");
    CHECK(asked.field("x-amz-target") == "AmazonQDeveloperStreamingService.SendMessage");
    CHECK(asked.field("content-type") == "application/x-amz-json-1.0");
    CHECK(asked.field("x-amz-date") == "20250830T123600Z");
    CHECK(asked.field("x-amz-security-token") == "-");
    CHECK(asked.call.fields.find("secret") == std::string::npos);
    if (!can_sign()) return;
    // Computed by another implementation.
    CHECK(asked.field("authorization") ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250830/us-east-1/q/aws4_request, "
          "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
          "Signature=3439723bcfb4bbab8ad30f43dcd51cf14b464d8c64642784afb297a25f5ed995");
}

TEST_CASE("AmazonQCalls sign the path of the endpoint, its port and the session's token") {
    AmazonQSettings settings = with_keys();
    settings.dialect = AmazonQSettings::Dialect::rest;
    settings.iam->session_token = "session";
    settings.iam->region = "eu-central-1";
    settings.endpoint = url_of("https://127.0.0.1:8443/base");
    const Asked asked(settings, {});
    CHECK(asked.call.path == "/SendMessageStreaming");
    CHECK(asked.field("x-amz-target") == "-");
    CHECK(asked.field("content-type") == "application/json");
    CHECK(asked.field("x-amz-security-token") == "session");
    if (!can_sign()) return;
    CHECK(asked.field("authorization") ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250830/eu-central-1/q/aws4_request, "
          "SignedHeaders=host;x-amz-date;x-amz-security-token, "
          "Signature=101b041fc79e80fb5f1e6c91c2ca9ae740916a6389d811e8822f2c7dc715f09b");
}
