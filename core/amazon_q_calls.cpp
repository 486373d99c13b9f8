#include "core/amazon_q_calls.h"

#include <vector>

#include "json/amazon_q_request.h"
#include "net/civil_time.h"
#include "net/sigv4.h"

namespace core {
namespace {

void add(std::string& fields, std::string_view name, std::string_view value) {
    fields.append(name).append(": ").append(value).append("\r\n");
}

// 20250830T123600Z
std::string amz_date(int64_t unix_seconds) {
    const net::CivilTime time = net::CivilTime::of(unix_seconds);
    char text[17];
    char* to = net::put_digits(text, time.year, 4);
    to = net::put_digits(to, time.month, 2);
    to = net::put_digits(to, time.day, 2);
    *to++ = 'T';
    to = net::put_digits(to, time.hour, 2);
    to = net::put_digits(to, time.minute, 2);
    to = net::put_digits(to, time.second, 2);
    *to++ = 'Z';
    return std::string(text, to);
}

// How an operation is named in each dialect.
struct Operation {
    std::string_view target;  // x-amz-target
    std::string_view path;
};
constexpr Operation generate = {"AmazonCodeWhispererStreamingService.GenerateAssistantResponse",
                                "/generateAssistantResponse"};
constexpr Operation send = {"AmazonQDeveloperStreamingService.SendMessage",
                            "/SendMessageStreaming"};

const Operation& operation_of(const AmazonQSettings& settings) {
    return settings.iam ? send : generate;
}

bool is_rest(const AmazonQSettings& settings) {
    return settings.dialect == AmazonQSettings::Dialect::rest;
}

// Appends the signature's fields. `body` is the whole one.
void sign(const AmazonQSettings& settings, int64_t unix_seconds, const net::CallRequest& call,
          std::string_view body, std::string& fields) {
    const IamKey& keys = *settings.iam;
    const std::string date = amz_date(unix_seconds);
    const std::string region = settings.signing_region();
    const std::string host = call.url.authority();
    std::vector<net::SigV4Field> signed_fields = {{"host", host}, {"x-amz-date", date}};
    if (!is_rest(settings)) {
        signed_fields.push_back({"content-type", "application/x-amz-json-1.0"});
        signed_fields.push_back({"x-amz-target", operation_of(settings).target});
    }
    if (!keys.session_token.empty()) {
        signed_fields.push_back({"x-amz-security-token", keys.session_token});
        add(fields, "x-amz-security-token", keys.session_token);
    }
    net::SigV4Request request;
    request.method = "POST";
    const std::string path = call.url.path + std::string(call.path);
    request.path = path;
    request.amz_date = date;
    request.fields = signed_fields;
    request.body = body;
    add(fields, "x-amz-date", date);
    add(fields, "authorization",
        net::sigv4_authorization({keys.access_key, keys.secret_key, region, "q"}, request));
}

}  // namespace

net::CallRequest AmazonQCalls::request(const Token& token, std::string_view body,
                                       int64_t unix_seconds) {
    if (version_ != token.version) prepare(token);
    net::CallRequest call{endpoint_};
    call.path = is_rest(settings_) ? operation_of(settings_).path : "/";
    call.timeouts = &settings_.timeouts;
    call.fields = fields_;
    call.has_good_fields = has_good_fields_;
    call.body = body.substr(0, body.size() - 1);
    call.body_end = body_end_;
    if (settings_.iam) {
        signed_fields_ = fields_;
        sign(settings_, unix_seconds, call, body, signed_fields_);
        call.fields = signed_fields_;
        call.has_good_fields = false;
    }
    return call;
}

void AmazonQCalls::prepare(const Token& token) {
    version_ = token.version;
    const std::string_view profile = settings_.iam ? std::string_view() : token.profile_arn;
    endpoint_ = settings_.endpoint_for(profile);
    body_end_ = json::end_with_profile(profile);
    fields_.clear();
    const bool rest = is_rest(settings_);
    add(fields_, "content-type", rest ? "application/json" : "application/x-amz-json-1.0");
    if (!rest) add(fields_, "x-amz-target", operation_of(settings_).target);
    add(fields_, "x-amzn-codewhisperer-optout", settings_.share_content ? "false" : "true");
    add(fields_, "user-agent", settings_.user_agent);
    add(fields_, "x-amz-user-agent", settings_.user_agent);
    if (!settings_.iam) add(fields_, "authorization", "Bearer " + token.access_token);
    has_good_fields_ = net::are_fields(fields_);
}

}  // namespace core
