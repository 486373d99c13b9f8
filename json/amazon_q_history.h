#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "json/chat_request.h"
#include "json/tool_names.h"

namespace json {

// Whether a text holds nothing but white space, which the service refuses like no text at all.
bool is_blank(JsonText text);

// AmazonQHistory is a conversation put into the only shape that Amazon Q's ConversationState
// accepts: turns of user and assistant in alternation, a user's first and last, every tool call
// answered in the very next turn and every tool result answering a call there.
//
// What OpenAI allows beyond that is repaired: messages of the same side are merged, system and
// developer messages become text of the user at their place, a call without a result counts as
// cancelled, a result without a call becomes text, the last of several results of one call wins,
// and call ids that the service would refuse are replaced. Nothing is copied: all slices lie in the
// request, or in texts made here, which live until clear(). One serves all requests of a thread.
class AmazonQHistory {
public:
    struct Limits {
        uint32_t turns_max = 10'000;
        uint32_t images_max = 10;         // of a request; older ones are left out
        uint32_t turn_calls_max = 1'000;  // bounds the search for a result's call
        size_t turn_chars_max = 600'000;  // of one user message
    };

    struct Image {
        std::string_view format;  // png, jpeg, gif or webp
        JsonText base64;
    };

    struct Call {
        JsonText id, client_name;  // the client's
        JsonText given_id;         // the one the service sees
        std::string_view name;     // the one the service sees
        JsonText arguments;
        const Message* result = nullptr;  // null: cancelled
    };

    // One turn. A user's results are those of the calls of the turn before.
    struct Turn {
        bool is_user = true;
        uint32_t texts_begin = 0, texts_end = 0;
        uint32_t images_begin = 0, images_end = 0;
        uint32_t calls_begin = 0, calls_end = 0;
        uint32_t last_message = 0;
        size_t bytes = 0;  // of its texts
    };

    explicit AmazonQHistory(Limits limits) : limits_(limits) {}

    void clear();

    // Adds text to the user's turn at the end, or opens one; blank text adds nothing. It must stay
    // put: keep() makes it.
    void add_user_text(JsonText text);
    JsonText keep(std::string_view plain);

    // Adds all messages. False: one of them cannot be sent, and `error` says why.
    [[nodiscard]] bool add(const ChatRequest& request, ToolNames& names, DecodeError& error);

    // Ends with a user's turn, whatever the request ended with, and checks the limits.
    [[nodiscard]] bool close(DecodeError& error);

    std::span<const Turn> turns() const { return turns_; }
    std::span<const JsonText> texts_of(const Turn& turn) const {
        return std::span(texts_).subspan(turn.texts_begin, turn.texts_end - turn.texts_begin);
    }
    std::span<const Image> images_of(const Turn& turn) const {
        return std::span(images_).subspan(turn.images_begin, turn.images_end - turn.images_begin);
    }
    std::span<const Call> calls_of(const Turn& turn) const {
        return std::span(calls_).subspan(turn.calls_begin, turn.calls_end - turn.calls_begin);
    }
    std::span<const Call> calls() const { return calls_; }
    // Of all texts, arguments and images: a good guess for the size of the body.
    size_t bytes() const { return bytes_; }

private:
    // What add() works on, in one place.
    struct Source {
        const ChatRequest& request;
        const Message& message;
        uint32_t index;
        DecodeError& error;
    };

    Turn& turn_of(bool is_user);
    void add_text(Turn& turn, JsonText text);
    bool add_user(const Source& source);
    bool add_assistant(const Source& source, ToolNames& names);
    bool add_result(const Source& source);
    bool add_image(const Source& source, const Part& part, size_t part_index, Turn& turn);
    bool add_part(const Source& source, size_t part_index, Turn& turn, bool with_text);
    Call* find_call(const Source& source);
    JsonText given_id(JsonText id);

    Limits limits_;
    std::vector<Turn> turns_;
    std::vector<JsonText> texts_;
    std::vector<Image> images_;
    std::vector<Call> calls_;
    std::unordered_set<std::string_view> ids_;  // given ids
    std::deque<std::string> kept_;
    uint32_t images_to_skip_ = 0;
    uint32_t next_call_ = 0;  // where the search for a result's call begins
    size_t bytes_ = 0;
};

}  // namespace json
