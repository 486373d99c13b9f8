#include "core/model_list.h"

#include <iterator>
#include <utility>

#include "json/amazon_q_error.h"

namespace core {
namespace {

constexpr int pages_max = 50;
constexpr std::string_view operation = "ListAvailableModels";

void append_parameter(std::string& query, std::string_view name, std::string_view value) {
    static constexpr char digits[] = "0123456789ABCDEF";
    if (value.empty()) return;
    query += query.empty() ? '?' : '&';
    query.append(name).append("=");
    for (const char c : value) {
        const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
                              c == '~';
        if (is_plain) {
            query += c;
            continue;
        }
        query += '%';
        query += digits[static_cast<unsigned char>(c) >> 4];
        query += digits[static_cast<unsigned char>(c) & 15];
    }
}

}  // namespace

ModelList ModelList::common(std::string problem) {
    ModelList list;
    for (const char* const id : {"claude-sonnet-4.5", "claude-sonnet-4"}) {
        list.models.push_back({id, {}, 200'000, true});
    }
    list.problem = std::move(problem);
    return list;
}

ModelQuery::ModelQuery(const AmazonQSettings& settings, net::HttpClient& client, net::Wakeup wakeup,
                       const Token& token)
    : settings_(settings), client_(client), wakeup_(wakeup), token_(token), call_(ask({})) {}

ServiceCall ModelQuery::ask(std::string_view page) {
    ++pages_;
    std::string query;
    append_parameter(query, "origin", settings_.origin);
    append_parameter(query, "profileArn", token_.profile_arn);
    append_parameter(query, "nextToken", page);
    const net::Url url = settings_.management_endpoint_for(token_.profile_arn);
    const std::string fields = service_fields(settings_, token_, operation);
    if (settings_.dialect == AmazonQSettings::Dialect::rest) {
        const std::string path = "/" + std::string(operation) + query;
        return {client_, {.url = url, .method = "GET", .path = path, .fields = fields}, wakeup_};
    }
    std::string body;
    json::write_list_models(settings_.origin, token_.profile_arn, page, body);
    const std::string path = "/" + query;
    return {client_, {.url = url, .path = path, .fields = fields, .body = body}, wakeup_};
}

ModelQuery::Outcome ModelQuery::poll() {
    while (call_.is_done()) {
        json::AmazonQModels page;
        if (!call_.is_good()) return refused();
        if (!json::read_models(call_.body(), page)) {
            problem_ = "The service answered with something else than its models.";
            return Outcome::failed;
        }
        std::move(page.models.begin(), page.models.end(), std::back_inserter(list_.models));
        if (!page.default_id.empty()) list_.default_id = page.default_id;
        if (page.next_token.empty() || pages_ == pages_max) {
            problem_ = list_.models.empty() ? "The service lists no models." : "";
            return list_.models.empty() ? Outcome::failed : Outcome::done;
        }
        call_ = ask(page.next_token);
    }
    return Outcome::running;
}

ModelQuery::Outcome ModelQuery::refused() {
    if (call_.status() == 0) {
        problem_ = "The service was not reached: " + call_.problem() + ".";
        return Outcome::failed;
    }
    json::AmazonQError error =
        json::read_amazon_q_error(call_.status(), call_.error_type(), call_.body());
    problem_ = std::move(error.message);
    return error.refresh_token ? Outcome::rejected : Outcome::failed;
}

std::string service_fields(const AmazonQSettings& settings, const Token& token,
                           std::string_view called) {
    const bool is_rest = settings.dialect == AmazonQSettings::Dialect::rest;
    std::string fields = "Authorization: Bearer " + token.access_token + "\r\n";
    fields += "User-Agent: " + settings.user_agent + "\r\n";
    fields += "x-amz-user-agent: " + settings.user_agent + "\r\n";
    fields += "x-amzn-codewhisperer-optout: ";
    fields += settings.share_content ? "false\r\n" : "true\r\n";
    fields += is_rest ? "Content-Type: application/json\r\n"
                      : "Content-Type: application/x-amz-json-1.0\r\n";
    if (!is_rest) {
        fields += "x-amz-target: AmazonCodeWhispererService." + std::string(called) + "\r\n";
    }
    return fields;
}

}  // namespace core
