#pragma once

#include "net/event_loop.h"
#include "net/fd.h"

namespace net {

// Blocks SIGTERM and SIGINT in this thread and those it starts, ignores SIGPIPE, and returns a
// descriptor from which the two are read (signalfd). Throws std::system_error.
Fd take_signals();

// StopFlag tells one worker's loop, from another thread, that it is to drain.
class StopFlag final : public Watcher, public Task {
public:
    // Who drains. Called on the loop's thread, once.
    class Target {
    public:
        virtual void stop_requested() = 0;

    protected:
        ~Target() = default;
    };

    // Throws std::system_error. References must outlive it.
    StopFlag(EventLoop& loop, Target& target);

    void mark(uint32_t events) override;
    void pump() override;

    // From any thread.
    void raise();

private:
    EventLoop& loop_;
    Target& target_;
    Fd event_;
};

}  // namespace net
