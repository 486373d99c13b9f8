#include "json/delta.h"

#include "json/put.h"

namespace json {
namespace {

// {"name":count}, or null if the count is unknown.
char* put_details(char* to, std::string_view name, int64_t count) {
    if (count < 0) return put(to, "null");
    to = put(to, "{\"");
    to = put(to, name);
    to = put(to, "\":");
    to = put(to, count);
    return put(to, "}");
}

}  // namespace

std::string_view finish_reason(Finish finish) {
    switch (finish) {
        case Finish::stop:
            return "stop";
        case Finish::length:
            return "length";
        case Finish::tool_calls:
            return "tool_calls";
        case Finish::content_filter:
            return "content_filter";
    }
    return "stop";
}

char* write_usage(char* to, const Usage& usage) {
    to = put(to, R"({"prompt_tokens":)");
    to = put(to, usage.prompt_tokens);
    to = put(to, R"(,"completion_tokens":)");
    to = put(to, usage.completion_tokens);
    to = put(to, R"(,"total_tokens":)");
    to = put(to, usage.prompt_tokens + usage.completion_tokens);
    if (usage.reasoning_tokens < 0 && usage.cached_tokens < 0) {
        return put(to, R"(,"completion_tokens_details":null,"prompt_tokens_details":null})");
    }
    to = put(to, R"(,"completion_tokens_details":)");
    to = put_details(to, "reasoning_tokens", usage.reasoning_tokens);
    to = put(to, R"(,"prompt_tokens_details":)");
    to = put_details(to, "cached_tokens", usage.cached_tokens);
    return put(to, "}");
}

}  // namespace json
