#include "core/answer_exchange.h"

#include <algorithm>

namespace core {
namespace {

constexpr size_t piece_bytes = 16 * 1024;

}  // namespace

bool send_body(std::string_view body, size_t& sent, net::OutputBuffer& out) {
    while (sent < body.size() && out.has_room()) {
        const std::string_view piece = body.substr(sent, piece_bytes);
        out.append(piece);
        sent += piece.size();
    }
    return sent == body.size();
}

net::Progress AnswerExchange::pump(net::Responder& out) {
    if (!is_started_) {
        is_started_ = true;
        net::ResponseHead head;
        head.status = answer_.status;
        head.content_type = answer_.content_type;
        head.content_length = static_cast<int64_t>(answer_.body.size());
        head.fields = answer_.fields;
        out.start(head);
    }
    return send_body(answer_.body, sent_, out.body()) ? net::Progress::finished
                                                      : net::Progress::waiting;
}

std::string error_fields(const Failure& failure) {
    std::string fields(cors_fields);
    if (failure.retry_after_seconds != 0) {
        fields += "retry-after: " + std::to_string(failure.retry_after_seconds) + "\r\n";
    }
    if (failure.status == 401) fields += "WWW-Authenticate: Bearer\r\n";
    return fields;
}

Answer error_answer(const Failure& failure) {
    Answer answer;
    answer.status = failure.status;
    answer.fields = error_fields(failure);
    json::write_error(failure.error(), answer.body);
    return answer;
}

}  // namespace core
