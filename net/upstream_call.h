#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/body_window.h"
#include "net/http_call.h"
#include "net/timer_wheel.h"
#include "net/upstream_limits.h"
#include "net/upstream_request.h"

namespace net {

class UpstreamCall;

// Who carries a call at the moment. The call and its carrier point at each other; whichever goes
// first clears the other's pointer.
class CallCarrier {
public:
    // The call is being destroyed.
    virtual void abandon() = 0;
    // There is room in the window again.
    virtual void resume() = 0;

protected:
    ~CallCarrier() = default;
};

// UpstreamCall is the HttpCall of this room: what a connection needs to carry it, and what has
// come back. Owned by whoever made the call. It does nothing by itself.
class UpstreamCall final : public HttpCall {
public:
    UpstreamCall(const UpstreamLimits& limits, const CallTimeouts& timeouts, TimePoint started,
                 Wakeup wakeup);
    ~UpstreamCall() override;

    State state() const override { return state_; }
    uint16_t status() const override { return status_; }
    std::string_view field(std::string_view name) const override;
    void drop_fields() override { decltype(fields_)().swap(fields_); }
    std::string_view peek() const override { return window_.view(); }
    void consume(size_t bytes) override;
    bool widen(size_t bytes) override;
    const CallFailure& failure() const override;

    // For the carrier.
    void set_carrier(CallCarrier* carrier) { carrier_ = carrier; }
    void set_request(UpstreamRequest request) { request_ = std::move(request); }
    std::string_view request() const { return request_.text(); }
    void drop_request() { request_ = {}; }
    BodyWindow& window() { return window_; }
    void advance(State state) { state_ = state; }  // while there is nothing to pull yet
    void begin_response(uint16_t status, std::string fields);
    void complete();
    [[gnu::cold]] void fail(CallFailure failure);
    void wake() const { wakeup_.wake(); }
    // Whether the owner itself waits for something to begin.
    bool is_awaited() const { return wakeup_.task().is_urgent(); }
    // True once: the one retry that a call has.
    [[gnu::cold]] bool take_retry();
    const CallTimeouts& timeouts() const { return timeouts_; }
    TimePoint started() const { return started_; }
    TimePoint deadline() const { return started_ + timeouts_.total; }

private:
    const UpstreamLimits& limits_;
    const CallTimeouts& timeouts_;
    const TimePoint started_;
    const Wakeup wakeup_;
    CallCarrier* carrier_ = nullptr;
    UpstreamRequest request_;  // until it cannot be needed again
    std::string fields_;
    BodyWindow window_;
    std::unique_ptr<CallFailure> failure_;
    uint16_t status_ = 0;
    State state_ = State::connecting;
    bool was_retried_ = false;
};

}  // namespace net
