#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "json/text.h"

namespace json {

// Why a choice ended: OpenAI's finish_reason.
enum class Finish : uint8_t { stop, length, tool_calls, content_filter };

// OpenAI's usage object. Negative: unknown, written as null or left out.
struct Usage {
    int64_t prompt_tokens = 0;
    int64_t completion_tokens = 0;
    int64_t cached_tokens = -1;
    int64_t reasoning_tokens = -1;
};

// The finish_reason as it stands in an answer.
std::string_view finish_reason(Finish finish);

// Writes the usage object and returns its end; takes at most usage_bytes_max.
constexpr size_t usage_bytes_max = 320;
char* write_usage(char* to, const Usage& usage);

// Delta is one piece of a completion on its way from a backend to a client. Its slices belong to
// the generation that handed it out, which says how long they live.
struct Delta {
    enum class Kind : uint8_t {
        begin,           // the backend accepted the request; nothing to show yet
        text,            // text: a piece of the answer
        reasoning,       // text: a piece of the reasoning
        tool_call,       // tool_index, tool_id, tool_name: a call begins
        tool_arguments,  // tool_index, text: a piece of its arguments
        finish,          // finish: the choice has ended
        usage,           // usage: token counts; follows finish, never precedes it
    };

    Kind kind = Kind::begin;
    Finish finish = Finish::stop;
    uint32_t choice = 0;  // which of the answer's; only what holds several generations sets it
    uint32_t tool_index = 0;
    uint32_t tokens = 0;  // how many tokens `text` stands for; 0: unknown, to be estimated
    JsonText text;
    JsonText tool_id;
    JsonText tool_name;
    Usage usage;
};

}  // namespace json
