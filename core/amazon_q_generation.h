#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/amazon_q_calls.h"
#include "core/amazon_q_settings.h"
#include "core/backend.h"
#include "core/token_source.h"
#include "json/amazon_q_error.h"
#include "json/amazon_q_events.h"
#include "json/tool_names.h"
#include "net/event_stream.h"
#include "net/http_call.h"
#include "net/log.h"
#include "net/random.h"
#include "net/timer_wheel.h"

namespace core {

// AmazonQServices is what the generations of one worker share. All of it outlives them.
struct AmazonQServices {
    const AmazonQSettings& settings;
    TokenSource& tokens;
    net::HttpClient& client;
    const net::TimerWheel& clock;
    net::Log& log;
    json::Reader reader{128};              // of events
    uint64_t random = net::random_seed();  // a counter; net::scatter() makes jitter and ids of it
    Token token{};                         // the last that was taken
    AmazonQCalls calls{settings};
};

// AmazonQGeneration is one answer of Amazon Q: it waits for a token, calls the service, and turns
// the frames of the answer into deltas. Until a delta was handed out it tries again where that can
// help: after a refused token or an empty answer once, after throttling and faults of the service
// a few times, and never beyond a few calls in all.
class AmazonQGeneration final : public Generation {
public:
    struct Question {
        std::string body;
        json::ToolNames names;
        size_t prompt_bytes = 0;
    };

    // Calls the service at once if there is a token: it works while the rest of the exchange is
    // made.
    AmazonQGeneration(AmazonQServices& services, net::Wakeup wakeup, Question question);

    Next next(json::Delta& out) override;
    size_t more_text(std::span<json::JsonText> out) override;
    net::TimePoint deadline() const override;
    const Failure& failure() const override { return *failure_; }
    json::Usage usage() const override { return usage_; }
    void set_aside() override {}

private:
    enum class Stage : uint8_t { authorize, head, refusal, body, tail, pause, end, failed };

    // Each does one step; Next::delta means: go on.
    Next authorize();
    Next take_token();
    Next read_head();
    [[gnu::cold]] Next read_refusal();
    Next read_frame();
    Next wait_for_frame(std::string_view window);
    Next finish_body();
    [[gnu::cold]] Next pause();
    bool hand_out(json::Delta& out);

    // `asked_wait` is the service's retry-after; zero: it said none.
    [[gnu::cold]] Next refuse(const json::AmazonQError& error,
                              std::chrono::seconds asked_wait = {});
    [[gnu::cold]] Next lose(const net::CallFailure& failure);
    [[gnu::cold]] Next fail(uint16_t status, std::string_view code, std::string message);
    bool may_call_again(uint32_t calls_most) const;
    [[gnu::cold]] void try_again_later(net::Milliseconds asked_wait);
    void drop_call();

    AmazonQServices& services_;
    net::Wakeup wakeup_;
    Question question_;
    TokenSource::Waiter waiter_;
    std::unique_ptr<net::HttpCall> call_;
    net::EventStreamParser parser_;
    std::optional<json::AmazonQEvents> events_;  // of this attempt
    std::unique_ptr<Failure> failure_;
    json::Usage usage_;
    net::TimePoint retry_at_{};
    uint64_t token_version_ = 0;  // of this attempt
    size_t frame_bytes_ = 0;      // of the frames whose deltas are being handed out
    uint32_t attempts_ = 0;
    Stage stage_ = Stage::authorize;
    bool has_shown_ = false;  // a delta was handed out: no more trying
    bool has_refreshed_ = false;
    bool has_asked_twice_ = false;  // after an empty answer
};

}  // namespace core
