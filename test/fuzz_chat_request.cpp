// ChatDecoder and simdjson's DOM parser must agree on what is JSON, and the slices of an accepted
// request must be what they claim to be.

#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "json/chat_request.h"
#include "json/text.h"
#include "json/utf8.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_text(json::JsonText text) {
    json::JsonText checked;
    require(json::check(text.view(), checked));
    require(json::find_bad_utf8(text.view()) == std::string_view::npos);
}

void check_object(json::ChatDecoder& decoder, std::string_view text) {
    require(text.empty() || decoder.is_object(std::string(text)));
}

void check_request(const json::ChatRequest& request, json::ChatDecoder& decoder) {
    require(!request.model.empty());
    require(!request.messages.empty());
    check_text(request.model);
    check_text(request.reasoning_effort);
    check_text(request.tool_choice.name);
    check_object(decoder, request.response_format.schema);
    require(request.stop.size() <= 4);
    for (json::JsonText text : request.stop) check_text(text);
    for (const json::Tool& tool : request.tools) {
        check_text(tool.name);
        check_text(tool.description);
        check_object(decoder, tool.parameters);
    }
    for (const json::Message& message : request.messages) {
        check_text(message.name);
        check_text(message.tool_call_id);
        for (const json::Part& part : request.parts_of(message)) {
            check_text(part.text);
            check_text(part.detail);
        }
        for (const json::ToolCall& call : request.calls_of(message)) {
            check_text(call.id);
            check_text(call.name);
            check_text(call.arguments);
        }
    }
}

// Whether the DOM parser takes the text for an object. Unlike us it refuses numbers that do not fit
// its types, lone surrogates, and other depths; then there is no answer.
enum class Verdict { object, refused, unknown };

Verdict dom_verdict(const std::string& text) {
    static simdjson::dom::parser parser;
    simdjson::dom::element root;
    auto error = parser.parse(text.data(), text.size(), false).get(root);
    if (error == simdjson::NUMBER_ERROR || error == simdjson::BIGINT_ERROR ||
        error == simdjson::DEPTH_ERROR) {
        return Verdict::unknown;
    }
    bool may_have_surrogate = text.find("\\ud") != text.npos || text.find("\\uD") != text.npos;
    if (error == simdjson::STRING_ERROR && may_have_surrogate) return Verdict::unknown;
    return !error && root.is_object() ? Verdict::object : Verdict::refused;
}

// The same text, with each of a letter of its strings written as an escape.
std::string escaped(std::string_view text, char letter) {
    const std::string escape = letter == '_' ? "\\u005f" : "\\u0075";
    std::string out;
    bool is_inside = false;
    for (size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '"') is_inside = !is_inside;
        if (is_inside && text[at] == '\\' && at + 1 < text.size()) {
            out += text[at++];
            out += text[at];
        } else if (is_inside && text[at] == letter) {
            out += escape;
        } else {
            out += text[at];
        }
    }
    return out;
}

// However its keys are written, a request means the same and its faults are at the same places.
void check_escaped(json::ChatDecoder& decoder, std::string_view body, bool ok,
                   const json::DecodeError& error) {
    static json::ChatRequest request;
    for (const char letter : {'u', '_'}) {
        std::string text = escaped(body, letter);
        const size_t size = text.size();
        text.append(json::ChatDecoder::padding_bytes, ' ');
        json::DecodeError again;
        request.clear();
        require(decoder.decode(std::string_view(text).substr(0, size), request, again) == ok);
        require(again.param == error.param && again.code == error.code);
    }
}

bool is_malformed(const json::DecodeError& error) {
    return error.message.starts_with("We could not parse");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    static json::ChatDecoder decoder({.depth_max = 1000});
    static json::ChatDecoder other({.depth_max = 1000});
    static json::ChatRequest request;
    // The first byte is what follows the body.
    std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::string padded =
        body + std::string(json::ChatDecoder::padding_bytes, static_cast<char>(data[0]));
    json::DecodeError error;
    request.clear();
    bool ok = decoder.decode(std::string_view(padded).substr(0, body.size()), request, error);
    if (ok) check_request(request, other);
    if (!ok) {
        require(!error.message.empty());
        require(json::find_bad_utf8(error.message) == std::string::npos);
    }
    if (error.message.find("nested deeper") != std::string::npos) return 0;
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    Verdict verdict = dom_verdict(body);
    bool accepted = ok || !is_malformed(error);
    if (accepted) check_escaped(other, body, ok, error);
    if (verdict == Verdict::object) require(accepted);
    if (verdict == Verdict::refused) require(!accepted);
    return 0;
}
