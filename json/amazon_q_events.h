#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "json/arguments.h"
#include "json/delta.h"
#include "json/reader.h"
#include "json/tool_names.h"

namespace json {

// AmazonQEvents turns the events of one answer of Amazon Q (ChatResponseStream) into deltas: feed()
// takes the payload of one event, then next() hands out what it means, which is nothing for most
// kinds of events, and up to four deltas when a tool call ends and another begins. end() closes the
// answer. Text stays escaped and is not copied: the text of a delta lies in the payload. Tool calls
// are copied, because an event may mean several of their deltas, and the payload need not stay put
// until the last of them was handed out.
//
// A stream says that it is complete only by its end, so what was cut shows in the tool calls: one
// that has no stop or whose arguments are not whole makes the answer end with Finish::length.
class AmazonQEvents {
public:
    // Both must outlive the answer; one reader serves all answers of a thread. `prompt_bytes` is
    // what an estimate of the prompt's tokens is made from when the service does not count them.
    AmazonQEvents(Reader& reader, const ToolNames& names, size_t prompt_bytes)
        : reader_(reader), names_(names), prompt_bytes_(prompt_bytes) {}

    // Takes an event; one of an unknown type means nothing. False: its payload is malformed.
    // REQUIRES: next() has returned false since the last call, and Reader::padding_bytes are
    // readable after the payload.
    [[nodiscard]] bool feed(std::string_view event_type, std::string_view payload);

    // Takes an event that is nothing but text, and hands that out. False: it is another one, and
    // for feed(). REQUIRES: as for feed().
    [[nodiscard]] bool feed_text(std::string_view event_type, std::string_view payload,
                                 JsonText& text);

    // Hands out the next delta, or returns false.
    [[nodiscard]] bool next(Delta& out);

    // Takes the end of the stream: the finish and the usage follow from next(). False: there was
    // no answer at all, and fault() may say why.
    [[nodiscard]] bool end();

    // What the service said of a state it does not like (InvalidStateEvent); empty: nothing.
    const std::string& fault() const { return fault_; }

private:
    // What next() has still to hand out, in this order.
    enum Step : uint8_t {
        end_last_call = 1,  // "{}" as the arguments of a call that had none
        begin_call = 2,
        hand_piece = 4,
        end_call = 8,
        hand_finish = 16,
        hand_usage = 32,
    };

    // What a tool's event says besides a piece of its input.
    struct ToolUse {
        JsonText id, name;
        bool stops = false;
    };

    bool read_piece(std::string_view payload, std::string_view member, Delta::Kind kind);
    bool read_flat_piece(std::string_view payload, std::string_view member);
    bool read_any_piece(std::string_view payload, std::string_view member);
    bool read_flat_use(std::string_view payload, ToolUse& use);
    bool read_any_use(std::string_view payload, ToolUse& use);
    bool read_tool_use(std::string_view payload);
    bool read_metadata(std::string_view payload);
    bool read_invalid_state(std::string_view payload);
    bool read_input(Node& node);
    void begin_tool(JsonText id, JsonText name);
    void end_tool(Step step);
    Finish finish() const;
    Usage usage() const;
    Step take_step();

    // The last call that began. Most answers have none.
    struct ToolCall {
        std::string id, name;
        std::string input;  // the last piece of its arguments
        ArgumentsCheck arguments;
    };

    Reader& reader_;
    const ToolNames& names_;
    std::unique_ptr<ToolCall> call_;
    JsonText piece_;
    Delta::Kind piece_kind_ = Delta::Kind::text;
    uint8_t steps_ = 0;

    uint32_t calls_ = 0;
    bool is_call_open_ = false, is_cut_ = false, has_whole_call_ = false, has_text_ = false;

    enum class Stop : uint8_t { other, length, content_filter };
    Stop stop_ = Stop::other;
    Usage counted_;
    bool has_counts_ = false;
    size_t prompt_bytes_, answer_bytes_ = 0;
    std::string fault_;
};

}  // namespace json
