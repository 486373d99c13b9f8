#include "json/completion.h"

#include "json/put.h"

namespace json {
namespace {

// More than the fixed bytes behind the prefix, of a choice, and of a call.
constexpr size_t answer_bytes_max = 128 + usage_bytes_max;
constexpr size_t choice_bytes_max = 256;
constexpr size_t call_bytes_max = 96;

constexpr std::string_view before_id = R"({"id":"chatcmpl-)";

char* put_string(char* to, std::string_view inside) {
    return put(put(put(to, "\""), inside), "\"");
}

[[gnu::noinline]] char* put_calls(char* to, const std::vector<CollectedChoice::Call>& calls) {
    char separator = '[';
    for (const CollectedChoice::Call& call : calls) {
        *to++ = separator;
        separator = ',';
        to = put_string(put(to, R"({"id":)"), call.id);
        to = put_string(put(to, R"(,"type":"function","function":{"name":)"), call.name);
        to = put_string(put(to, R"(,"arguments":)"), call.arguments);
        to = put(to, "}}");
    }
    return put(to, "]");
}

char* put_choice(char* to, size_t index, const CollectedChoice& choice) {
    to = put(put(to, R"({"index":)"), static_cast<int64_t>(index));
    to = put(to, R"(,"message":{"role":"assistant","content":)");
    const bool has_content = choice.has_content || choice.calls.empty();
    to = has_content ? put_string(to, choice.content) : put(to, "null");
    if (!choice.reasoning.empty()) {
        to = put_string(put(to, R"(,"reasoning_content":)"), choice.reasoning);
    }
    to = put(to, R"(,"refusal":null,"tool_calls":)");
    to = choice.calls.empty() ? put(to, "null") : put_calls(to, choice.calls);
    to = put(to, R"(,"function_call":null},"logprobs":null,"finish_reason":")");
    if (choice.finish == Finish::stop) return put(to, R"(stop"})");  // as nearly all do
    return put(put(to, finish_reason(choice.finish)), "\"}");
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
            append_line_safe(delta.text, content);
            break;
        case Delta::Kind::reasoning:
            append_line_safe(delta.text, reasoning);
            break;
        case Delta::Kind::tool_call: {
            // Calls begin in the order of their index.
            Call& call = calls.emplace_back();
            append_line_safe(delta.tool_id, call.id);
            append_line_safe(delta.tool_name, call.name);
            append_line_safe(delta.text, call.arguments);
            break;
        }
        case Delta::Kind::tool_arguments:
            if (delta.tool_index < calls.size()) {
                append_line_safe(delta.text, calls[delta.tool_index].arguments);
            }
            break;
        case Delta::Kind::finish:
            finish = delta.finish;
            break;
    }
}

void CompletionWriter::begin(const AnswerHead& head) {
    if (head.created != created_ || head.model.view() != model_) build_prefix(head);
    put_id(prefix_.data() + before_id.size(), head.id);
}

void CompletionWriter::build_prefix(const AnswerHead& head) {
    created_ = head.created;
    model_ = head.model.view();
    prefix_.resize(192 + line_safe_bytes_max(model_.size()));
    char* to = put_id(put(prefix_.data(), before_id), head.id);
    to = put(put(to, R"(","object":"chat.completion","created":)"), head.created);
    to = copy_line_safe(put(to, R"(,"model":")"), head.model);
    to = put(to, R"(","choices":[)");
    prefix_.resize(static_cast<size_t>(to - prefix_.data()));
}

size_t CompletionWriter::bytes_max(std::span<const CollectedChoice> choices) const {
    size_t bytes = prefix_.size() + answer_bytes_max;
    for (const CollectedChoice& choice : choices) {
        bytes += choice_bytes_max + choice.content.size() + choice.reasoning.size();
        for (const CollectedChoice::Call& call : choice.calls) {
            bytes += call_bytes_max + call.id.size() + call.name.size() + call.arguments.size();
        }
    }
    return bytes;
}

char* CompletionWriter::write(char* to, std::span<const CollectedChoice> choices,
                              const Usage& usage) const {
    to = put(to, prefix_);
    for (size_t i = 0; i < choices.size(); ++i) {
        if (i > 0) to = put(to, ",");
        to = put_choice(to, i, choices[i]);
    }
    to = write_usage(put(to, R"(],"usage":)"), usage);
    return put(to, R"(,"system_fingerprint":null,"service_tier":null,"prompt_logprobs":null,)"
                   R"("kv_transfer_params":null})");
}

}  // namespace json
