#pragma once

#include <cstdint>
#include <string>

#include "core/amazon_q_settings.h"
#include "core/token_source.h"
#include "net/http_call.h"

namespace core {

// The request that asks Amazon Q for an answer, in the dialect of the settings: awsJson1.0 as the
// official CLI sends it, or REST. With IAM keys it is SendMessage, signed; else
// GenerateAssistantResponse with the token. `unix_seconds` is the signature's time. The settings
// must outlive the call, the endpoint its start.
net::CallRequest chat_call(const AmazonQSettings& settings, const net::Url& endpoint,
                           const Token& token, std::string body, int64_t unix_seconds);

}  // namespace core
