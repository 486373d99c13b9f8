#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/limits.h"
#include "core/metrics.h"
#include "json/completion.h"
#include "json/sse_writer.h"
#include "net/exchange.h"
#include "net/log.h"
#include "net/timer_wheel.h"

namespace core {

// WholeAnswer is what an answer needs that goes out in one piece, or that fails.
struct WholeAnswer {
    std::vector<json::CollectedChoice> choices;
    std::string body;   // its first `body_size` bytes are the response's
    std::string fault;  // for the log; empty: none
    size_t bytes = 0;   // of text gathered so far
    size_t body_size = 0;
    size_t sent = 0;          // of the body
    bool is_written = false;  // the body is whole and on its way

    // Forgets the last answer but keeps its memory.
    void restart(size_t choice_count);
};

// ChatServices is what the chat exchanges of one worker share.
struct ChatServices {
    const net::TimerWheel& clock;
    const Limits& limits;
    Metrics& metrics;
    net::Log& log;
    json::SseWriter writer{};
    json::CompletionWriter completions{};
    // Pieces of a stream's text, on their way from its generation to the writer. A window may be
    // overrun by so many events.
    std::array<json::JsonText, 16> pieces{};
    // What one unstreamed answer used, for the next one.
    std::unique_ptr<WholeAnswer> spare{};
};

// ChatExchange is one chat completion: it pulls deltas from its generation while there is room and
// writes them, as events when the client asked for a stream, as one object otherwise.
class ChatExchange final : public net::Exchange {
public:
    struct Setup {
        json::AnswerHead head;     // its model must outlive the exchange
        bool has_version = false;  // the path began with it
        bool is_stream = false;
        bool includes_usage = false;
        uint8_t choices = 1;  // that the generation's deltas may belong to; 10 at most
    };

    // `services` must outlive the exchange.
    ChatExchange(ChatServices& services, const Setup& setup,
                 std::unique_ptr<Generation> generation);
    ~ChatExchange() override;

    net::Progress pump(net::Responder& out) override;
    void set_aside() override;
    std::string_view path() const override {
        return has_version_ ? "/v1/chat/completions" : "/chat/completions";
    }
    std::string_view fault() const override { return whole_ ? whole_->fault : std::string_view(); }

private:
    net::Progress stream(net::Responder& out);
    net::Progress collect(net::Responder& out);
    Next write_events(net::Responder& out);
    void write_event(net::OutputBuffer& body, const json::Delta& delta);
    size_t write_more_text(net::OutputBuffer& body);
    bool begins(const json::Delta& delta);
    void start_stream(net::Responder& out);
    void ping_if_silent(net::Responder& out, size_t written_before);
    json::Usage close();
    net::Progress finish_stream(net::OutputBuffer& body);
    net::Progress finish_whole(net::Responder& out);
    [[gnu::cold]] net::Progress refuse(net::Responder& out, const Failure& failure);
    [[gnu::cold]] net::Progress refuse_length(net::Responder& out);
    void start_whole(net::Responder& out, uint16_t status, std::string_view fields);
    net::Progress send_whole(net::Responder& out);
    void give_back_whole();

    ChatServices& services_;
    const json::AnswerHead head_;
    std::unique_ptr<Generation> generation_;  // null when it has ended
    std::unique_ptr<WholeAnswer> whole_;      // null as long as a stream does not fail
    const net::TimePoint opened_;
    net::TimePoint ping_at_;  // of a stream
    uint32_t begun_ = 0;      // one bit for each choice that has said something
    const bool has_version_;
    const bool is_stream_;
    const bool includes_usage_;
    bool is_started_ = false;  // of a stream: its head is written
};

}  // namespace core
