#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/amazon_q_settings.h"
#include "core/token_source.h"
#include "net/http_call.h"

namespace core {

// AmazonQCalls makes the requests that ask Amazon Q for an answer, in the dialect of the settings:
// awsJson1.0 as the official CLI sends it, or REST. With IAM keys they are SendMessage, signed;
// else GenerateAssistantResponse with a token. What the calls with one token have in common is put
// together once. One per worker.
class AmazonQCalls {
public:
    // The settings must outlive it and its calls.
    explicit AmazonQCalls(const AmazonQSettings& settings) : settings_(settings) {}

    // `body` names no profile: the token's is added, unless IAM keys take its place. `unix_seconds`
    // is the signature's time. The request must be started before `body` goes or the next one is
    // made.
    net::CallRequest request(const Token& token, std::string_view body, int64_t unix_seconds);

private:
    void prepare(const Token& token);

    const AmazonQSettings& settings_;
    std::optional<uint64_t> version_;  // of the token that these are for; not set: of none
    net::Url endpoint_;
    std::string fields_;  // all but a signature
    bool has_good_fields_ = false;
    std::string body_end_;  // in the place of the last brace
    std::string signed_fields_;
};

}  // namespace core
