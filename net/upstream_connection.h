#pragma once

#include <memory>

#include "net/dialer.h"
#include "net/origin.h"
#include "net/response_parser.h"
#include "net/upstream_call.h"
#include "net/upstream_workspace.h"

namespace net {

class UpstreamConnection;

// Whom upstream connections belong to.
class UpstreamOwner {
public:
    // The connection is idle and can carry another call.
    virtual void keep(UpstreamConnection& connection) = 0;
    // An idle connection is going; it must not be given to a call any more.
    virtual void forget(UpstreamConnection& connection) = 0;
    // Carry this call on a fresh connection: the one it was on had died before.
    virtual void carry_again(UpstreamCall& call, Origin& origin) = 0;
    // Destroys it; from the loop's reaping.
    virtual void erase(uint32_t slot) = 0;

protected:
    ~UpstreamOwner() = default;
};

// UpstreamConnection is one connection to an origin (RFC 9112 section 9): it dials, sends a call's
// request, receives the response into the call's window, and waits for the next call. Owned by the
// connection pool; destroyed by the loop's reaping. It wakes the owner of its call and never calls
// it. While the window is full it does not read, and the silence timer is off.
class UpstreamConnection final : public Task, public Doomed, public CallCarrier {
public:
    // All references must outlive the connection.
    UpstreamConnection(UpstreamWorkspace& workspace, UpstreamOwner& owner, Origin& origin,
                       uint32_t slot);
    ~UpstreamConnection();

    // REQUIRES: new or idle.
    void carry(UpstreamCall& call);
    Origin& origin() { return origin_; }
    // Ends an idle connection.
    void retire();

    void pump() override;
    void reap() override { owner_.erase(slot_); }
    void abandon() override;
    void resume() override { workspace_.loop.ready().post(*this); }

private:
    enum class State : uint8_t {
        dialing,    // connect timeout
        sending,    // head timeout, from the last progress; reads as well: refusals come early
        waiting,    // head timeout
        streaming,  // silence timeout, off while the window is full
        idle,       // idle timeout
        doomed,
    };

    // Each returns whether there may be more to do at once.
    bool dial();
    bool send();
    bool receive();
    bool check_idle();

    void begin_sending();
    bool finish_sending();
    bool accept(std::string_view bytes);
    bool finish();
    void end_of_stream(Io io);
    [[gnu::cold]] bool expire();
    [[gnu::cold]] void fail(CallError error, std::string text);
    void doom();
    UpstreamCall* detach();
    void arm(TimePoint deadline);
    std::string name() const { return origin_.url.host_and_port(); }
    TimePoint now() const { return workspace_.loop.timers().now(); }

    UpstreamWorkspace& workspace_;
    UpstreamOwner& owner_;
    Origin& origin_;
    UpstreamCall* call_ = nullptr;
    std::unique_ptr<Dialer> dialer_;
    std::unique_ptr<Stream> stream_;
    ResponseParser parser_;
    Timer timer_;
    TimePoint deadline_{};  // of the state; the call has its own
    size_t sent_ = 0;       // of the request
    const uint32_t slot_;
    State state_ = State::idle;
    bool is_reused_ = false;   // it has carried a call before
    bool has_answer_ = false;  // a byte of the response has come
    bool is_write_broken_ = false;
};

}  // namespace net
