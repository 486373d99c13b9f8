#include "net/connect_race.h"

#include <cerrno>
#include <cstring>

namespace net {

ConnectRace::ConnectRace(EventLoop& loop, Task& task, const UpstreamLimits& limits,
                         std::vector<Address> addresses)
    : loop_(loop),
      task_(task),
      limits_(limits),
      addresses_(std::move(addresses)),
      delay_(loop.timers(), task) {}

Io ConnectRace::advance() {
    for (std::unique_ptr<Socket>& attempt : attempts_) {
        switch (attempt->open()) {
            case Io::ok:
                winner_ = std::move(attempt);
                attempts_.clear();
                delay_.disarm();
                return Io::ok;
            case Io::again:
                break;
            case Io::closed:
            case Io::failed:
                failure_ = attempt->failure();
                attempt.reset();
                break;
        }
    }
    std::erase(attempts_, nullptr);
    if ((attempts_.empty() || delay_.take_expired()) && !try_next() && attempts_.empty()) {
        return Io::failed;
    }
    return Io::again;
}

bool ConnectRace::try_next() {
    while (next_ < addresses_.size() && next_ < limits_.addresses_max) {
        auto attempt = Socket::connect(loop_, task_, addresses_[next_++]);
        if (attempt) {
            attempts_.push_back(std::move(attempt));
            if (next_ < addresses_.size()) delay_.arm(limits_.attempt_delay);
            return true;
        }
        failure_ = std::strerror(errno);
    }
    return false;
}

}  // namespace net
