#pragma once

#include <arpa/inet.h>
#include <doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "net/fd.h"

// What a script tells the test's thread.
class SharedText {
public:
    void set(std::string text) {
        const std::lock_guard lock(mutex_);
        text_ = std::move(text);
    }
    std::string get() const {
        const std::lock_guard lock(mutex_);
        return text_;
    }

private:
    mutable std::mutex mutex_;
    std::string text_;
};

// One accepted connection of a scripted upstream, with blocking calls.
class Peer {
public:
    explicit Peer(net::Fd fd) : fd_(std::move(fd)) {
        const int on = 1;
        ::setsockopt(fd_.value(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    // The head and, with Content-Length, the body of the next request; empty at the end.
    std::string request() {
        while (true) {
            const size_t end = unread_.find("\r\n\r\n");
            if (end != std::string::npos) {
                const size_t at = unread_.find("Content-Length: ");
                const size_t length = at < end ? std::stoul(unread_.substr(at + 16, 20)) : 0;
                const size_t size = end + 4 + length;
                if (unread_.size() >= size) {
                    std::string request = unread_.substr(0, size);
                    unread_.erase(0, size);
                    return request;
                }
            }
            if (!receive()) return {};
        }
    }

    // False when the other side is gone.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::send(fd_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count < 0) return false;
            bytes.remove_prefix(static_cast<size_t>(count));
        }
        return true;
    }

    void send_bytewise(std::string_view bytes) {
        for (char byte : bytes) {
            send({&byte, 1});
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    }

    // Waits until the other side closes; true when it does so in time.
    bool sees_end(int milliseconds = 2000) {
        while (true) {
            pollfd event{fd_.value(), POLLIN, 0};
            if (::poll(&event, 1, milliseconds) <= 0) return false;
            if (!receive()) return true;
        }
    }

    // The next close sends RST.
    void reset_on_close() {
        const linger option{1, 0};
        ::setsockopt(fd_.value(), SOL_SOCKET, SO_LINGER, &option, sizeof option);
    }

    int fd() const { return fd_.value(); }

private:
    bool receive() {
        char bytes[16384];
        const ssize_t count = ::recv(fd_.value(), bytes, sizeof bytes, 0);
        if (count <= 0) return false;
        unread_.append(bytes, static_cast<size_t>(count));
        return true;
    }

    net::Fd fd_;
    std::string unread_;
};

// Listens on a loopback port and runs a script for each connection, one after the other. The
// script is told the connection's number, from 0.
class ScriptedUpstream {
public:
    using Script = std::function<void(Peer&, int)>;

    explicit ScriptedUpstream(Script script, int family = AF_INET) : script_(std::move(script)) {
        listener_ = net::Fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in6 address{};
        socklen_t size = sizeof address;
        auto& v4 = reinterpret_cast<sockaddr_in&>(address);
        if (family == AF_INET) {
            v4.sin_family = AF_INET;
            v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            size = sizeof v4;
        } else {
            address.sin6_family = AF_INET6;
            address.sin6_addr = in6addr_loopback;
        }
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(listener_.value(), raw, size) == 0);
        REQUIRE(::listen(listener_.value(), 64) == 0);
        ::getsockname(listener_.value(), raw, &size);
        port_ = ntohs(address.sin6_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~ScriptedUpstream() {
        ::shutdown(listener_.value(), SHUT_RDWR);
        thread_.join();
    }

    uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    int connections() const { return connections_; }

private:
    void serve() {
        while (true) {
            net::Fd fd(::accept(listener_.value(), nullptr, nullptr));
            if (!fd.is_open()) return;
            Peer peer(std::move(fd));
            script_(peer, connections_++);
        }
    }

    const Script script_;
    net::Fd listener_;
    uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::thread thread_;
};
