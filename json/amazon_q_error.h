#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace json {

// AmazonQError is what a failure of the service means for the client and for the next attempt.
struct AmazonQError {
    enum class Kind : uint8_t {
        context_overflow,  // the conversation is too long
        invalid_model,
        invalid_request,
        credentials,    // the token is not accepted (any more)
        access_denied,  // the account may not do this
        suspended,      // the account is locked
        quota,          // used up until a day or a month ends
        throttled,
        overloaded,  // no capacity for the model
        unavailable,
        internal,
        not_found,
    };

    Kind kind = Kind::internal;
    // OpenAI's error object and status. The type and the code are literals; an empty code is null.
    uint16_t status = 502;
    std::string_view type = "server_error";
    std::string_view code;
    std::string message;
    bool retryable = false;      // the same call may succeed in a moment
    bool refresh_token = false;  // the same call may succeed with a fresh token
    // What the service said, for the log.
    std::string exception;  // ThrottlingException
    std::string reason;     // MONTHLY_REQUEST_COUNT
};

// Reads the answer to a refused call. `error_type` is its field x-amzn-errortype or empty, the
// body the service's JSON, or whatever a proxy on the way made of it.
AmazonQError read_amazon_q_error(int status, std::string_view error_type, std::string_view body);

// The same for a failure inside the stream: a frame of the message type exception (its exception
// type and payload), and one of the type error (its code and message).
AmazonQError read_amazon_q_exception(std::string_view exception_type, std::string_view payload);
AmazonQError read_amazon_q_error_frame(std::string_view code, std::string_view message);

}  // namespace json
