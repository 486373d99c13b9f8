#include "net/supervisor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/signals.h"

namespace net {

Supervisor::Supervisor(Target& target)
    : target_(target), signals_(net::take_signals()), done_(::eventfd(0, EFD_CLOEXEC)) {
    if (!done_.is_open()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Supervisor::attend(EventLoop& loop) {
    if (!loop.watch(signals_.value(), *this)) {
        throw std::system_error(errno, std::generic_category(), "signalfd");
    }
}

void Supervisor::mark(uint32_t events) {
    if (events & EPOLLIN) take_signals();
}

void Supervisor::wait(size_t workers) {
    for (eventfd_t finished = 0; finished < workers;) {
        pollfd events[] = {{signals_.value(), POLLIN, 0}, {done_.value(), POLLIN, 0}};
        if (::poll(events, 2, -1) < 0) continue;
        if (events[0].revents & POLLIN) take_signals();
        eventfd_t count = 0;
        if ((events[1].revents & POLLIN) && ::eventfd_read(done_.value(), &count) == 0) {
            finished += count;
        }
    }
}

// There is at least one. A loop tells but once of several that came together.
void Supervisor::take_signals() {
    signalfd_siginfo taken[2];
    const ssize_t bytes = ::read(signals_.value(), taken, sizeof taken);
    if (bytes <= 0) return;
    if (is_stopping_ || bytes == sizeof taken) ::_exit(1);
    is_stopping_ = true;
    target_.stop_workers();
}

void Supervisor::worker_done() {
    ::eventfd_write(done_.value(), 1);
}

}  // namespace net
