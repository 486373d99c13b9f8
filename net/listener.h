#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "net/event_loop.h"
#include "net/fd.h"
#include "net/limits.h"

namespace net {

// An IP address and port to listen on.
struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;

    // `host` is an IPv4 or IPv6 literal, or localhost. Throws std::runtime_error.
    static Endpoint of(const std::string& host, uint16_t port);

    uint16_t port() const;
    bool is_loopback() const;
    // host:port as in a URL.
    std::string text() const;
};

// Makes `count` listening sockets, among which the kernel deals the connections (SO_REUSEPORT). No
// other program has the port then; for port 0 the endpoint is told which one it got. Accepted
// connections inherit TCP_NODELAY. Throws std::system_error.
std::vector<Fd> listen_on(Endpoint& endpoint, size_t count, int backlog);

// Who takes what a listener accepts.
class Acceptor {
public:
    virtual bool has_room() const = 0;
    virtual void accepted(Fd socket, const sockaddr_storage& peer) = 0;
    // Over the limit: say so as cheaply as possible.
    virtual void shed(Fd socket) = 0;
    virtual void accept_failed(int error) = 0;

protected:
    ~Acceptor() = default;
};

// Listener accepts until EAGAIN. When descriptors run out it closes strangers by means of one it
// holds in reserve, and tries again by timer: an edge-triggered event would not come back for
// connections that wait already.
class Listener final : public Watcher, public Task {
public:
    // Throws std::system_error. All references must outlive it.
    Listener(EventLoop& loop, Acceptor& acceptor, Fd socket, const Limits& limits);

    void mark(uint32_t events) override;
    void pump() override;

    // Takes what the kernel has accepted already, then closes.
    void close();
    bool is_open() const { return socket_.is_open(); }

private:
    // Returns whether there may be more.
    bool accept_one();
    void shed_with_reserve();

    EventLoop& loop_;
    Acceptor& acceptor_;
    const Limits& limits_;
    Timer retry_;
    Fd reserve_;
    Fd socket_;
};

}  // namespace net
