// The relay floor: the least a proxy can cost on this kernel. It opens one upstream connection per
// client connection and copies the bytes between them; it parses and formats nothing. Behind it
// stands `service sse` or `service json`, which say in OpenAI's form what the server makes of
// `service events`: the client's side of both ways is the same.
//
//   relay [--port P] UPSTREAM_PORT

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/ready_server.h"

namespace {

// One end of a relayed connection; the other has the descriptor `other`.
struct End {
    int other = -1;
    bool is_readable = false;  // the kernel may have bytes that were left there
    std::string tail;          // bytes from the other end that this one has not taken yet
};

class Relay {
public:
    explicit Relay(uint16_t upstream_port) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        ends_.reserve(bench::descriptors_max);  // untouched pages cost nothing
        upstream_.sin_family = AF_INET;
        upstream_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        upstream_.sin_port = htons(upstream_port);
    }
    ~Relay() { close(epoll_); }
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    [[noreturn]] void run(int listener) {
        watch(listener, EPOLLIN | EPOLLET);
        std::array<epoll_event, 256> events;
        for (;;) {
            const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
            for (int i = 0; i < count; ++i) {
                const epoll_event& event = events[static_cast<size_t>(i)];
                event.data.fd == listener ? accept_all(listener) : handle(event);
            }
        }
    }

private:
    End& at(int fd) { return ends_[static_cast<size_t>(fd)]; }

    void watch(int fd, uint32_t events) const {
        epoll_event event = {};
        event.events = events;
        event.data.fd = fd;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    void accept_all(int listener) {
        for (;;) {
            const int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (client < 0) return;
            const int upstream = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            const auto* address = reinterpret_cast<const sockaddr*>(&upstream_);
            const bool is_good = connect(upstream, address, sizeof upstream_) == 0 ||
                                 (upstream >= 0 && errno == EINPROGRESS);
            join(client, upstream);
            if (!is_good) drop(client);
        }
    }

    void join(int client, int upstream) {
        const int on = 1;
        for (const auto& [fd, other] : {std::pair(client, upstream), std::pair(upstream, client)}) {
            if (fd < 0) continue;
            if (ends_.size() <= static_cast<size_t>(fd)) ends_.resize(static_cast<size_t>(fd) + 1);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            at(fd).other = other;
            watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
        }
    }

    // An event that was meant for a closed descriptor's predecessor does no harm: the kernel is
    // asked before anything is believed.
    void handle(const epoll_event& event) {
        const int fd = event.data.fd;
        if (at(fd).other < 0) return;  // closed within this turn
        if ((event.events & EPOLLOUT) != 0 && !at(fd).tail.empty() && !flush(fd)) return;
        if ((event.events & ~uint32_t{EPOLLOUT}) == 0 || !copy_from(fd)) return;
        constexpr uint32_t over = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
        if ((event.events & over) != 0 && !at(fd).is_readable) drop(fd);
    }

    // False: the connections are gone.
    bool flush(int fd) {
        std::string& tail = at(fd).tail;
        const ssize_t sent = send(fd, tail.data(), tail.size(), MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN || drop(fd);
        tail.erase(0, static_cast<size_t>(sent));
        if (!tail.empty()) return true;
        std::string().swap(tail);
        const int other = at(fd).other;
        return !at(other).is_readable || copy_from(other);
    }

    // Copies until the kernel has no more, or the other end takes no more. A read that does not
    // fill the buffer was the last one.
    bool copy_from(int fd) {
        End& from = at(fd);
        const int to = from.other;
        do {
            from.is_readable = !at(to).tail.empty();
            if (from.is_readable) return true;
            const ssize_t got = recv(fd, bytes_.data(), bytes_.size(), 0);
            if (got < 0) return errno == EAGAIN || drop(fd);
            if (got == 0) return drop(fd);
            const std::string_view copied(bytes_.data(), static_cast<size_t>(got));
            if (!pass_on(copied, to)) return drop(fd);
            if (copied.size() < bytes_.size()) return true;
        } while (true);
    }

    bool pass_on(std::string_view bytes, int to) {
        const ssize_t sent = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        bytes.remove_prefix(sent > 0 ? static_cast<size_t>(sent) : 0);
        if (!bytes.empty()) at(to).tail.assign(bytes);
        return true;
    }

    // Always false, for the callers that return whether the connections live.
    bool drop(int fd) {
        const int other = at(fd).other;
        for (const int closed : {fd, other}) {
            if (closed < 0) continue;
            at(closed) = End();
            close(closed);
        }
        return false;
    }

    std::vector<End> ends_;  // by descriptor
    std::array<char, bench::receive_bytes> bytes_;
    sockaddr_in upstream_ = {};
    int epoll_;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        std::vector<std::string> words(argv + 1, argv + argc);
        const uint16_t port = bench::take_port(words);
        if (words.size() != 1) {
            std::fputs("usage: relay [--port P] UPSTREAM_PORT\n", stderr);
            return 2;
        }
        bench::allow_all_descriptors();
        Relay relay(static_cast<uint16_t>(std::stoul(words[0])));
        relay.run(bench::listen_on("relay", port));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
