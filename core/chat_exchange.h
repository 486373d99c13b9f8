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

// ChatServices is what the chat exchanges of one worker share.
struct ChatServices {
    net::TimerWheel& timers;
    const Limits& limits;
    Metrics& metrics;
    net::Log& log;
    json::SseWriter writer{};
    // An unstreamed answer's collection area, handed from one exchange to the next.
    std::vector<json::CollectedChoice> spare_collection{};
    std::string spare_answer{};
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

    // One generation per choice, at least one. `services` must outlive the exchange.
    ChatExchange(ChatServices& services, net::Wakeup wakeup, const Setup& setup,
                 std::vector<std::unique_ptr<Generation>> generations);
    ~ChatExchange() override;

    net::Progress pump(net::Responder& out) override;
    void set_aside() override;
    std::string_view path() const override { return setup_.path; }

private:
    struct Choice {
        std::unique_ptr<Generation> generation;  // null when it has ended
        bool has_begun = false;                  // an event of it was written
    };

    net::Progress pull(net::Responder& out);
    void put(net::Responder& out, uint32_t index, const json::Delta& delta);
    void close(Choice& choice);
    void advance();
    net::Progress finish(net::Responder& out);
    net::Progress refuse(net::Responder& out, const Failure& failure);
    void ping_if_silent(net::Responder& out, bool is_due, size_t written_before);
    void start_stream(net::Responder& out);
    void write_event(net::OutputBuffer& body, uint32_t index, bool is_first,
                     const json::Delta& delta);
    bool is_too_long() const;
    void start_answer(net::Responder& out);
    void observe_first_token();

    ChatServices& services_;
    net::Wakeup wakeup_;
    Setup setup_;
    std::vector<Choice> choices_;
    json::Usage usage_;
    net::TimePoint opened_;
    net::Timer ping_;
    std::vector<json::CollectedChoice> collection_;  // of an unstreamed answer
    std::string answer_;                             // and its text, once it is whole
    size_t answer_sent_ = 0;
    uint32_t open_choices_;
    uint32_t current_ = 0;
    bool is_started_ = false;
    bool has_token_ = false;
    bool has_answer_ = false;
};

}  // namespace core
