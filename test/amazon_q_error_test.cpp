#include "json/amazon_q_error.h"

#include <doctest.h>

#include <string>

using json::AmazonQError;
using Kind = AmazonQError::Kind;

namespace {

std::string body(const std::string& type, const std::string& message,
                 const std::string& reason = "null") {
    return R"({"__type":"com.amazon.aws.codewhisperer#)" + type + R"(","message":")" + message +
           R"(","reason":)" + reason + "}";
}

AmazonQError read(int status, const std::string& text) {
    return json::read_amazon_q_error(status, "", text);
}

bool has(const AmazonQError& error, const std::string& text) {
    return error.message.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("the reason counts before the status") {
    const AmazonQError quota =
        read(429, body("ThrottlingException", "Slow down.", R"("MONTHLY_REQUEST_COUNT")"));
    CHECK(quota.kind == Kind::quota);
    CHECK(quota.status == 429);
    CHECK(quota.type == "insufficient_quota");
    CHECK(quota.code == "insufficient_quota");
    CHECK(!quota.retryable);
    CHECK(quota.exception == "ThrottlingException");
    CHECK(quota.reason == "MONTHLY_REQUEST_COUNT");
    CHECK(has(quota, "Slow down."));
    CHECK(read(400, body("ThrottlingException", "x", R"("DAILY_REQUEST_COUNT")")).kind ==
          Kind::quota);
    CHECK(read(402, body("ServiceQuotaExceededException", "x")).kind == Kind::quota);
}

TEST_CASE("exceptions, reasons and statuses have their kinds") {
    struct Row {
        int status;
        const char* exception;
        const char* reason;
        Kind kind;
        int answer;
        bool retryable;
    };
    const Row rows[] = {
        {429, "ThrottlingException", "null", Kind::throttled, 429, true},
        {429, "ThrottlingError", "null", Kind::throttled, 429, true},
        {429, "ThrottlingException", "\"INSUFFICIENT_MODEL_CAPACITY\"", Kind::overloaded, 503,
         true},
        {500, "InternalServerException", "\"MODEL_TEMPORARILY_UNAVAILABLE\"", Kind::overloaded, 503,
         true},
        {500, "InternalServerException", "null", Kind::internal, 502, true},
        {503, "ServiceUnavailableException", "null", Kind::unavailable, 503, true},
        {400, "ValidationException", "\"PROMPT_TOO_LONG\"", Kind::context_overflow, 400, false},
        {400, "ValidationException", "\"INVALID_MODEL_ID\"", Kind::invalid_model, 404, false},
        {400, "ValidationException", "\"TOOL_DUPLICATE\"", Kind::invalid_request, 400, false},
        {409, "ConflictException", "\"MISMATCHED_KMS_KEY\"", Kind::invalid_request, 400, false},
        {404, "ResourceNotFoundException", "null", Kind::not_found, 404, false},
        {403, "AccessDeniedException", "\"TEMPORARILY_SUSPENDED\"", Kind::suspended, 403, false},
        {403, "AccessDeniedException", "\"FEATURE_NOT_SUPPORTED\"", Kind::access_denied, 403,
         false},
        {403, "AccessDeniedException", "null", Kind::credentials, 502, false},
        {403, "ExpiredTokenException", "null", Kind::credentials, 502, false},
        {500, "", "null", Kind::internal, 502, true},
        {403, "SomethingNewException", "\"SOMETHING_NEW\"", Kind::credentials, 502, false},
        {418, "SomethingNewException", "null", Kind::invalid_request, 400, false},
        {429, "SomethingNewException", "null", Kind::throttled, 429, true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.exception);
        CAPTURE(row.reason);
        const AmazonQError error = read(row.status, body(row.exception, "x", row.reason));
        CHECK(error.kind == row.kind);
        CHECK(error.status == row.answer);
        CHECK(error.retryable == row.retryable);
        CHECK(error.refresh_token == (row.kind == Kind::credentials));
    }
}

TEST_CASE("texts tell what came without a reason") {
    const AmazonQError overflow = read(400, body("ValidationException", "Input is too long."));
    CHECK(overflow.code == "context_length_exceeded");
    CHECK(has(overflow, "maximum context length"));
    CHECK(read(500, body("InternalServerException",
                         "Encountered unexpectedly high load when processing the request, please "
                         "try again."))
              .kind == Kind::overloaded);
    CHECK(read(403, body("AccessDeniedException",
                         "The bearer token included in the request is invalid."))
              .refresh_token);
    CHECK(read(423, R"({"message":"Your User ID (x) temporarily is suspended."})").kind ==
          Kind::suspended);
    CHECK(read(400, body("ValidationException", "Maximum Request reached for this month.")).kind ==
          Kind::quota);
    CHECK(read(400, body("ValidationException",
                         "Invalid model. Please select a different model to continue."))
              .code == "model_not_found");
    CHECK(has(read(400, body("ValidationException", "profileArn is required for this request.")),
              "--profile-arn"));
    CHECK(has(read(400, body("ValidationException", "Improperly formed request.")), "malformed"));
}

TEST_CASE("the name of the exception comes from the field, __type or code") {
    CHECK(json::read_amazon_q_error(400, "ThrottlingException:http://internal/", "{}").kind ==
          Kind::throttled);
    CHECK(json::read_amazon_q_error(400, "a#ThrottlingException", body("ValidationException", "x"))
              .kind == Kind::throttled);
    CHECK(read(400, R"({"code":"ThrottlingException","Message":"m"})").kind == Kind::throttled);
    CHECK(has(read(400, R"({"code":"ThrottlingException","Message":"m"})"), "says: m"));
    CHECK(read(400, R"({"__type":{"a":1},"message":null})").kind == Kind::invalid_request);
}

TEST_CASE("what is not JSON is judged by its status and not repeated") {
    const AmazonQError html = read(502, "<html>Bad Gateway</html>");
    CHECK(html.kind == Kind::internal);
    CHECK(has(html, "HTTP status 502"));
    CHECK(!has(html, "html"));
    CHECK(read(403, "").refresh_token);
    CHECK(read(413, "").code == "context_length_exceeded");
    CHECK(read(503, "").kind == Kind::unavailable);
    CHECK(read(402, "").kind == Kind::quota);
    CHECK(read(404, "").kind == Kind::not_found);
    CHECK(read(400, "Input is too long.").kind == Kind::context_overflow);
    CHECK(read(500, "ServiceUnavailableException").kind == Kind::unavailable);
}

TEST_CASE("a long message is cut") {
    const AmazonQError error = read(400, body("ValidationException", std::string(100'000, 'x')));
    CHECK(error.message.size() < 3'000);
}

TEST_CASE("failures inside a stream are read alike") {
    CHECK(json::read_amazon_q_exception("throttlingException", R"({"message":"m"})").kind ==
          Kind::throttled);
    CHECK(json::read_amazon_q_exception("error", R"({"message":"m","reason":null})").kind ==
          Kind::internal);
    CHECK(json::read_amazon_q_exception(
              "error", R"({"message":"m","reason":"MODEL_TEMPORARILY_UNAVAILABLE"})")
              .kind == Kind::overloaded);
    CHECK(json::read_amazon_q_exception("somethingNew", "").kind == Kind::internal);
    const AmazonQError error = json::read_amazon_q_error_frame("InternalError", "bo\"om");
    CHECK(error.kind == Kind::internal);
    CHECK(has(error, "says: bo\"om"));
    CHECK(error.exception == "InternalError");
}
