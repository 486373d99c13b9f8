#include "net/timer_wheel.h"

#include <doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

using net::Milliseconds;
using net::ReadyList;
using net::Task;
using net::TimePoint;
using net::Timer;
using net::TimerWheel;
using std::chrono::microseconds;

namespace {

constexpr TimePoint beginning{std::chrono::hours(5)};

struct Wheel {
    ReadyList ready;
    TimerWheel timers{ready, beginning};

    void go_to(TimePoint time) {
        timers.advance(time);
        ready.pump_all();
    }
    void pass(Milliseconds duration) { go_to(timers.now() + duration); }
};

// A timer and a note of when it went off.
struct Alarm final : Task {
    explicit Alarm(Wheel& on) : wheel(on), timer(on.timers, *this) {}
    void pump() override {
        if (!timer.take_expired()) return;
        ++count;
        went_off = wheel.timers.now();
    }

    Wheel& wheel;
    Timer timer;
    int count = 0;
    TimePoint went_off{};
};

}  // namespace

TEST_CASE("A timer goes off at its deadline and not a millisecond before, at any distance") {
    std::vector<int64_t> distances;
    for (int64_t ms = 1; ms <= 300; ++ms) distances.push_back(ms);
    for (int64_t power = 512; power <= (1 << 25); power *= 2) {
        for (const int64_t near : {-65, -64, -63, -1, 0, 1, 63, 64, 65}) {
            distances.push_back(power + near);
        }
    }
    for (const int64_t distance : distances) {
        // From several places of the wheel, since slots are borders of absolute time.
        for (const int64_t start : {0, 1, 63, 64, 4095, 4097, 262'143}) {
            Wheel wheel;
            wheel.pass(Milliseconds(start));
            Alarm alarm(wheel);
            alarm.timer.arm(Milliseconds(distance));
            CAPTURE(distance);
            CAPTURE(start);
            wheel.pass(Milliseconds(distance - 1));
            REQUIRE(alarm.count == 0);
            REQUIRE(wheel.timers.next_deadline() <=
                    beginning + Milliseconds(start) + Milliseconds(distance));
            wheel.pass(Milliseconds(1));
            REQUIRE(alarm.count == 1);
        }
    }
}

TEST_CASE("Sleeping until next_deadline, however often, finds every timer on time") {
    for (const int64_t distance :
         {1, 2, 63, 64, 100, 4095, 4096, 5000, 262'144, 300'000, 17'000'000, 40'000'000}) {
        Wheel wheel;
        wheel.pass(Milliseconds(77));
        Alarm alarm(wheel);
        alarm.timer.arm(Milliseconds(distance));
        const TimePoint due = wheel.timers.now() + Milliseconds(distance);
        int sleeps = 0;
        while (alarm.count == 0) {
            const TimePoint next = wheel.timers.next_deadline();
            REQUIRE(next > wheel.timers.now());
            REQUIRE(next <= due);
            wheel.go_to(next);
            REQUIRE(++sleeps < 20);
        }
        CHECK(alarm.went_off == due);
        // Slots left behind may cost a look, never more than one a level.
        for (int i = 0; i < 4; ++i) {
            if (wheel.timers.next_deadline() != TimePoint::max()) {
                wheel.go_to(wheel.timers.next_deadline());
            }
        }
        CHECK(wheel.timers.next_deadline() == TimePoint::max());
    }
}

TEST_CASE("A wheel without timers has no deadline") {
    Wheel wheel;
    CHECK(wheel.timers.next_deadline() == TimePoint::max());
    wheel.pass(Milliseconds(123'456));
    CHECK(wheel.timers.next_deadline() == TimePoint::max());
}

TEST_CASE("A deadline between two ticks goes off at the tick after it") {
    Wheel wheel;
    Alarm alarm(wheel);
    alarm.timer.arm_at(beginning + microseconds(10'001));
    wheel.go_to(beginning + microseconds(10'999));
    CHECK(alarm.count == 0);
    wheel.go_to(beginning + microseconds(11'000));
    CHECK(alarm.count == 1);
}

TEST_CASE("A deadline that has passed goes off at the next tick") {
    Wheel wheel;
    wheel.pass(Milliseconds(50));
    Alarm past(wheel), now(wheel), before_all(wheel);
    past.timer.arm_at(beginning + Milliseconds(3));
    now.timer.arm(Milliseconds(0));
    before_all.timer.arm_at(TimePoint{});
    wheel.go_to(wheel.timers.now() + microseconds(999));
    CHECK(past.count + now.count + before_all.count == 0);
    wheel.go_to(beginning + Milliseconds(51));
    CHECK(past.count == 1);
    CHECK(now.count == 1);
    CHECK(before_all.count == 1);
}

TEST_CASE("A timer that is armed again goes off once, at its last deadline") {
    for (const int64_t first : {5, 70, 5000, 300'000}) {
        for (const int64_t second : {1, 5, 64, 71, 4096, 6000, 300'001}) {
            Wheel wheel;
            Alarm alarm(wheel);
            alarm.timer.arm(Milliseconds(first));
            alarm.timer.arm(Milliseconds(second));
            CHECK(wheel.timers.next_deadline() <= beginning + Milliseconds(second));
            wheel.pass(Milliseconds(second - 1));
            CHECK(alarm.count == 0);
            wheel.pass(Milliseconds(1));
            CHECK(alarm.count == 1);
            wheel.pass(Milliseconds(1'000'000));
            CHECK(alarm.count == 1);
        }
    }
}

TEST_CASE("A timer that is moved again and again does not go off in between") {
    Wheel wheel;
    Alarm alarm(wheel);
    for (int i = 0; i < 5000; ++i) {
        alarm.timer.arm(Milliseconds(30));
        wheel.pass(Milliseconds(7));
    }
    CHECK(alarm.count == 0);
    wheel.pass(Milliseconds(30));
    CHECK(alarm.count == 1);
}

TEST_CASE("A disarmed timer does not go off, and may be armed anew") {
    Wheel wheel;
    Alarm alarm(wheel);
    alarm.timer.arm(Milliseconds(10));
    CHECK(alarm.timer.is_armed());
    alarm.timer.disarm();
    CHECK_FALSE(alarm.timer.is_armed());
    wheel.pass(Milliseconds(20));
    CHECK(alarm.count == 0);
    alarm.timer.arm(Milliseconds(10));
    alarm.timer.disarm();
    alarm.timer.arm(Milliseconds(15));
    wheel.pass(Milliseconds(14));
    CHECK(alarm.count == 0);
    wheel.pass(Milliseconds(1));
    CHECK(alarm.count == 1);
    CHECK_FALSE(alarm.timer.is_armed());
}

TEST_CASE("A timer disarmed or moved after it expired, before its task was pumped, is silent") {
    Wheel wheel;
    Alarm disarmed(wheel), moved(wheel);
    disarmed.timer.arm(Milliseconds(5));
    moved.timer.arm(Milliseconds(5));
    wheel.timers.advance(beginning + Milliseconds(5));
    disarmed.timer.disarm();
    moved.timer.arm(Milliseconds(5));
    wheel.ready.pump_all();
    CHECK(disarmed.count == 0);
    CHECK(moved.count == 0);
    wheel.pass(Milliseconds(5));
    CHECK(disarmed.count == 0);
    CHECK(moved.count == 1);
}

TEST_CASE("An expired timer reports it once") {
    Wheel wheel;
    Alarm alarm(wheel);
    alarm.timer.arm(Milliseconds(1));
    wheel.timers.advance(beginning + Milliseconds(1));
    CHECK(alarm.timer.take_expired());
    CHECK_FALSE(alarm.timer.take_expired());
}

TEST_CASE("A timer may die while it is armed, also among others in its slot") {
    Wheel wheel;
    std::vector<std::unique_ptr<Alarm>> alarms;
    for (int i = 0; i < 9; ++i) {
        alarms.push_back(std::make_unique<Alarm>(wheel));
        alarms.back()->timer.arm(Milliseconds(100));
    }
    for (const size_t victim : {8, 0, 4}) alarms[victim].reset();
    wheel.pass(Milliseconds(100));
    for (const auto& alarm : alarms) {
        if (alarm) CHECK(alarm->count == 1);
    }
}

TEST_CASE("A long pause expires everything that fell due in it") {
    Wheel wheel;
    std::vector<std::unique_ptr<Alarm>> alarms;
    for (int64_t i = 0; i < 2000; ++i) {
        alarms.push_back(std::make_unique<Alarm>(wheel));
        alarms.back()->timer.arm(Milliseconds(1 + i * i));
    }
    wheel.pass(Milliseconds(1'000'000));
    for (int64_t i = 0; i < 2000; ++i) {
        CHECK(alarms[static_cast<size_t>(i)]->count == (1 + i * i <= 1'000'000 ? 1 : 0));
    }
}

TEST_CASE("TimerWheel agrees with a plain list of deadlines in everything that can happen") {
    std::minstd_rand random(20261122);
    const auto upto = [&](uint32_t most) { return static_cast<int64_t>(random() % (most + 1)); };
    constexpr size_t count = 40;
    for (int game = 0; game < 30; ++game) {
        Wheel wheel;
        std::vector<std::unique_ptr<Alarm>> alarms;
        std::vector<TimePoint> due(count, TimePoint::max());
        std::vector<int> expected(count, 0);
        for (size_t i = 0; i < count; ++i) alarms.push_back(std::make_unique<Alarm>(wheel));
        const uint32_t span = game % 3 == 0 ? 200 : game % 3 == 1 ? 20'000 : 30'000'000;
        for (int step = 0; step < 400; ++step) {
            const auto i = static_cast<size_t>(upto(count - 1));
            switch (random() % 8) {
                case 0:
                    alarms[i]->timer.disarm();
                    due[i] = TimePoint::max();
                    break;
                case 1:
                    alarms[i] = std::make_unique<Alarm>(wheel);
                    due[i] = TimePoint::max();
                    expected[i] = 0;
                    break;
                case 2: {
                    TimePoint earliest = *std::min_element(due.begin(), due.end());
                    TimePoint to = wheel.timers.now() + Milliseconds(upto(span / 4));
                    // Half of the time exactly as far as the loop would sleep.
                    if (random() % 2) to = std::min(to, wheel.timers.next_deadline());
                    REQUIRE(wheel.timers.next_deadline() <= earliest);
                    wheel.go_to(to);
                    for (size_t n = 0; n < count; ++n) {
                        if (due[n] > to) continue;
                        due[n] = TimePoint::max();
                        ++expected[n];
                    }
                    break;
                }
                default: {
                    const Milliseconds distance(1 + upto(span));
                    alarms[i]->timer.arm(distance);
                    due[i] = wheel.timers.now() + distance;
                    break;
                }
            }
            for (size_t n = 0; n < count; ++n) {
                REQUIRE(alarms[n]->count == expected[n]);
                REQUIRE(alarms[n]->timer.is_armed() == (due[n] != TimePoint::max()));
            }
        }
    }
}
