#include "net/signals.h"

#include <pthread.h>
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

}  // namespace net
