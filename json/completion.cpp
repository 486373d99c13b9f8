#include "json/completion.h"

#include "json/put.h"

namespace json {
namespace {

void append_number(int64_t number, std::string& out) {
    char digits[number_bytes_max];
    out.append(digits, put(digits, number));
}

// "text", without line separators.
void append_string(std::string_view inside, std::string& out) {
    out.push_back('"');
    append_line_safe(JsonText::trusted(inside), out);
    out.push_back('"');
}

void append_calls(const std::vector<CollectedChoice::Call>& calls, std::string& out) {
    if (calls.empty()) {
        out += "null";
        return;
    }
    char separator = '[';
    for (const CollectedChoice::Call& call : calls) {
        out.push_back(separator);
        separator = ',';
        out += R"({"id":)";
        append_string(call.id, out);
        out += R"(,"type":"function","function":{"name":)";
        append_string(call.name, out);
        out += R"(,"arguments":)";
        append_string(call.arguments, out);
        out += "}}";
    }
    out.push_back(']');
}

void append_choice(size_t index, const CollectedChoice& choice, std::string& out) {
    out += R"({"index":)";
    append_number(static_cast<int64_t>(index), out);
    out += R"(,"message":{"role":"assistant","content":)";
    if (choice.has_content || choice.calls.empty()) {
        append_string(choice.content, out);
    } else {
        out += "null";
    }
    if (!choice.reasoning.empty()) {
        out += R"(,"reasoning_content":)";
        append_string(choice.reasoning, out);
    }
    out += R"(,"refusal":null,"tool_calls":)";
    append_calls(choice.calls, out);
    out += R"(,"function_call":null},"logprobs":null,"finish_reason":")";
    out.append(finish_reason(choice.finish)).append("\"}");
}

void append_usage(const Usage& usage, std::string& out) {
    char text[usage_bytes_max];
    out.append(text, write_usage(text, usage));
}

}  // namespace

void CollectedChoice::clear() {
    content.clear();
    reasoning.clear();
    calls.clear();
    finish = Finish::stop;
    has_content = false;
}

void CollectedChoice::add(const Delta& delta) {
    switch (delta.kind) {
        case Delta::Kind::begin:
        case Delta::Kind::usage:
            break;
        case Delta::Kind::text:
            has_content |= !delta.text.empty();
            content.append(delta.text.view());
            break;
        case Delta::Kind::reasoning:
            reasoning.append(delta.text.view());
            break;
        case Delta::Kind::tool_call:
            // Calls begin in the order of their index.
            calls.push_back({std::string(delta.tool_id.view()), std::string(delta.tool_name.view()),
                             std::string(delta.text.view())});
            break;
        case Delta::Kind::tool_arguments:
            if (delta.tool_index < calls.size()) {
                calls[delta.tool_index].arguments.append(delta.text.view());
            }
            break;
        case Delta::Kind::finish:
            finish = delta.finish;
            break;
    }
}

void write_completion(const AnswerHead& head, std::span<const CollectedChoice> choices,
                      const Usage& usage, std::string& out) {
    char id[16];
    out += R"({"id":"chatcmpl-)";
    out.append(id, put_id(id, head.id));
    out += R"(","object":"chat.completion","created":)";
    append_number(head.created, out);
    out += R"(,"model":)";
    append_string(head.model.view(), out);
    out += R"(,"choices":[)";
    for (size_t i = 0; i < choices.size(); ++i) {
        if (i > 0) out.push_back(',');
        append_choice(i, choices[i], out);
    }
    out += R"(],"usage":)";
    append_usage(usage, out);
    out += R"(,"system_fingerprint":null,"service_tier":null,"prompt_logprobs":null,)"
           R"("kv_transfer_params":null})";
}

}  // namespace json
