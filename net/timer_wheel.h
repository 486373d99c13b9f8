#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "net/task.h"

namespace net {

using Milliseconds = std::chrono::milliseconds;
using TimePoint = std::chrono::steady_clock::time_point;

class TimerWheel;

// Timer posts a task once, at the first whole millisecond at or after its deadline. Intrusive:
// arming never allocates, and ~Timer disarms. Moving a deadline later costs a store: the timer
// stays in its old slot and is put into the right one when that slot comes up.
class Timer {
public:
    // Both must outlive the timer.
    Timer(TimerWheel& wheel, Task& task) : wheel_(wheel), task_(task) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { unlink(); }

    void arm(Milliseconds delay);
    void arm_at(TimePoint deadline);
    void disarm() { deadline_ = never; }
    bool is_armed() const { return deadline_ != never; }

    // True once after the deadline passed; the timer is disarmed then.
    bool take_expired();

private:
    friend class TimerWheel;
    static constexpr uint64_t never = ~uint64_t{0};
    static constexpr uint64_t expired = never - 1;

    void arm_tick(uint64_t tick);
    void unlink();

    TimerWheel& wheel_;
    Task& task_;
    Timer* next_ = nullptr;
    Timer** link_ = nullptr;     // what points at this timer while it is in a slot
    uint64_t deadline_ = never;  // in ticks
    uint64_t slot_tick_ = 0;     // when the slot it is in comes up
};

// TimerWheel keeps the timers of one event loop on a grid of 1 ms, and the loop's clock. Four
// levels of 64 slots reach 4.6 hours; later deadlines wait there and are sorted again.
class TimerWheel {
public:
    TimerWheel(ReadyList& ready, TimePoint now);

    // The time of the current iteration (CLOCK_MONOTONIC).
    TimePoint now() const { return now_; }

    // Sets the clock and posts the tasks of all timers that are due.
    void advance(TimePoint now);

    // When advance() has something to do next; TimePoint::max() when no timer is armed.
    TimePoint next_deadline() const;

private:
    friend class Timer;
    static constexpr int levels = 4;
    static constexpr int slot_bits = 6;
    static constexpr uint64_t slots = uint64_t{1} << slot_bits;

    struct Level {
        uint64_t occupied = 0;  // one bit per slot; may be set for a slot emptied by unlink
        std::array<Timer*, slots> heads{};
    };

    uint64_t tick_at_or_after(TimePoint time) const;
    void link(Timer& timer);
    Timer* take_passed(uint64_t from, uint64_t to);
    void settle(Timer& timer);

    ReadyList& ready_;
    const TimePoint origin_;
    TimePoint now_;
    uint64_t tick_ = 0;  // the last whole millisecond that was processed
    std::array<Level, levels> levels_;
};

}  // namespace net
