#include "net/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace net {

void Timer::arm(Milliseconds delay) {
    arm_at(wheel_.now() + delay);
}

void Timer::arm_at(TimePoint deadline) {
    arm_tick(wheel_.tick_at_or_after(deadline));
}

void Timer::arm_tick(uint64_t tick) {
    deadline_ = std::max(tick, wheel_.tick_ + 1);
    if (link_ && slot_tick_ <= deadline_) return;
    unlink();
    wheel_.link(*this);
}

bool Timer::take_expired() {
    if (deadline_ != expired) return false;
    deadline_ = never;
    return true;
}

void Timer::unlink() {
    if (!link_) return;
    *link_ = next_;
    if (next_) next_->link_ = link_;
    next_ = nullptr;
    link_ = nullptr;
}

TimerWheel::TimerWheel(ReadyList& ready, TimePoint now) : ready_(ready), origin_(now), now_(now) {}

uint64_t TimerWheel::tick_at_or_after(TimePoint time) const {
    if (time <= origin_) return 0;
    return static_cast<uint64_t>(std::chrono::ceil<Milliseconds>(time - origin_).count());
}

void TimerWheel::link(Timer& timer) {
    const uint64_t distance_max = (slots << (slot_bits * (levels - 1))) - 1;
    const uint64_t distance = std::min(timer.deadline_ - tick_, distance_max);
    const int level = (static_cast<int>(std::bit_width(distance | 1)) - 1) / slot_bits;
    const int shift = slot_bits * level;
    const uint64_t number = (tick_ + distance) >> shift;
    const uint64_t slot = number % slots;

    timer.slot_tick_ = number << shift;
    Timer*& head = levels_[static_cast<size_t>(level)].heads[slot];
    timer.next_ = head;
    timer.link_ = &head;
    if (head) head->link_ = &timer.next_;
    head = &timer;
    levels_[static_cast<size_t>(level)].occupied |= uint64_t{1} << slot;
}

// Takes the timers out of all slots that come up after `from` and not after `to`, as one list.
Timer* TimerWheel::take_passed(uint64_t from, uint64_t to) {
    Timer* taken = nullptr;
    for (int i = 0; i < levels; ++i) {
        const int shift = slot_bits * i;
        const uint64_t first = (from >> shift) + 1;
        const uint64_t last = to >> shift;
        if (first > last) break;  // this level did not move, so the ones above did not either
        Level& level = levels_[static_cast<size_t>(i)];
        const uint64_t count = std::min(last - first + 1, slots);
        for (uint64_t n = 0; n < count && level.occupied != 0; ++n) {
            const uint64_t slot = (first + n) % slots;
            if (!(level.occupied >> slot & 1)) continue;
            level.occupied &= ~(uint64_t{1} << slot);
            while (Timer* timer = level.heads[slot]) {
                timer->unlink();
                timer->next_ = taken;
                taken = timer;
            }
        }
    }
    return taken;
}

// Expires a timer taken from a slot, or puts it back where its deadline belongs now.
void TimerWheel::settle(Timer& timer) {
    if (timer.deadline_ == Timer::never || timer.deadline_ == Timer::expired) return;
    if (timer.deadline_ > tick_) return link(timer);
    timer.deadline_ = Timer::expired;
    ready_.post(timer.task_);
}

void TimerWheel::advance(TimePoint now) {
    now_ = now;
    const uint64_t tick = static_cast<uint64_t>((now - origin_) / Milliseconds(1));
    if (tick <= tick_) return;
    Timer* taken = take_passed(tick_, tick);
    tick_ = tick;
    while (taken) {
        Timer& timer = *taken;
        taken = timer.next_;
        timer.next_ = nullptr;
        settle(timer);
    }
}

TimePoint TimerWheel::next_deadline() const {
    uint64_t next = Timer::never;
    for (int i = 0; i < levels; ++i) {
        const Level& level = levels_[static_cast<size_t>(i)];
        if (level.occupied == 0) continue;
        const int shift = slot_bits * i;
        const uint64_t first = (tick_ >> shift) + 1;
        const int distance =
            std::countr_zero(std::rotr(level.occupied, static_cast<int>(first % slots)));
        next = std::min(next, (first + static_cast<uint64_t>(distance)) << shift);
    }
    if (next == Timer::never) return TimePoint::max();
    return origin_ + Milliseconds(next);
}

}  // namespace net
