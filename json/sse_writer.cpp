#include "json/sse_writer.h"

#include <cstring>

#include "json/put.h"

namespace json {
namespace {

constexpr std::string_view before_id = R"(data: {"id":"chatcmpl-)";
constexpr std::string_view before_created = R"(","object":"chat.completion.chunk","created":)";
constexpr std::string_view before_model = R"(,"model":")";
constexpr std::string_view before_choice = R"(","choices":[)";
constexpr std::string_view before_index = R"({"index":)";
constexpr std::string_view before_delta = R"(0,"delta":{)";
constexpr std::string_view before_text = R"("content":")";

constexpr std::string_view role = R"("role":"assistant",)";

// What follows the text of a frame. The end of it, from the right offset on, also ends the others.
constexpr std::string_view suffixes[] = {
    R"("},"finish_reason":null}],"system_fingerprint":null,"service_tier":null})"
    "\n\n",
    R"("},"finish_reason":null}],"system_fingerprint":null,"service_tier":null,"usage":null})"
    "\n\n",
};
constexpr size_t suffix_bytes_max = suffixes[1].size();
constexpr size_t text_end = std::string_view(R"("},"finish_reason":null)").size();

constexpr std::string_view before_counts =
    R"(],"system_fingerprint":null,"service_tier":null,"usage":)";

// More than all fixed bytes of any event that are neither prefix nor suffix.
constexpr size_t between_bytes_max = 192;

// Some clients take a piece without text for a fault.
bool is_empty_piece(const Delta& delta) {
    return delta.text.empty() &&
           (delta.kind == Delta::Kind::text || delta.kind == Delta::Kind::reasoning ||
            delta.kind == Delta::Kind::tool_arguments);
}

}  // namespace

void SseWriter::begin(const AnswerHead& head, bool usage_requested) {
    if (head.created != created_ || head.model.view() != model_) build_prefix(head);
    put_id(fixed_.data() + suffix_bytes_max + before_id.size(), head.id);
    const std::string_view suffix = suffixes[usage_requested ? 1 : 0];
    if (suffix.size() != text_suffix_.size()) put_suffix(suffix);
}

void SseWriter::build_prefix(const AnswerHead& head) {
    created_ = head.created;
    model_ = head.model.view();
    fixed_.resize(suffix_bytes_max + 256 + line_safe_bytes_max(model_.size()));
    text_suffix_ = {};
    char* const begin = fixed_.data() + suffix_bytes_max;
    prefix_ = begin;
    auto size = [begin](const char* end) { return static_cast<size_t>(end - begin); };
    char* to = put_id(put(begin, before_id), head.id);
    to = put(put(to, before_created), head.created);
    to = copy_line_safe(put(to, before_model), head.model);
    to = put(to, before_choice);
    choices_size_ = size(to);
    to = put(to, before_index);
    index_at_ = size(to);
    to = put(to, before_delta);
    delta_size_ = size(to);
    prefix_size_ = size(put(to, before_text));
    frame_size_ = prefix_size_ + suffix_bytes_max;
    fixed_bytes_max_ = 2 * (frame_size_ + between_bytes_max) + usage_bytes_max;
}

void SseWriter::put_suffix(std::string_view suffix) {
    char* const to = fixed_.data() + suffix_bytes_max - suffix.size();
    put(to, suffix);
    text_suffix_ = {to, suffix.size()};
    suffix_ = text_suffix_.substr(text_end);
}

char* SseWriter::write(char* to, std::span<const JsonText> pieces) const {
    const std::string_view suffix = text_suffix_;
    const size_t prefix_size = prefix_size_;
    std::memcpy(to, prefix_, prefix_size);
    for (const JsonText& piece : pieces) {
        to = copy_line_safe(to + prefix_size, piece);
        std::memcpy(to, suffix.data(), suffix.size() + prefix_size);
        to += suffix.size();
    }
    return to;
}

char* SseWriter::write_more(char* to, const Delta& delta) const {
    std::memcpy(to, prefix_, prefix_size_);
    to[index_at_] = static_cast<char>('0' + delta.choice);
    to = copy_line_safe(to + prefix_size_, delta.text);
    return put(to, text_suffix_);
}

char* SseWriter::write_other(char* to, const Delta& delta, bool first) const {
    if (is_empty_piece(delta) && !first) return to;
    switch (delta.kind) {
        case Delta::Kind::begin:
            break;
        case Delta::Kind::text:
            return write_text(to, before_text, delta.text, delta.choice, first);
        case Delta::Kind::reasoning:
            return write_text(to, R"("reasoning_content":")", delta.text, delta.choice, first);
        case Delta::Kind::tool_call:
        case Delta::Kind::tool_arguments:
            return write_tool(to, delta, first);
        case Delta::Kind::finish:
            return write_finish(to, delta, first);
        case Delta::Kind::usage:
            return write_counts(to, delta.usage);
    }
    return to;
}

// Up to the inside of delta.
char* SseWriter::open(char* to, uint32_t choice) const {
    std::memcpy(to, prefix_, delta_size_);
    to[index_at_] = static_cast<char>('0' + choice);
    return to + delta_size_;
}

char* SseWriter::write_text(char* to, std::string_view key, JsonText text, uint32_t choice,
                            bool first) const {
    to = open(to, choice);
    if (first) to = put(to, role);
    to = copy_line_safe(put(to, key), text);
    return put(to, text_suffix_);
}

char* SseWriter::write_tool(char* to, const Delta& delta, bool first) const {
    to = open(to, delta.choice);
    if (first) to = put(put(to, role), R"("content":null,)");
    to = put(to, R"("tool_calls":[{"index":)");
    to = put(to, int64_t{delta.tool_index});
    if (delta.kind == Delta::Kind::tool_call) {
        to = copy_line_safe(put(to, R"(,"id":")"), delta.tool_id);
        to = put(to, R"(","type":"function","function":{"name":")");
        to = copy_line_safe(to, delta.tool_name);
        to = put(to, R"(","arguments":")");
    } else {
        to = put(to, R"(,"function":{"arguments":")");
    }
    to = copy_line_safe(to, delta.text);
    to = put(to, R"("}}]},"finish_reason":null)");
    return put(to, suffix_);
}

char* SseWriter::write_finish(char* to, const Delta& delta, bool first) const {
    if (first) to = write_text(to, before_text, JsonText(), delta.choice, first);
    to = put(open(to, delta.choice), R"(},"finish_reason":")");
    to = put(put(to, finish_reason(delta.finish)), R"(")");
    return put(to, suffix_);
}

char* SseWriter::write_counts(char* to, const Usage& usage) const {
    std::memcpy(to, prefix_, choices_size_);
    to = write_usage(put(to + choices_size_, before_counts), usage);
    return put(to, "}\n\n");
}

}  // namespace json
