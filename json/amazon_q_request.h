#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/amazon_q_history.h"
#include "json/amazon_q_tools.h"
#include "json/chat_request.h"
#include "json/tool_names.h"

namespace json {

// What the body of a call to Amazon Q says besides the conversation. Plain UTF-8 text.
struct AmazonQSettings {
    enum class Operation : uint8_t { generate_assistant_response, send_message };

    Operation operation = Operation::generate_assistant_response;
    std::string origin = "CLI";
    std::string source = "CLI";  // SendMessage only
    bool reasoning = false;      // send reasoning_effort; only newer models take it
};

// What takes the place of a body's last brace to name the profile of the login; empty: none.
std::string end_with_profile(std::string_view profile_arn);

// AmazonQRequestWriter turns a request into the body of GenerateAssistantResponse or SendMessage
// (AWS's CodeWhisperer streaming service, members ConversationState and below). The text of
// messages is spliced as it came, still escaped. What the service has no member for is told to the
// model: a forced or forbidden tool, and JSON as the answer's form. One serves all requests of a
// thread.
class AmazonQRequestWriter {
public:
    struct Limits {
        AmazonQHistory::Limits history;
        size_t result_bytes_max = 400'000;  // of one tool result; the service takes 800,000
        uint32_t depth_max = 128;           // of JSON inside the request
    };

    AmazonQRequestWriter(const AmazonQSettings& settings, Limits limits);

    // Appends the body. `model_id` and `conversation_id` may be empty: then the service chooses.
    // The latter has nothing in it that JSON escapes. False: the conversation cannot be sent,
    // `error` says which message is to blame, and `out` is as it was. `names` is cleared and filled
    // for reading the answer; it is not referred to later.
    [[nodiscard]] bool write(const ChatRequest& request, std::string_view model_id,
                             std::string_view conversation_id, ToolNames& names, std::string& out,
                             DecodeError& error);

    // Bytes of the last body without its images, from which tokens can be estimated.
    size_t prompt_bytes() const { return prompt_bytes_; }

private:
    using Turn = AmazonQHistory::Turn;

    // What write() was asked for, in one place.
    struct Job {
        const ChatRequest& request;
        std::string_view model_id, conversation_id;
        ToolNames& names;
    };

    size_t bytes_expected(const Job& job) const;
    const Turn* calls_before(size_t turn_index) const;
    bool add_instructions(const Job& job, DecodeError& error);
    void write_body(const Job& job, std::string& out);
    void write_user(const Job& job, size_t turn_index, std::string& out);
    void write_context(const Job& job, const Turn* calls, bool is_last, std::string& out);
    void write_assistant(const Turn& turn, std::string& out);
    void write_texts(const Turn& turn, JsonText filler, std::string& out);
    void write_images(const Turn& turn, std::string& out);
    void write_results(const Job& job, const Turn& calls, std::string& out);
    void write_result(const ChatRequest& request, const Message& message, std::string& out);
    void write_arguments(JsonText arguments, std::string& out);
    void write_reasoning(const ChatRequest& request, std::string& out);

    std::string origin_, source_;  // members, as they stand in the body
    bool sends_reasoning_;
    size_t result_bytes_max_;
    AmazonQHistory history_;
    AmazonQTools tools_;
    ChatDecoder decoder_;
    std::string scratch_;
    size_t prompt_bytes_ = 0;
    size_t image_bytes_ = 0;
};

}  // namespace json
