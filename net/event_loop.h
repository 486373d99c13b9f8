#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "net/fd.h"
#include "net/task.h"
#include "net/timer_wheel.h"

namespace net {

// Watcher is told what epoll reported for its descriptor. mark() may remember and post, nothing
// else.
class Watcher {
public:
    virtual void mark(uint32_t events) = 0;

protected:
    ~Watcher() = default;
};

// Doomed is an object whose destruction waits for the end of the iteration, so that a stale event
// of the same batch still finds it and its descriptor number is not reused meanwhile.
class Doomed {
public:
    // Destroys the object through its owner.
    virtual void reap() = 0;

protected:
    ~Doomed() = default;
};

// EventLoop is one thread's epoll cycle: wait, mark, expire, pump, reap. Everything that lives on
// it must be gone before it.
class EventLoop {
public:
    using Clock = TimePoint (*)();

    // Throws std::system_error. Tests pass a clock of their own.
    explicit EventLoop(Clock clock = std::chrono::steady_clock::now);

    // Runs until stop(), then finishes the iteration.
    void run();
    void stop() { stopped_ = true; }

    // One iteration that waits until `deadline` at most.
    void run_once(TimePoint deadline);

    // Edge-triggered, both directions, for ever: the watch ends when the descriptor is closed.
    // The watcher must live until then. False with errno set when the kernel refuses.
    [[nodiscard]] bool watch(int fd, Watcher& watcher);

    // Once per object.
    void doom(Doomed& object) { doomed_.push_back(&object); }
    ReadyList& ready() { return ready_; }
    TimerWheel& timers() { return timers_; }

private:
    std::chrono::nanoseconds timeout(TimePoint deadline) const;
    int wait_events(std::chrono::nanoseconds timeout);
    void wait(TimePoint deadline);
    void pump();
    void reap();

    static constexpr int batch_max = 256;
    // The bell of the account wakes a waiter, that its connection, that an upstream; a request is
    // received, read, and its answer sent.
    static constexpr int rounds_max = 5;
    // With each sending a window, about half a millisecond: then new events have their turn.
    static constexpr int yielded_turns_max = 16;

    Clock clock_;
    Fd epoll_;
    ReadyList ready_;
    TimerWheel timers_;
    std::vector<Doomed*> doomed_;
    bool stopped_ = false;
    bool has_pwait2_ = true;  // until the kernel says otherwise
    std::array<epoll_event, batch_max> batch_;
};

}  // namespace net
