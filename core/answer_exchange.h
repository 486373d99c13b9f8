#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/failure.h"
#include "net/exchange.h"

namespace core {

// Field lines that stand in every response: any page may call (CORS), and may read what it needs.
inline constexpr std::string_view cors_fields =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: x-request-id, retry-after\r\n";

// A whole response at once: models, health, metrics, errors.
struct Answer {
    uint16_t status = 200;
    std::string_view content_type = "application/json";  // static; empty: no content
    std::string fields = std::string(cors_fields);       // whole lines
    std::string body;
    std::string path;  // for the log
};

// AnswerExchange sends an Answer, window by window if it is long.
class AnswerExchange final : public net::Exchange {
public:
    explicit AnswerExchange(Answer answer) : answer_(std::move(answer)) {}

    net::Progress pump(net::Responder& out) override;
    std::string_view path() const override { return answer_.path; }

private:
    Answer answer_;
    size_t sent_ = 0;
    bool is_started_ = false;
};

// Sends what is left of `body` as far as there is room; true when all is out.
bool send_body(std::string_view body, size_t& sent, net::OutputBuffer& out);

// The error response to a failure.
Answer error_answer(const Failure& failure);

// The field lines of an error response, cors_fields among them.
std::string error_fields(const Failure& failure);

}  // namespace core
