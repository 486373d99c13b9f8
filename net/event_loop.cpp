#include "net/event_loop.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <system_error>

namespace net {

EventLoop::EventLoop(Clock clock)
    : clock_(clock), epoll_(::epoll_create1(EPOLL_CLOEXEC)), timers_(ready_, clock()) {
    if (!epoll_.is_open()) {
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }
}

void EventLoop::run() {
    while (!stopped_) run_once(TimePoint::max());
}

void EventLoop::run_once(TimePoint deadline) {
    wait(deadline);  // 1 and 2: wait, mark
                     // 3: expire, part of wait, since it needs the new time
    pump();          // 4: pump
    reap();          // 5: reap
}

bool EventLoop::watch(int fd, Watcher& watcher) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watcher;
    return ::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, fd, &event) == 0;
}

// How long to wait. The cached clock is good enough for a far deadline; a near one is measured from
// now, since the pumps since then may have taken longer than it is away.
std::chrono::nanoseconds EventLoop::timeout(TimePoint deadline) const {
    if (!ready_.empty()) return std::chrono::nanoseconds(0);
    const TimePoint next = std::min(deadline, timers_.next_deadline());
    if (next == TimePoint::max()) return std::chrono::nanoseconds::max();
    const bool is_near = next - timers_.now() < Milliseconds(100);
    const TimePoint now = is_near ? clock_() : timers_.now();
    return std::max(next - now, std::chrono::nanoseconds(0));
}

// To the nanosecond where the kernel can (5.11): whole milliseconds would add up to one to each
// paced frame's lateness.
int EventLoop::wait_events(std::chrono::nanoseconds timeout) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(timeout);
    const timespec exact = {whole.count(), (timeout - whole).count()};
    const bool is_endless = timeout == std::chrono::nanoseconds::max();
    if (has_pwait2_) {
        const int count = ::epoll_pwait2(epoll_.value(), batch_.data(), batch_max,
                                         is_endless ? nullptr : &exact, nullptr);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        has_pwait2_ = false;
    }
    const auto ceiled = std::chrono::ceil<Milliseconds>(timeout).count();
    const int ms = is_endless ? -1 : static_cast<int>(std::min<int64_t>(ceiled, INT_MAX));
    return ::epoll_wait(epoll_.value(), batch_.data(), batch_max, ms);
}

void EventLoop::wait(TimePoint deadline) {
    const int count = wait_events(timeout(deadline));
    timers_.advance(clock_());
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = batch_[static_cast<size_t>(i)];
        static_cast<Watcher*>(event.data.ptr)->mark(event.events);
    }
}

// Those whom others have woken have their turn without another look at epoll: an answer goes from
// its upstream to its client in one iteration. Of those that merely go on a few have their turn,
// then events are looked for: so a first token waits for a few long streams, not for all.
void EventLoop::pump() {
    ready_.pump_all(yielded_turns_max, rounds_max);
    ready_.pump_woken(1);  // whom those have woken
}

void EventLoop::reap() {
    for (size_t i = 0; i < doomed_.size(); ++i) doomed_[i]->reap();
    doomed_.clear();
}

}  // namespace net
