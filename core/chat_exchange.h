#pragma once

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

// WholeAnswer is what an answer needs that goes out in one piece.
struct WholeAnswer {
    std::vector<json::CollectedChoice> choices;
    std::string text;
    size_t bytes = 0;         // of text gathered so far
    size_t sent = 0;          // of `text`
    bool is_written = false;  // `text` is whole and on its way
};

// ChatServices is what the chat exchanges of one worker share.
struct ChatServices {
    const net::TimerWheel& clock;
    const Limits& limits;
    Metrics& metrics;
    net::Log& log;
    json::SseWriter writer{};
    // What one unstreamed answer used, for the next one.
    std::unique_ptr<WholeAnswer> spare{};
};

// ChatExchange is one chat completion: it pulls deltas from its generations while there is room
// and writes them, as events when the client asked for a stream, as one object otherwise.
class ChatExchange final : public net::Exchange {
public:
    struct Setup {
        json::AnswerHead head;  // its model must outlive the exchange
        std::string_view path;  // likewise
        bool is_stream = false;
        bool includes_usage = false;
    };

    struct Choice {
        std::unique_ptr<Generation> generation;  // null when it has ended
        bool has_begun = false;                  // an event of it was written
    };

    // One choice at least. `services` must outlive the exchange.
    ChatExchange(ChatServices& services, const Setup& setup, std::vector<Choice> choices);
    ~ChatExchange() override;

    net::Progress pump(net::Responder& out) override;
    void set_aside() override;
    std::string_view path() const override { return setup_.path; }
    std::string_view fault() const override { return fault_ ? *fault_ : std::string_view(); }

private:
    net::Progress pull(net::Responder& out, net::TimePoint& deadline);
    net::TimePoint next_deadline() const;
    void put(net::Responder& out, uint32_t index, const json::Delta& delta);
    void close(Choice& choice);
    void advance();
    net::Progress finish(net::Responder& out);
    net::Progress refuse(net::Responder& out, const Failure& failure);
    void ping_if_silent(net::Responder& out, size_t written_before);
    net::Progress send_whole(net::Responder& out);
    void start_stream(net::Responder& out);
    void write_event(net::OutputBuffer& body, uint32_t index, bool is_first,
                     const json::Delta& delta);
    void start_whole(net::Responder& out, uint16_t status, std::string_view fields);
    void observe_first_token();

    ChatServices& services_;
    Setup setup_;
    std::vector<Choice> choices_;
    json::Usage usage_;
    net::TimePoint opened_;
    net::TimePoint ping_at_;  // of a stream
    std::unique_ptr<std::string> fault_;
    std::unique_ptr<WholeAnswer> whole_;  // of any other answer, and of an error
    uint32_t open_choices_;
    uint32_t current_ = 0;
    bool is_started_ = false;
    bool has_token_ = false;
};

}  // namespace core
