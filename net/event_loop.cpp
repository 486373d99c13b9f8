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
    wait(deadline);     // 1 and 2: wait, mark
                        // 3: expire, part of wait, since it needs the new time
    ready_.pump_all();  // 4: pump
    reap();             // 5: reap
}

bool EventLoop::watch(int fd, Watcher& watcher) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watcher;
    return ::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, fd, &event) == 0;
}

// In milliseconds as epoll_wait wants it. The cached clock is good enough for a far deadline; a
// near one is measured from now, since the pumps since then may have taken longer than it is away.
int EventLoop::timeout(TimePoint deadline) const {
    if (!ready_.empty()) return 0;
    const TimePoint next = std::min(deadline, timers_.next_deadline());
    if (next == TimePoint::max()) return -1;
    const bool is_near = next - timers_.now() < Milliseconds(100);
    const TimePoint now = is_near ? clock_() : timers_.now();
    const auto wait = std::chrono::ceil<Milliseconds>(next - now).count();
    return static_cast<int>(std::clamp<int64_t>(wait, 0, INT_MAX));
}

void EventLoop::wait(TimePoint deadline) {
    const int count = ::epoll_wait(epoll_.value(), batch_.data(), batch_max, timeout(deadline));
    timers_.advance(clock_());
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = batch_[static_cast<size_t>(i)];
        static_cast<Watcher*>(event.data.ptr)->mark(event.events);
    }
}

void EventLoop::reap() {
    for (size_t i = 0; i < doomed_.size(); ++i) doomed_[i]->reap();
    doomed_.clear();
}

}  // namespace net
