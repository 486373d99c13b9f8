#include "net/upstream_connection.h"

#include <algorithm>

namespace net {
namespace {

std::string seconds_text(CallTimeouts::Milliseconds time) {
    const auto milliseconds = time.count();
    if (milliseconds % 1000 != 0) return std::to_string(milliseconds) + " ms";
    return std::to_string(milliseconds / 1000) + " s";
}

}  // namespace

UpstreamConnection::UpstreamConnection(UpstreamWorkspace& workspace, UpstreamOwner& owner,
                                       Origin& origin, uint32_t slot)
    : workspace_(workspace),
      owner_(owner),
      origin_(origin),
      parser_(workspace.limits),
      timer_(workspace.loop.timers(), *this),
      slot_(slot) {}

UpstreamConnection::~UpstreamConnection() {
    if (UpstreamCall* call = detach()) call->fail({CallError::cut, "the client has ended"});
}

void UpstreamConnection::carry(UpstreamCall& call) {
    call_ = &call;
    call.set_carrier(this);
    set_urgent(call.is_awaited());
    is_reused_ = stream_ != nullptr;
    if (is_reused_) {
        begin_sending();
        return pump();  // at once: the upstream works while others have their turn
    }
    state_ = State::dialing;
    dialer_ = std::make_unique<Dialer>(workspace_, *this, origin_);
    call.advance(HttpCall::State::connecting);
    arm(now() + call.timeouts().connect);
    workspace_.loop.ready().post(*this);
}

void UpstreamConnection::abandon() {
    detach();
    doom();
}

void UpstreamConnection::retire() {
    doom();
}

void UpstreamConnection::pump() {
    if (timer_.take_expired() && !expire()) return;
    bool more = true;
    while (more) {
        switch (state_) {
            case State::dialing:
                more = dial();
                break;
            case State::sending:
                more = send();
                break;
            case State::waiting:
            case State::streaming:
                more = receive();
                break;
            case State::idle:
                more = check_idle();
                break;
            case State::doomed:
                return;
        }
    }
}

bool UpstreamConnection::dial() {
    const Io io = dialer_->advance();
    if (io == Io::again) return false;
    if (io != Io::ok) {
        CallFailure failure = dialer_->take_failure();
        fail(failure.error, std::move(failure.text));
        return false;
    }
    stream_ = dialer_->take();
    dialer_.reset();
    begin_sending();
    return true;
}

void UpstreamConnection::begin_sending() {
    state_ = State::sending;
    sent_ = 0;
    has_answer_ = is_write_broken_ = false;
    parser_.reset();
    call_->advance(HttpCall::State::sending);
    arm(now() + call_->timeouts().head);
}

// Reads as well, since an upstream may answer before it has the whole request, and may even close
// then: a write that fails is no reason to miss what it said.
bool UpstreamConnection::send() {
    const std::string_view request = call_->request();
    while (sent_ < request.size() && !is_write_broken_) {
        size_t taken = 0;
        const Io io = stream_->write(request.substr(sent_), taken);
        if (io == Io::again) return receive();
        if (io != Io::ok) {
            is_write_broken_ = true;
        } else {
            sent_ += taken;
            arm(now() + call_->timeouts().head);
        }
    }
    if (is_write_broken_) return receive();
    return finish_sending();
}

bool UpstreamConnection::finish_sending() {
    // Only a reused connection is worth a retry, and only then is the request needed again.
    if (!is_reused_ || has_answer_) call_->drop_request();
    const bool has_head = parser_.state() == ResponseParser::State::body;
    state_ = has_head ? State::streaming : State::waiting;
    if (!has_head) call_->advance(HttpCall::State::waiting);
    return true;
}

bool UpstreamConnection::receive() {
    const bool is_sending = state_ == State::sending;
    const std::span<char> area = workspace_.area();
    const size_t room = std::min(call_->window().room(), area.size());
    if (room == 0) {
        if (!is_sending) arm(TimePoint::max());  // the owner is slow, not the upstream
        return false;
    }
    size_t bytes = 0;
    const Io io = stream_->read(area.first(room), bytes);
    switch (io) {
        case Io::ok:
            return accept({area.data(), bytes});
        case Io::again:
            // The window may just have been emptied: the silence begins now.
            if (state_ == State::streaming && deadline_ == TimePoint::max()) {
                arm(now() + call_->timeouts().silence);
            }
            return false;
        case Io::closed:
        case Io::failed:
            end_of_stream(io);
            return false;
    }
    return false;
}

bool UpstreamConnection::accept(std::string_view bytes) {
    const bool had_head = parser_.state() == ResponseParser::State::body;
    const size_t held_before = call_->window().size();
    has_answer_ = true;
    if (state_ != State::sending) call_->drop_request();
    const ResponseParser::State parsed = parser_.feed(bytes, call_->window());
    if (parsed == ResponseParser::State::refused) {
        fail(CallError::malformed, name() + ": " + std::string(parser_.refusal()));
        return false;
    }
    if (parsed == ResponseParser::State::head) return true;
    if (!had_head) call_->begin_response(parser_.status(), parser_.take_fields());
    set_urgent(call_->is_awaited());  // its first bytes may be nothing for the client yet
    if (call_->window().size() != held_before) call_->wake();
    if (parsed == ResponseParser::State::complete) return finish();
    if (state_ == State::waiting) state_ = State::streaming;
    if (state_ == State::streaming) arm(now() + call_->timeouts().silence);
    return true;
}

// The response is complete. The connection does not wait for the owner to read it.
bool UpstreamConnection::finish() {
    const bool was_sent = state_ != State::sending;
    detach()->complete();
    if (!was_sent || !parser_.keeps_alive()) {
        doom();
        return false;
    }
    state_ = State::idle;
    arm(now() + workspace_.limits.idle_timeout);
    owner_.keep(*this);
    return true;  // the upstream may have closed behind the response
}

void UpstreamConnection::end_of_stream(Io io) {
    if (io == Io::closed && parser_.ends_here()) {
        detach()->complete();
        return doom();
    }
    // The upstream has closed an idle connection at the moment we used it (RFC 9112 section 9.3.1).
    if (is_reused_ && !has_answer_ && call_->take_retry()) {
        UpstreamCall& call = *detach();
        doom();
        return owner_.carry_again(call, origin_);
    }
    const std::string how = io == Io::failed ? ": " + stream_->failure() : std::string();
    fail(CallError::cut, name() +
                             (has_answer_ ? " ended the connection before the response was whole"
                                          : " ended the connection without an answer") +
                             how);
}

// Whatever comes while nothing was asked ends the connection; so does its end.
bool UpstreamConnection::check_idle() {
    char byte;
    size_t bytes = 0;
    if (stream_->read({&byte, 1}, bytes) != Io::again) doom();
    return false;
}

// Returns whether the connection goes on: the timer runs for the call or for the state.
bool UpstreamConnection::expire() {
    if (call_ && now() >= call_->deadline()) {
        fail(CallError::total_timeout,
             name() + " took more than " + seconds_text(call_->timeouts().total) + " in all");
        return false;
    }
    if (now() < deadline_) {
        arm(deadline_);
        return true;
    }
    switch (state_) {
        case State::dialing:
            fail(CallError::connect_timeout, "no connection to " + name() + " within " +
                                                 seconds_text(call_->timeouts().connect) + ": " +
                                                 std::string(dialer_->step_name()));
            break;
        case State::sending:
        case State::waiting:
            fail(CallError::head_timeout,
                 name() + " did not answer within " + seconds_text(call_->timeouts().head));
            break;
        case State::streaming:
            fail(CallError::silence,
                 name() + " fell silent for " + seconds_text(call_->timeouts().silence));
            break;
        case State::idle:
            doom();
            break;
        case State::doomed:
            break;
    }
    return false;
}

void UpstreamConnection::fail(CallError error, std::string text) {
    if (UpstreamCall* call = detach()) call->fail({error, std::move(text)});
    doom();
}

void UpstreamConnection::doom() {
    if (state_ == State::doomed) return;
    if (state_ == State::idle) owner_.forget(*this);
    state_ = State::doomed;
    timer_.disarm();
    workspace_.loop.doom(*this);
}

UpstreamCall* UpstreamConnection::detach() {
    UpstreamCall* call = call_;
    call_ = nullptr;
    if (call) call->set_carrier(nullptr);
    return call;
}

void UpstreamConnection::arm(TimePoint deadline) {
    deadline_ = deadline;
    const TimePoint first = call_ ? std::min(deadline, call_->deadline()) : deadline;
    timer_.arm_at(first);
}

}  // namespace net
