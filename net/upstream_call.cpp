#include "net/upstream_call.h"

#include "net/upstream_head.h"

namespace net {

UpstreamCall::UpstreamCall(const UpstreamLimits& limits, const CallTimeouts& timeouts,
                           TimePoint started, Wakeup wakeup)
    : limits_(limits),
      timeouts_(timeouts),
      started_(started),
      wakeup_(wakeup),
      window_(limits.window_bytes) {}

UpstreamCall::~UpstreamCall() {
    if (carrier_) carrier_->abandon();
}

std::string_view UpstreamCall::field(std::string_view name) const {
    return UpstreamHead::find_field(fields_, name);
}

void UpstreamCall::consume(size_t bytes) {
    const bool was_full = window_.room() == 0;
    window_.consume(bytes);
    // The carrier is pumped after the owner, so it reads into all that the owner has made free.
    if (was_full && carrier_) carrier_->resume();
}

bool UpstreamCall::widen(size_t bytes) {
    if (bytes > limits_.window_bytes_max) return false;
    const bool was_full = window_.room() == 0;
    window_.widen(bytes);
    if (was_full && window_.room() != 0 && carrier_) carrier_->resume();
    return true;
}

const CallFailure& UpstreamCall::failure() const {
    static const CallFailure none;
    return failure_ ? *failure_ : none;
}

void UpstreamCall::begin_response(uint16_t status, std::string fields) {
    status_ = status;
    fields_ = std::move(fields);
    state_ = State::streaming;
    wake();
}

void UpstreamCall::complete() {
    drop_request();
    state_ = State::complete;
    wake();
}

void UpstreamCall::fail(CallFailure failure) {
    failure_ = std::make_unique<CallFailure>(std::move(failure));
    drop_request();
    state_ = State::failed;
    wake();
}

bool UpstreamCall::take_retry() {
    if (was_retried_) return false;
    was_retried_ = true;
    return true;
}

}  // namespace net
