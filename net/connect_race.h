#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/socket.h"
#include "net/upstream_limits.h"

namespace net {

// ConnectRace connects to the first of several addresses that answers (RFC 8305): when one fails,
// or does not answer soon, the next is tried beside it.
class ConnectRace {
public:
    // `addresses` has one at least. Loop, task and limits must outlive it; the task is posted
    // when advance() is worth a call.
    ConnectRace(EventLoop& loop, Task& task, const UpstreamLimits& limits,
                std::vector<Address> addresses);

    Io advance();  // again, ok or failed

    std::unique_ptr<Socket> take() { return std::move(winner_); }  // after ok
    const std::string& failure() const { return failure_; }        // of the last one that failed

private:
    bool try_next();

    EventLoop& loop_;
    Task& task_;
    const UpstreamLimits& limits_;
    const std::vector<Address> addresses_;
    size_t next_ = 0;
    std::vector<std::unique_ptr<Socket>> attempts_;
    std::unique_ptr<Socket> winner_;
    std::string failure_;
    Timer delay_;
};

}  // namespace net
