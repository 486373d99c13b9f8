#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "json/delta.h"
#include "json/text.h"

namespace json {

// What all chunks of an answer share.
struct AnswerHead {
    uint64_t id = 0;      // written as "chatcmpl-" and 16 hex digits
    int64_t created = 0;  // Unix seconds
    JsonText model;       // the name the client asked for
};

// SseWriter turns deltas into chat.completion.chunk events (WHATWG HTML 9.2, OpenAI streaming).
// begin() sets what all frames of a stream share; a frame is then three memcpy. It knows only
// char*: the caller reserves bytes_max(delta) and gives back what write() did not use. One per
// thread serves all streams in turn, since setting the prefix costs less than keeping it.
class SseWriter {
public:
    // The comment that keeps a silent stream open.
    static constexpr std::string_view ping = ": ping\n\n";
    static constexpr std::string_view done = "data: [DONE]\n\n";

    SseWriter() = default;
    // It points into itself.
    SseWriter(const SseWriter&) = delete;
    SseWriter& operator=(const SseWriter&) = delete;

    // `usage_requested`: every chunk carries "usage":null (stream_options.include_usage).
    void begin(const AnswerHead& head, bool usage_requested);

    // Room that write() needs for this delta; more than it uses.
    size_t bytes_max(const Delta& delta) const {
        const size_t text = delta.text.size() + delta.tool_id.size() + delta.tool_name.size();
        return fixed_bytes_max_ + line_safe_bytes_max(text);
    }

    // Writes one whole event and returns its end. `first`: the choice's first event, which carries
    // the role. Writes nothing for Kind::begin, nor for a piece without text that is not the first;
    // two events for a finish that is the first. REQUIRES: delta.choice < 10.
    char* write(char* to, const Delta& delta, bool first) const {
        const bool is_usual = delta.kind == Delta::Kind::text && !first && !delta.text.empty();
        return is_usual ? write_more(to, delta) : write_other(to, delta, first);
    }

    // The same for text that follows in choice 0, which has begun: an event for each piece, and
    // none of them empty.
    size_t bytes_max(std::span<const JsonText> pieces) const {
        size_t text = 0;
        for (const JsonText& piece : pieces) text += piece.size();
        return (pieces.size() + 1) * frame_size_ + line_safe_bytes_max(text);
    }
    char* write(char* to, std::span<const JsonText> pieces) const;

private:
    // More text of a choice that has begun: nearly all that is ever written.
    char* write_more(char* to, const Delta& delta) const;
    char* write_other(char* to, const Delta& delta, bool first) const;
    char* write_text(char* to, std::string_view key, JsonText text, uint32_t choice,
                     bool first) const;
    char* write_tool(char* to, const Delta& delta, bool first) const;
    char* write_finish(char* to, const Delta& delta, bool first) const;
    char* write_counts(char* to, const Usage& usage) const;
    char* open(char* to, uint32_t choice) const;

    void build_prefix(const AnswerHead& head);
    void put_suffix(std::string_view suffix);

    // The suffix of a frame with text, which ends where the prefix of the next one begins, so that
    // both are one copy; data: {"id":...,"choices":[{"index":0,"delta":{"content":" and how much of
    // it the other kinds of frames begin with.
    std::string fixed_;
    const char* prefix_ = nullptr;  // in it
    // What it was built for. Of streams that are alike in this only the id differs.
    int64_t created_ = std::numeric_limits<int64_t>::min();
    std::string model_;
    size_t prefix_size_ = 0;
    size_t delta_size_ = 0;       // up to the inside of delta
    size_t index_at_ = 0;         // where the choice's digit stands
    size_t choices_size_ = 0;     // up to the inside of choices
    size_t frame_size_ = 0;       // of one with text, without the text
    size_t fixed_bytes_max_ = 0;  // of any delta, without its text
    std::string_view text_suffix_;
    std::string_view suffix_;
};

}  // namespace json
