#include "json/error.h"

#include "json/text.h"

namespace json {
namespace {

void append_string(std::string_view text, std::string& out) {
    out.push_back('"');
    escape(text, out);
    out.push_back('"');
}

void append_string_or_null(std::string_view text, std::string& out) {
    if (text.empty()) {
        out += "null";
    } else {
        append_string(text, out);
    }
}

}  // namespace

void write_error(const Error& error, std::string& out) {
    out += R"({"error":{"message":)";
    append_string(error.message, out);
    out += R"(,"type":)";
    append_string(error.type, out);
    out += R"(,"param":)";
    append_string_or_null(error.param, out);
    out += R"(,"code":)";
    append_string_or_null(error.code, out);
    out += "}}";
}

void write_error_event(const Error& error, std::string& out) {
    out += "data: ";
    write_error(error, out);
    out += "\n\n";
}

}  // namespace json
