#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/event_loop.h"

struct ares_channeldata;

namespace net {

struct ResolverSettings {
    std::string servers{};  // "host:port,..."; empty: those of /etc/resolv.conf
    Milliseconds timeout{2'000};
    int tries = 3;
};

// Who is told what a name stands for.
class NameAnswer {
public:
    // Once. No addresses: `failure` (static) says why.
    virtual void answered(std::vector<Address> addresses, Milliseconds lifetime,
                          std::string_view failure) = 0;

protected:
    ~NameAnswer() = default;
};

// ResolverChannel is c-ares in the event loop: its sockets are watchers, its timeouts a timer.
// c-ares reads /etc/hosts and /etc/resolv.conf and nothing else, unlike getaddrinfo, which blocks
// and inside a static program may load modules that were built for another libc.
class ResolverChannel final : public Task {
public:
    ResolverChannel(EventLoop& loop, const ResolverSettings& settings);
    ~ResolverChannel();

    // May answer before it returns. `answer` must live until then, or until the channel is gone.
    void look_up(const std::string& host, NameAnswer& answer);

    // Whether /etc/resolv.conf has changed since the channel was made.
    bool is_outdated() const;

    void pump() override;

private:
    class Watch;

    void socket_changed(int fd, bool wants_read, bool wants_write);
    bool process_one();
    void arm_timer();

    EventLoop& loop_;
    Timer timer_;
    timespec configured_{};
    ares_channeldata* channel_ = nullptr;  // null: c-ares could not begin
    std::string_view failure_;
    std::vector<std::unique_ptr<Watch>> watches_;
};

}  // namespace net
