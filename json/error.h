#pragma once

#include <string>
#include <string_view>

namespace json {

// The members of OpenAI's error object, plain UTF-8 text. Empty param or code: null.
struct Error {
    std::string_view message;
    std::string_view type = "invalid_request_error";
    std::string_view param = {};
    std::string_view code = {};
};

// Appends {"error":{"message","type","param","code"}}, all four keys always there.
void write_error(const Error& error, std::string& out);

// Appends the same object as an event: how a stream that has begun reports a failure.
void write_error_event(const Error& error, std::string& out);

}  // namespace json
