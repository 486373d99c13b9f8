#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/error.h"

namespace core {

// Failure is why a request has no answer, in the terms of OpenAI's error object. It becomes a
// response of its status as long as nothing was sent, an error event after that.
struct Failure {
    uint16_t status = 500;
    std::string message;
    std::string_view type = "server_error";  // static, like code
    std::string_view code;                   // empty: null
    std::string param;                       // empty: null
    uint32_t retry_after_seconds = 0;        // 0: not said

    json::Error error() const { return {message, type, param, code}; }
};

// The client's fault. `code` is static.
[[gnu::cold]] Failure invalid_request(uint16_t status, std::string message,
                                      std::string_view code = {}, std::string param = {});

// The type and code that OpenAI's clients expect with a status.
[[gnu::cold]] Failure failure_for_status(uint16_t status, std::string message);

}  // namespace core
