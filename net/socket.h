#pragma once

#include <memory>

#include "net/address.h"
#include "net/event_loop.h"
#include "net/fd.h"
#include "net/stream.h"

namespace net {

// Socket is a TCP connection to an upstream, and the plain stream. It remembers what epoll
// reported until the kernel takes it back, and posts its task. Owned by whoever uses the stream.
class Socket final : public Stream, public Watcher {
public:
    // Begins to connect. Null with errno set when that fails at once. `task` must outlive it.
    static std::unique_ptr<Socket> connect(EventLoop& loop, Task& task, const Address& address);

    // ok when connected.
    Io open() override;
    Io read(std::span<char> room, size_t& bytes) override;
    Io write(std::string_view bytes, size_t& taken) override;
    std::string failure() const override;

    void mark(uint32_t events) override;

private:
    Socket(ReadyList& ready, Task& task, Fd fd);
    Io broken(int error);

    Wakeup wakeup_;
    Fd fd_;
    int error_ = 0;
    bool is_readable_ = false;
    bool is_writable_ = false;
    bool peer_closed_ = false;
    bool is_connected_ = false;
};

}  // namespace net
