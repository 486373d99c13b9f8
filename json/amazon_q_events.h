#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/arguments.h"
#include "json/delta.h"
#include "json/reader.h"
#include "json/tool_names.h"
#include "json/values.h"

namespace json {

// What reading events needs besides the stream's own state. One serves all streams of a thread.
struct AmazonQScratch {
    Reader reader{128};
    PaddedCopy copy;
};

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
    // The names must outlive the answer. `prompt_bytes` is what an estimate of the prompt's tokens
    // is made from when the service does not count them.
    AmazonQEvents(AmazonQScratch& scratch, const ToolNames& names, size_t prompt_bytes)
        : scratch_(scratch), names_(names), prompt_bytes_(prompt_bytes) {}

    // Takes an event; one of an unknown type means nothing. False: its payload is malformed.
    // REQUIRES: next() has returned false since the last call.
    [[nodiscard]] bool feed(std::string_view event_type, std::string_view payload);

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

    bool read_piece(std::string_view payload, std::string_view member, Delta::Kind kind);
    bool read_tool_use(std::string_view payload);
    bool read_metadata(std::string_view payload);
    bool read_invalid_state(std::string_view payload);
    bool read_input(Node& node);
    void begin_tool(JsonText id, JsonText name);
    void end_tool(Step step);
    JsonText in_payload(JsonText copied) const;
    Finish finish() const;
    Usage usage() const;
    bool take_step(Step step);

    AmazonQScratch& scratch_;
    const ToolNames& names_;
    std::string_view payload_, copied_;
    JsonText piece_, tool_id_, tool_name_;
    Delta::Kind piece_kind_ = Delta::Kind::text;
    uint8_t steps_ = 0;

    std::string call_id_;  // of the last call that began
    std::string call_name_;
    std::string input_;  // the last piece of its arguments
    ArgumentsCheck arguments_;
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
