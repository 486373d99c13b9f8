#pragma once

#include "net/doorbell.h"
#include "net/fd.h"

namespace net {

// Blocks SIGTERM and SIGINT in this thread and those it starts, ignores SIGPIPE, and returns a
// descriptor from which the two are read (signalfd). Throws std::system_error.
Fd take_signals();

// StopFlag tells one worker's loop, from another thread, that it is to drain.
class StopFlag final : public Task {
public:
    // Who drains. Called on the loop's thread.
    class Target {
    public:
        virtual void stop_requested() = 0;

    protected:
        ~Target() = default;
    };

    // Throws std::system_error. References must outlive it.
    StopFlag(EventLoop& loop, Target& target) : target_(target), bell_(loop, *this) {}

    void pump() override { target_.stop_requested(); }

    // From any thread.
    void raise() { bell_.ring(); }

private:
    Target& target_;
    Doorbell bell_;
};

}  // namespace net
