// Whatever text passes the check must come out of both writers as valid JSON that says the same,
// in one line, however it was cut.

#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "json/completion.h"
#include "json/error.h"
#include "json/sse_writer.h"
#include "json/text.h"
#include "json/utf8.h"

namespace {

using json::Delta;
using json::JsonText;

void require(bool condition) {
    if (!condition) std::abort();
}

simdjson::dom::parser parser;

simdjson::dom::element parsed(const std::string& text) {
    simdjson::dom::element root;
    require(!parser.parse(text).get(root));
    for (const char* separator : {"\n", "\x7F", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
        require(text.find(separator) == std::string::npos);
    }
    return root;
}

// simdjson refuses lone surrogates, which are valid JSON. They go their way as escapes, so a text
// that has one is compared as it stands.
std::string plain_of(JsonText text) {
    std::string plain;
    text.unescape(plain);
    return plain;
}

std::string event_of(const json::SseWriter& writer, Delta delta, uint32_t choice, bool first) {
    delta.choice = choice;
    std::string out(writer.bytes_max(delta), '#');
    const char* end = writer.write(out.data(), delta, first);
    auto size = static_cast<size_t>(end - out.data());
    require(size <= out.size());
    out.resize(size);
    require(out.starts_with("data: ") && out.ends_with("\n\n"));
    return out.substr(6, size - 8);
}

std::string string_at(simdjson::dom::element root, std::string_view pointer) {
    std::string_view text;
    require(!root.at_pointer(pointer).get(text));
    return std::string(text);
}

void check_frames(JsonText text, size_t piece_max, uint32_t choice) {
    json::SseWriter writer;
    writer.begin({piece_max, 1, text}, piece_max % 2 == 0);
    std::string content, reasoning, arguments;
    bool first = true;
    for (JsonText rest = text; !rest.empty();) {
        Delta delta;
        delta.text = rest.cut(piece_max);
        require(!delta.text.empty());
        delta.kind = Delta::Kind::text;
        auto root = parsed(event_of(writer, delta, choice, first));
        content += string_at(root, "/choices/0/delta/content");
        require(string_at(root, "/model") == plain_of(text));
        delta.kind = Delta::Kind::reasoning;
        root = parsed(event_of(writer, delta, choice, first));
        reasoning += string_at(root, "/choices/0/delta/reasoning_content");
        delta.kind = Delta::Kind::tool_arguments;
        root = parsed(event_of(writer, delta, choice, first));
        arguments += string_at(root, "/choices/0/delta/tool_calls/0/function/arguments");
        rest = rest.after(delta.text);
        first = false;
    }
    require(content == plain_of(text));
    require(reasoning == content);
    require(arguments == content);
}

void check_completion(JsonText text) {
    json::CollectedChoice choice;
    Delta delta;
    delta.text = delta.tool_id = delta.tool_name = text;
    for (auto kind : {Delta::Kind::text, Delta::Kind::reasoning, Delta::Kind::tool_call}) {
        delta.kind = kind;
        choice.add(delta);
    }
    json::CompletionWriter writer;
    writer.begin({1, 2, text});
    std::string out(writer.bytes_max({&choice, 1}), '#');
    const char* end = writer.write(out.data(), {&choice, 1}, {});
    require(end <= out.data() + out.size());
    out.resize(static_cast<size_t>(end - out.data()));
    auto root = parsed(out);
    const std::string plain = plain_of(text);
    require(string_at(root, "/model") == plain);
    // No text beside a call is null.
    if (!text.empty()) require(string_at(root, "/choices/0/message/content") == plain);
    require(string_at(root, "/choices/0/message/tool_calls/0/id") == plain);
    require(string_at(root, "/choices/0/message/tool_calls/0/function/arguments") == plain);
}

void check_error(std::string_view text) {
    std::string out;
    json::write_error({.message = text, .param = text}, out);
    // A lone surrogate in WTF-8 is written as the escape it was, which simdjson refuses.
    if (out.find("\\ud") == std::string::npos) parsed(out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
    check_error(input);

    // Both as a text that somebody has escaped, and as one that we escape.
    std::string escaped;
    json::escape(input, escaped);
    JsonText text;
    require(json::check(escaped, text));
    for (std::string_view inside : {input, std::string_view(escaped)}) {
        if (!json::check(inside, text)) continue;
        if (json::find_bad_utf8(inside) != std::string_view::npos) continue;
        std::string again;
        json::escape(plain_of(text), again);
        require(plain_of(JsonText::trusted(again)) == plain_of(text));
        // The DOM parser refuses lone surrogates.
        if (json::find_bad_utf8(plain_of(text)) != std::string_view::npos) continue;
        check_frames(text, data[0] % 64, data[1] % 10);
        check_completion(text);
    }
    return 0;
}
