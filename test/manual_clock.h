#pragma once

#include "net/timer_wheel.h"

namespace test {

// ManualClock is time that stands still until a test moves it. One for the whole binary, since an
// event loop takes a plain function; a fixture that has one, before its loop, begins anew.
class ManualClock {
public:
    ManualClock() { time_ = beginning; }

    // Far from zero, so that a deadline "before the beginning" is a time too.
    static constexpr net::TimePoint beginning{std::chrono::hours(1000)};

    static net::TimePoint now() { return time_; }
    static void pass(net::Milliseconds duration) { time_ += duration; }

private:
    static inline net::TimePoint time_ = beginning;
};

}  // namespace test
