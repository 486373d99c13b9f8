#include "net/socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace net {

std::unique_ptr<Socket> Socket::connect(EventLoop& loop, Task& task, const Address& address) {
    Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) return nullptr;
    const int on = 1;
    ::setsockopt(fd.value(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd.value(), address.data(), address.size()) != 0 && errno != EINPROGRESS) {
        return nullptr;
    }
    // Watched only now: before connect() epoll would report an unconnected socket as hung up.
    std::unique_ptr<Socket> made(new Socket(loop.ready(), task, std::move(fd)));
    if (!loop.watch(made->fd_.value(), *made)) return nullptr;
    return made;
}

Socket::Socket(ReadyList& ready, Task& task, Fd fd) : wakeup_(ready, task), fd_(std::move(fd)) {}

void Socket::mark(uint32_t events) {
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) is_readable_ = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) is_writable_ = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) peer_closed_ = true;
    wakeup_.wake();
}

Io Socket::open() {
    if (is_connected_) return Io::ok;
    if (!is_writable_) return Io::again;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd_.value(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return broken(error);
    is_connected_ = true;
    return Io::ok;
}

Io Socket::read(std::span<char> room, size_t& bytes) {
    while (is_readable_) {
        const ssize_t count = ::recv(fd_.value(), room.data(), room.size(), 0);
        if (count > 0) {
            bytes = static_cast<size_t>(count);
            // A short read has emptied the socket; what comes later is a new edge.
            if (bytes < room.size() && !peer_closed_) is_readable_ = false;
            return Io::ok;
        }
        if (count == 0) return Io::closed;
        if (errno == EAGAIN) {
            is_readable_ = false;
        } else if (errno != EINTR) {
            return broken(errno);
        }
    }
    return Io::again;
}

Io Socket::write(std::string_view bytes, size_t& taken) {
    while (is_writable_) {
        const ssize_t count = ::send(fd_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            taken = static_cast<size_t>(count);
            return Io::ok;
        }
        if (errno == EAGAIN) {
            is_writable_ = false;
        } else if (errno != EINTR) {
            return broken(errno);
        }
    }
    return Io::again;
}

Io Socket::broken(int error) {
    error_ = error;
    return Io::failed;
}

std::string Socket::failure() const {
    return std::strerror(error_);
}

}  // namespace net
