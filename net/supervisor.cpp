#include "net/supervisor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/signals.h"

namespace net {

Supervisor::Supervisor() : signals_(take_signals()), done_(::eventfd(0, EFD_CLOEXEC)) {
    if (!done_.is_open()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Supervisor::wait(size_t workers, Target& target) {
    bool is_stopping = false;
    for (eventfd_t finished = 0; finished < workers;) {
        pollfd events[] = {{signals_.value(), POLLIN, 0}, {done_.value(), POLLIN, 0}};
        if (::poll(events, 2, -1) < 0) continue;
        if (events[0].revents & POLLIN) {
            if (is_stopping) ::_exit(1);
            signalfd_siginfo ignored;
            if (::read(signals_.value(), &ignored, sizeof ignored) < 0) continue;
            is_stopping = true;
            target.stop_workers();
        }
        eventfd_t count = 0;
        if ((events[1].revents & POLLIN) && ::eventfd_read(done_.value(), &count) == 0) {
            finished += count;
        }
    }
}

void Supervisor::worker_done() {
    ::eventfd_write(done_.value(), 1);
}

}  // namespace net
