#include "core/amazon_q_call.h"

#include <string_view>
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

void sign(const AmazonQSettings& settings, const Operation& operation, int64_t unix_seconds,
          net::CallRequest& call) {
    const IamKey& keys = *settings.iam;
    const bool is_rest = settings.dialect == AmazonQSettings::Dialect::rest;
    const std::string date = amz_date(unix_seconds);
    const std::string region = settings.signing_region();
    const std::string host = call.url.authority();
    std::vector<net::SigV4Field> signed_fields = {{"host", host}, {"x-amz-date", date}};
    if (!is_rest) {
        signed_fields.push_back({"content-type", "application/x-amz-json-1.0"});
        signed_fields.push_back({"x-amz-target", operation.target});
    }
    if (!keys.session_token.empty()) {
        signed_fields.push_back({"x-amz-security-token", keys.session_token});
        add(call.fields, "x-amz-security-token", keys.session_token);
    }
    net::SigV4Request request;
    request.method = "POST";
    const std::string path = call.url.path + std::string(call.path);
    request.path = path;
    request.amz_date = date;
    request.fields = signed_fields;
    request.body = call.body;
    add(call.fields, "x-amz-date", date);
    add(call.fields, "authorization",
        net::sigv4_authorization({keys.access_key, keys.secret_key, region, "q"}, request));
}

}  // namespace

net::CallRequest chat_call(const AmazonQSettings& settings, const net::Url& endpoint,
                           const Token& token, std::string body, int64_t unix_seconds) {
    const Operation& operation = settings.iam ? send : generate;
    const bool is_rest = settings.dialect == AmazonQSettings::Dialect::rest;
    net::CallRequest call{endpoint};
    call.path = is_rest ? operation.path : "/";
    call.body = std::move(body);
    if (!settings.iam && !token.profile_arn.empty()) {
        json::add_profile(token.profile_arn, call.body);
    }
    call.timeouts = &settings.timeouts;
    call.fields.reserve(512 + 2 * settings.user_agent.size() + token.access_token.size());
    add(call.fields, "content-type", is_rest ? "application/json" : "application/x-amz-json-1.0");
    if (!is_rest) add(call.fields, "x-amz-target", operation.target);
    add(call.fields, "x-amzn-codewhisperer-optout", settings.share_content ? "false" : "true");
    add(call.fields, "user-agent", settings.user_agent);
    add(call.fields, "x-amz-user-agent", settings.user_agent);
    if (settings.iam) {
        sign(settings, operation, unix_seconds, call);
    } else {
        call.fields += "authorization: Bearer ";
        call.fields.append(token.access_token).append("\r\n");
    }
    return call;
}

}  // namespace core
