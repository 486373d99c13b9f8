#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/text.h"

namespace json {

enum class Role : uint8_t { system, developer, user, assistant, tool, function };

// One element of a message's content. A string content is one text part.
struct Part {
    enum class Kind : uint8_t { text, refusal, image_url, input_audio, file, other };
    Kind kind = Kind::text;
    JsonText text;    // text, refusal; image_url: the URL; input_audio: the data; file: file_data
    JsonText detail;  // image_url: detail; input_audio: format; file: filename
};

// A call an assistant made in an earlier turn.
struct ToolCall {
    JsonText id;
    JsonText name;
    JsonText arguments;  // a JSON text inside a JSON string, still escaped; may be any text
};

// Message is one turn. Its lists are ranges of the request's flat arrays.
struct Message {
    Role role = Role::user;
    bool has_content = false;  // false: content is absent or null
    uint32_t parts_begin = 0, parts_end = 0;
    uint32_t calls_begin = 0, calls_end = 0;
    JsonText name;
    JsonText tool_call_id;
};

// A function the client offers. `parameters` is the raw, wholly checked JSON object, or empty.
struct Tool {
    JsonText name;
    JsonText description;
    std::string_view parameters;
};

struct ToolChoice {
    enum class Kind : uint8_t { automatic, none, required, function, other };
    Kind kind = Kind::automatic;
    JsonText name;  // function only
};

struct ResponseFormat {
    enum class Kind : uint8_t { text, json_object, json_schema };
    Kind kind = Kind::text;
    std::string_view schema;  // json_schema: the raw, wholly checked schema object, or empty
};

// What a request asks for besides its lists.
struct ChatOptions {
    JsonText model;
    bool stream = false;
    bool include_usage = false;
    int64_t n = 1;
    std::optional<int64_t> max_tokens;  // max_completion_tokens wins over max_tokens
    std::optional<double> temperature, top_p, presence_penalty, frequency_penalty;
    std::optional<int64_t> seed;
    std::optional<bool> parallel_tool_calls;
    JsonText reasoning_effort;
    ResponseFormat response_format;
    ToolChoice tool_choice;
};

// ChatRequest is a decoded body of POST /v1/chat/completions: numbers, and views into the body,
// valid while the body stays put. clear() keeps the capacity, so that one object serves all
// requests of a worker.
struct ChatRequest : ChatOptions {
    std::vector<JsonText> stop;  // at most 4, none empty
    std::vector<Message> messages;
    std::vector<Part> parts;
    std::vector<ToolCall> calls;
    std::vector<Tool> tools;  // functions only; tools of other types are left out

    std::span<const Part> parts_of(const Message& message) const {
        return std::span(parts).subspan(message.parts_begin,
                                        message.parts_end - message.parts_begin);
    }
    std::span<const ToolCall> calls_of(const Message& message) const {
        return std::span(calls).subspan(message.calls_begin,
                                        message.calls_end - message.calls_begin);
    }
    void clear();
};

// DecodeError is why a body was refused: the parts of OpenAI's error object, all plain UTF-8.
// The status is always 400 and the type invalid_request_error.
struct DecodeError {
    std::string message;
    std::string param;      // empty: null
    std::string_view code;  // static; empty: null
};

// ChatDecoder decodes bodies in place. It validates every byte (RFC 8259), also in fields it
// ignores, and it reports malformed JSON before anything else, then a missing model, missing
// messages, and then the first wrong field in the body's order. One per thread; not shared.
class ChatDecoder {
public:
    struct Limits {
        uint32_t depth_max = 128;
        uint32_t messages_max = 10'000;
    };
    // How many bytes after the body must be readable (their value does not matter).
    static constexpr size_t padding_bytes = 64;

    explicit ChatDecoder(Limits limits);
    ~ChatDecoder();

    // True and `out` filled, or false and `error` filled.
    // REQUIRES: padding_bytes readable bytes after the body's end; `out` is new, or cleared.
    [[nodiscard]] bool decode(std::string_view body, ChatRequest& out, DecodeError& error);

    // Whether `text` is one JSON object, checked byte for byte like a body.
    [[nodiscard]] bool is_object(const std::string& text);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace json
