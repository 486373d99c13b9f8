#include "core/failure.h"

#include <utility>

namespace core {

Failure invalid_request(uint16_t status, std::string message, std::string_view code,
                        std::string param) {
    Failure failure;
    failure.status = status;
    failure.message = std::move(message);
    failure.type = "invalid_request_error";
    failure.code = code;
    failure.param = std::move(param);
    return failure;
}

Failure failure_for_status(uint16_t status, std::string message) {
    Failure failure;
    failure.status = status;
    failure.message = std::move(message);
    if (status < 500) failure.type = "invalid_request_error";
    switch (status) {
        case 401:
            failure.code = "invalid_api_key";
            break;
        case 404:
            failure.code = "model_not_found";
            break;
        case 429:
            failure.type = "requests";
            failure.code = "rate_limit_exceeded";
            failure.retry_after_seconds = 1;
            break;
        case 503:
            failure.retry_after_seconds = 1;
            break;
        default:
            break;
    }
    return failure;
}

}  // namespace core
