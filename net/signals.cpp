#include "net/signals.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace net {

Fd take_signals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    Fd signals;
    if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0) {
        signals = Fd(::signalfd(-1, &set, SFD_CLOEXEC));
    }
    if (!signals.is_open()) throw std::system_error(errno, std::generic_category(), "signalfd");
    return signals;
}

StopFlag::StopFlag(EventLoop& loop, Target& target)
    : loop_(loop), target_(target), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_.is_open() || !loop.watch(event_.value(), *this)) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
}

void StopFlag::mark(uint32_t events) {
    if (events & EPOLLIN) loop_.ready().post(*this);
}

void StopFlag::pump() {
    eventfd_t value = 0;
    if (::eventfd_read(event_.value(), &value) == 0) target_.stop_requested();
}

void StopFlag::raise() {
    ::eventfd_write(event_.value(), 1);
}

}  // namespace net
