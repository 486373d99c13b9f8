#include "json/amazon_q_error.h"

#include <algorithm>
#include <array>
#include <span>

#include "json/text.h"
#include "json/values.h"

namespace json {
namespace {

using Kind = AmazonQError::Kind;

constexpr size_t message_bytes_max = 2'000;

// What was said, by header or body.
struct Said {
    int status = 0;
    std::string exception, message, reason;
    std::string_view body;  // only what is not JSON: a proxy's page
    bool is_json = false;
};

struct Rule {
    std::string_view text;
    Kind kind;
};

// Reasons come before everything else: a 429 for a month's quota is not mere throttling.
constexpr std::array<Rule, 13> reasons = {{
    {"CONTENT_LENGTH_EXCEEDS_THRESHOLD", Kind::context_overflow},
    {"PROMPT_TOO_LONG", Kind::context_overflow},
    {"INVALID_MODEL_ID", Kind::invalid_model},
    {"MONTHLY_REQUEST_COUNT", Kind::quota},
    {"DAILY_REQUEST_COUNT", Kind::quota},
    {"OVERAGE_REQUEST_LIMIT_EXCEEDED", Kind::quota},
    {"CONVERSATION_LIMIT_EXCEEDED", Kind::quota},
    {"INSUFFICIENT_MODEL_CAPACITY", Kind::overloaded},
    {"MODEL_TEMPORARILY_UNAVAILABLE", Kind::overloaded},
    {"TEMPORARILY_SUSPENDED", Kind::suspended},
    {"FEATURE_NOT_SUPPORTED", Kind::access_denied},
    {"UNAUTHORIZED_CUSTOMIZATION_RESOURCE_ACCESS", Kind::access_denied},
    {"UNAUTHORIZED_WORKSPACE_CONTEXT_FEATURE_ACCESS", Kind::access_denied},
}};

// Texts that tell what came without its reason; parts of them, in lower case.
constexpr std::array<Rule, 10> texts = {{
    {"input is too long", Kind::context_overflow},
    {"unexpectedly high load", Kind::overloaded},
    {"insufficient_model_capacity", Kind::overloaded},
    {"monthly_request_count", Kind::quota},
    {"maximum request reached", Kind::quota},
    {"invalid model", Kind::invalid_model},
    {"is suspended", Kind::suspended},
    {"temporarily suspended", Kind::suspended},
    {"bearer token", Kind::credentials},
    {"serviceunavailableexception", Kind::unavailable},
}};

constexpr std::array<Rule, 15> exceptions = {{
    {"Throttling", Kind::throttled},
    {"TooManyRequests", Kind::throttled},
    {"ServiceQuotaExceeded", Kind::quota},
    {"ExpiredToken", Kind::credentials},
    {"UnrecognizedClient", Kind::credentials},
    {"InvalidSignature", Kind::credentials},
    {"IncompleteSignature", Kind::credentials},
    {"MissingAuthenticationToken", Kind::credentials},
    {"AccessDenied", Kind::credentials},
    {"ServiceUnavailable", Kind::unavailable},
    {"InternalServer", Kind::internal},
    {"ResourceNotFound", Kind::not_found},
    {"Validation", Kind::invalid_request},
    {"Conflict", Kind::invalid_request},
    {"Serialization", Kind::invalid_request},
}};

struct Shape {
    Kind kind;
    uint16_t status;
    std::string_view type, code;
    bool retryable;
    std::string_view message;  // of ours, before the service's
};

constexpr std::array<Shape, 12> shapes = {{
    {Kind::context_overflow, 400, "invalid_request_error", "context_length_exceeded", false,
     "This conversation exceeds the model's maximum context length. Please shorten it."},
    {Kind::invalid_model, 404, "invalid_request_error", "model_not_found", false,
     "The model does not exist or your account does not have access to it."},
    {Kind::invalid_request, 400, "invalid_request_error", "upstream_refused", false,
     "Amazon Q refused the request."},
    {Kind::credentials, 502, "server_error", "upstream_auth", false,
     "Amazon Q does not accept this server's login. If it stays so, run: amazon-q-server login"},
    {Kind::access_denied, 403, "permission_error", "upstream_denied", false,
     "Your Amazon Q account may not do this."},
    {Kind::suspended, 403, "permission_error", "account_suspended", false,
     "AWS has suspended your Amazon Q account; only AWS support can lift this."},
    {Kind::quota, 429, "insufficient_quota", "insufficient_quota", false,
     "The quota of your Amazon Q account is used up."},
    {Kind::throttled, 429, "requests", "rate_limit_exceeded", true,
     "Amazon Q takes no more requests for the moment. Please try again later."},
    {Kind::overloaded, 503, "server_error", "model_overloaded", true,
     "Amazon Q has no capacity for this model for the moment. Please try again later."},
    {Kind::unavailable, 503, "server_error", "upstream_unavailable", true,
     "Amazon Q is not available for the moment. Please try again later."},
    {Kind::internal, 502, "server_error", "upstream_error", true, "Amazon Q had an error."},
    {Kind::not_found, 404, "invalid_request_error", "upstream_not_found", false,
     "Amazon Q does not know what was asked for."},
}};

const Rule* find(std::span<const Rule> rules, auto matches) {
    const auto found = std::find_if(rules.begin(), rules.end(), matches);
    return found == rules.end() ? nullptr : &*found;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return out;
}

// The name inside com.amazon.aws.codewhisperer#ThrottlingException:http://internal/
std::string_view bare_name(std::string_view type) {
    type = type.substr(type.rfind('#') + 1);
    return type.substr(0, type.find(':'));
}

void read_body(std::string_view body, Said& said) {
    Reader reader(64);
    PaddedCopy copy;
    std::string type, code, reason, message;
    const bool ok = reader.read(copy.of(body), [&](std::string_view key, Node& node) {
        if (key == "__type") take(node, type);
        if (key == "code") take(node, code);
        if (key == "reason") take(node, reason);
        if (key == "message" || key == "Message") take(node, message);
        return reader.skip(node);
    });
    if (!ok) {
        said.body = body.substr(0, message_bytes_max);
        return;
    }
    said.is_json = true;
    said.reason = reason;
    said.message = message;
    if (said.exception.empty()) said.exception = bare_name(type.empty() ? code : type);
}

Kind kind_of_status(int status) {
    switch (status) {
        case 401:
        case 403:
            return Kind::credentials;
        case 402:
            return Kind::quota;
        case 404:
            return Kind::not_found;
        case 413:
            return Kind::context_overflow;
        case 423:
            return Kind::suspended;
        case 429:
            return Kind::throttled;
        case 503:
        case 504:
            return Kind::unavailable;
        default:
            return status >= 400 && status < 500 ? Kind::invalid_request : Kind::internal;
    }
}

Kind classify(const Said& said) {
    const auto is_reason = [&](const Rule& rule) { return said.reason == rule.text; };
    if (const Rule* rule = find(reasons, is_reason)) return rule->kind;
    const std::string message = lower(said.message.empty() ? said.body : said.message);
    const auto is_said = [&](const Rule& rule) {
        return message.find(rule.text) != std::string::npos;
    };
    if (const Rule* rule = find(texts, is_said)) return rule->kind;
    // The service's names end in Exception, those of its models in Error, and in streams the first
    // letter is small.
    const std::string exception = lower(said.exception);
    const auto is_named = [&](const Rule& rule) { return exception.starts_with(lower(rule.text)); };
    if (const Rule* rule = find(exceptions, is_named)) return rule->kind;
    return kind_of_status(said.status);
}

// What a user can do about a refusal whose own words do not say it.
std::string_view hint(std::string_view message) {
    if (message.find("profileArn is required") != std::string_view::npos) {
        return " This endpoint wants a profile: set --profile-arn.";
    }
    if (message.find("Improperly formed request") != std::string_view::npos) {
        return " It found the conversation malformed without saying where.";
    }
    return {};
}

AmazonQError describe(Said said) {
    AmazonQError out;
    out.kind = classify(said);
    const auto is_kind = [&](const Shape& shape) { return shape.kind == out.kind; };
    const Shape& shape = *std::find_if(shapes.begin(), shapes.end(), is_kind);
    out.status = shape.status;
    out.type = shape.type;
    out.code = shape.code;
    out.retryable = shape.retryable;
    out.refresh_token = out.kind == Kind::credentials;
    out.message = shape.message;
    out.message += hint(said.message);
    if (!said.message.empty()) {
        std::string escaped;
        escape(said.message, escaped);
        out.message += " The service says: ";
        JsonText::trusted(escaped).cut(message_bytes_max).unescape(out.message);
    } else if (!said.is_json && said.status != 0) {
        out.message += " (HTTP status " + std::to_string(said.status) + " without a reason)";
    }
    if (!said.reason.empty()) out.message += " [" + said.reason + "]";
    out.exception = std::move(said.exception);
    out.reason = std::move(said.reason);
    return out;
}

}  // namespace

AmazonQError read_amazon_q_error(int status, std::string_view error_type, std::string_view body) {
    Said said;
    said.status = status;
    said.exception = bare_name(error_type);
    read_body(body, said);
    return describe(std::move(said));
}

AmazonQError read_amazon_q_exception(std::string_view exception_type, std::string_view payload) {
    Said said;
    said.exception = exception_type == "error" ? "InternalServerException" : exception_type;
    read_body(payload, said);
    return describe(std::move(said));
}

AmazonQError read_amazon_q_error_frame(std::string_view code, std::string_view message) {
    Said said;
    said.exception = code;
    said.message = message;
    return describe(std::move(said));
}

}  // namespace json
