#pragma once

#include <string>
#include <string_view>

#include "json/chat_request.h"

namespace test {

// A body and what became of it. The request's views point into it, so it stays where it is.
struct Decoded {
    explicit Decoded(std::string_view text, json::ChatDecoder::Limits limits = {})
        : body(text), decoder(limits) {
        body.append(json::ChatDecoder::padding_bytes, ' ');
        ok = decoder.decode(std::string_view(body).substr(0, text.size()), request, error);
    }
    Decoded(const Decoded&) = delete;
    Decoded& operator=(const Decoded&) = delete;

    std::string body;
    json::ChatDecoder decoder;
    json::ChatRequest request;
    json::DecodeError error;
    bool ok = false;
};

// A body with one user message, and with `fields` before or after it.
inline std::string body_with(std::string_view fields) {
    std::string body = R"({"model":"m","messages":[{"role":"user","content":"hi"}])";
    if (!fields.empty()) body.append(",").append(fields);
    return body + "}";
}

// A body whose list of messages is `messages`.
inline std::string body_of(std::string_view messages) {
    return R"({"model":"m","messages":)" + std::string(messages) + "}";
}

}  // namespace test
