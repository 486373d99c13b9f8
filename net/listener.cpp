#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace net {
namespace {

constexpr int accepts_per_turn = 128;

[[noreturn]] void fail(const Endpoint& endpoint) {
    throw std::system_error(errno, std::generic_category(), "cannot listen on " + endpoint.text());
}

void set_option(const Fd& socket, int level, int option) {
    const int on = 1;
    ::setsockopt(socket.value(), level, option, &on, sizeof on);
}

// Accepted connections inherit TCP_NODELAY.
Fd listening_socket(const Endpoint& endpoint, bool shares_port, int backlog) {
    Fd socket(::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) fail(endpoint);
    set_option(socket, SOL_SOCKET, SO_REUSEADDR);
    if (shares_port) set_option(socket, SOL_SOCKET, SO_REUSEPORT);
    set_option(socket, IPPROTO_TCP, TCP_NODELAY);
    const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
    if (::bind(socket.value(), address, endpoint.size) != 0) fail(endpoint);
    // bind() alone lets two programs have a port that nobody listens on yet.
    if (::listen(socket.value(), backlog) != 0) fail(endpoint);
    return socket;
}

}  // namespace

Endpoint Endpoint::of(const std::string& host, uint16_t port) {
    Endpoint endpoint;
    auto& v4 = reinterpret_cast<sockaddr_in&>(endpoint.address);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(endpoint.address);
    const std::string literal = host == "localhost" ? "127.0.0.1" : host;
    if (::inet_pton(AF_INET, literal.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        endpoint.size = sizeof v4;
    } else if (::inet_pton(AF_INET6, literal.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        endpoint.size = sizeof v6;
    } else {
        throw std::runtime_error("not an IP address: " + host);
    }
    return endpoint;
}

uint16_t Endpoint::port() const {
    // The port has the same place in both families.
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

bool Endpoint::is_loopback() const {
    if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == 127;
}

std::string Endpoint::text() const {
    char host[INET6_ADDRSTRLEN] = "";
    const bool is_v6 = address.ss_family == AF_INET6;
    const void* from =
        is_v6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
              : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
    ::inet_ntop(address.ss_family, from, host, sizeof host);
    const std::string port_text = ':' + std::to_string(port());
    return is_v6 ? '[' + std::string(host) + ']' + port_text : host + port_text;
}

std::vector<Fd> listen_on(Endpoint& endpoint, size_t count, int backlog) {
    std::vector<Fd> sockets;
    sockets.push_back(listening_socket(endpoint, false, backlog));
    const Fd& first = sockets.front();
    auto* address = reinterpret_cast<sockaddr*>(&endpoint.address);
    if (::getsockname(first.value(), address, &endpoint.size) != 0) fail(endpoint);
    // It has the port alone until now; where all that have it say so, others can join.
    if (count > 1) set_option(first, SOL_SOCKET, SO_REUSEPORT);
    while (sockets.size() < count) sockets.push_back(listening_socket(endpoint, true, backlog));
    return sockets;
}

Listener::Listener(EventLoop& loop, Acceptor& acceptor, Fd socket, const Limits& limits)
    : loop_(loop),
      acceptor_(acceptor),
      limits_(limits),
      retry_(loop.timers(), *this),
      reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      socket_(std::move(socket)) {
    if (!loop.watch(socket_.value(), *this)) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
}

void Listener::mark(uint32_t) {
    loop_.ready().post(*this);
}

void Listener::pump() {
    (void)retry_.take_expired();
    if (!socket_.is_open()) return;
    for (int i = 0; i < accepts_per_turn; ++i) {
        if (!accept_one()) return;
    }
    loop_.ready().yield(*this);
}

void Listener::close() {
    while (socket_.is_open() && accept_one()) {
    }
    retry_.disarm();
    socket_.reset();
}

bool Listener::accept_one() {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    Fd socket(::accept4(socket_.value(), reinterpret_cast<sockaddr*>(&peer), &size,
                        SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.is_open()) {
        if (acceptor_.has_room()) {
            acceptor_.accepted(std::move(socket), peer);
        } else {
            acceptor_.shed(std::move(socket));
        }
        return true;
    }
    switch (errno) {
        case EAGAIN:
            return false;
        case EINTR:
        case ECONNABORTED:
        case EPROTO:
            return true;
        default:
            acceptor_.accept_failed(errno);
            if (errno == EMFILE || errno == ENFILE) shed_with_reserve();
            retry_.arm(limits_.accept_retry_interval);
            return false;
    }
}

void Listener::shed_with_reserve() {
    reserve_.reset();
    Fd stranger(::accept4(socket_.value(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (stranger.is_open()) acceptor_.shed(std::move(stranger));
    reserve_ = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace net
