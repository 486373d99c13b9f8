#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace bench {

constexpr size_t descriptors_max = 20000;
constexpr size_t receive_bytes = 64 * 1024;

// The whole response, and where each `send` of it ends.
struct Answer {
    std::string bytes;
    std::vector<size_t> ends;
};

// The response's head and `pieces` as chunks, of which `pieces_per_send` leave together, in one
// chunk, as the server does it.
inline Answer chunked_answer(std::string_view head, const std::vector<std::string>& pieces,
                             std::string_view end, size_t pieces_per_send) {
    Answer answer;
    answer.bytes.append(head).append("Transfer-Encoding: chunked\r\n\r\n");
    for (size_t done = 0; done < pieces.size();) {
        const size_t stop = std::min(done + pieces_per_send, pieces.size());
        std::string chunk;
        while (done < stop) chunk += pieces[done++];
        if (done == pieces.size()) chunk += end;
        std::array<char, 24> size;
        std::snprintf(size.data(), size.size(), "%06zx\r\n", chunk.size());
        answer.bytes.append(size.data()).append(chunk).append("\r\n");
        if (done == pieces.size()) answer.bytes += "0\r\n\r\n";
        answer.ends.push_back(answer.bytes.size());
    }
    return answer;
}

inline Answer json_answer_of(std::string_view type, std::string_view body) {
    Answer answer;
    answer.bytes.append("HTTP/1.1 200 OK\r\nContent-Type: ").append(type);
    answer.bytes.append("\r\nContent-Length: ").append(std::to_string(body.size()));
    answer.bytes.append("\r\n\r\n").append(body);
    answer.ends.push_back(answer.bytes.size());
    return answer;
}

constexpr std::string_view sse_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Cache-Control: no-cache\r\nConnection: keep-alive\r\nAccess-Control-Allow-Origin: *\r\n";

struct Connection {
    const Answer* answer = nullptr;
    size_t missing = 0;  // bytes of the request's body still to come
    uint32_t sent = 0;   // bytes of the answer the kernel has taken
    uint32_t piece = 0;  // index into Answer::ends
    int next = -1;       // neighbours in the slot
    int previous = -1;
    int32_t slot = -1;
    bool answering = false;
    bool is_new = false;  // its slot comes up once more before its second piece is due
};

// Answers every request with bytes prepared at start. It looks for the end of the request and
// parses nothing; a request whose head does not arrive in one piece is cut off.
class ReadyServer {
public:
    // interval_ms 0: everything is ready at once.
    ReadyServer(Answer answer, size_t interval_ms)
        : answer_(std::move(answer)),
          slots_(interval_ms, -1),
          epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        connections_.reserve(descriptors_max);  // untouched pages cost nothing
    }
    ~ReadyServer() { close(epoll_); }
    ReadyServer(const ReadyServer&) = delete;
    ReadyServer& operator=(const ReadyServer&) = delete;

    // What a request gets whose head holds `mark`.
    void add_other(std::string mark, Answer answer) {
        other_mark_ = std::move(mark);
        other_ = std::move(answer);
    }

    [[noreturn]] void run(int listener) {
        listener_ = listener;
        watch(listener, EPOLLIN | EPOLLET);
        std::array<epoll_event, 256> events;
        last_tick_ms_ = now_ms();
        for (;;) {
            const int count = epoll_wait(epoll_, events.data(), events.size(), wait_ms());
            if (!slots_.empty()) tick();
            for (int i = 0; i < count; ++i) handle(events[static_cast<size_t>(i)]);
        }
    }

private:
    static uint64_t now_ms() {
        timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return static_cast<uint64_t>(now.tv_sec) * 1000 +
               static_cast<uint64_t>(now.tv_nsec) / 1000000;
    }

    Connection& at(int fd) { return connections_[static_cast<size_t>(fd)]; }

    void watch(int fd, uint32_t events) const {
        epoll_event event = {};
        event.events = events;
        event.data.fd = fd;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    int wait_ms() const {
        for (size_t ahead = 1; ahead <= slots_.size(); ++ahead) {
            if (slots_[(last_tick_ms_ + ahead) % slots_.size()] < 0) continue;
            const uint64_t due = last_tick_ms_ + ahead;
            const uint64_t now = now_ms();
            return due > now ? static_cast<int>(due - now) : 0;
        }
        return -1;
    }

    void tick() {
        const uint64_t now = now_ms();
        while (last_tick_ms_ < now) {
            ++last_tick_ms_;
            int fd = slots_[last_tick_ms_ % slots_.size()];
            while (fd >= 0) {
                const int next = at(fd).next;
                if (!std::exchange(at(fd).is_new, false)) send_pieces(fd);
                fd = next;
            }
        }
    }

    void handle(const epoll_event& event) {
        const int fd = event.data.fd;
        if (fd == listener_) return accept_all();
        if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) return drop(fd);
        if ((event.events & EPOLLIN) != 0) return receive(fd);
        if (at(fd).answering && slots_.empty()) send_pieces(fd);
    }

    void accept_all() {
        const int on = 1;
        for (;;) {
            const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            if (connections_.size() <= static_cast<size_t>(fd)) {
                connections_.resize(static_cast<size_t>(fd) + 1);
            }
            at(fd) = Connection();
            watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
        }
    }

    void receive(int fd) {
        const ssize_t got = recv(fd, received_.data(), received_.size(), 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return drop(fd);
        Connection& connection = at(fd);
        const std::string_view bytes(received_.data(), static_cast<size_t>(got));
        if (connection.missing == 0) {
            const size_t head = bytes.find("\r\n\r\n");
            if (head == std::string_view::npos) return drop(fd);
            connection.missing = head + 4 + content_length(bytes.substr(0, head));
            connection.answer = choose(bytes.substr(0, head));
        }
        connection.missing -= std::min(connection.missing, bytes.size());
        if (connection.missing > 0) return;
        connection.sent = 0;
        connection.piece = 0;
        connection.answering = true;
        // On the next tick of the grid, since no piece may leave before its time.
        if (!slots_.empty()) link(fd, static_cast<int32_t>((last_tick_ms_ + 1) % slots_.size()));
        send_pieces(fd);
    }

    const Answer* choose(std::string_view head) const {
        const bool is_other =
            !other_mark_.empty() && head.find(other_mark_) != std::string_view::npos;
        return is_other ? &other_ : &answer_;
    }

    static size_t content_length(std::string_view head) {
        size_t at = head.find("\r\nContent-Length:");
        if (at == std::string_view::npos) at = head.find("\r\ncontent-length:");
        if (at == std::string_view::npos) return 0;
        return std::strtoul(head.data() + at + std::strlen("\r\nContent-Length:"), nullptr, 10);
    }

    // Sends what is ready: one piece when paced, else all of them, each with its own send.
    void send_pieces(int fd) {
        Connection& connection = at(fd);
        const Answer& answer = *connection.answer;
        do {
            const size_t end = answer.ends[connection.piece];
            const ssize_t sent = send(fd, answer.bytes.data() + connection.sent,
                                      end - connection.sent, MSG_NOSIGNAL);
            if (sent < 0) return;  // full: EPOLLOUT, or the next tick, goes on; broken: EPOLLERR
            connection.sent += static_cast<uint32_t>(sent);
            if (connection.sent < end) return;
            if (++connection.piece == answer.ends.size()) return finish(fd);
        } while (slots_.empty());
    }

    void finish(int fd) {
        at(fd).answering = false;
        unlink(fd);
    }

    void link(int fd, int32_t slot) {
        int& first = slots_[static_cast<size_t>(slot)];
        Connection& connection = at(fd);
        connection.slot = slot;
        connection.is_new = true;
        connection.previous = -1;
        connection.next = first;
        if (first >= 0) at(first).previous = fd;
        first = fd;
    }

    void unlink(int fd) {
        Connection& connection = at(fd);
        if (connection.slot < 0) return;
        if (connection.next >= 0) at(connection.next).previous = connection.previous;
        if (connection.previous >= 0) {
            at(connection.previous).next = connection.next;
        } else {
            slots_[static_cast<size_t>(connection.slot)] = connection.next;
        }
        connection.slot = -1;
    }

    void drop(int fd) {
        unlink(fd);
        close(fd);
    }

    const Answer answer_;
    Answer other_;
    std::string other_mark_;  // empty: there is no other
    std::vector<int> slots_;  // by millisecond of the interval: the first stream due then, or -1
    std::vector<Connection> connections_;  // by descriptor
    std::array<char, receive_bytes> received_;
    uint64_t last_tick_ms_ = 0;
    int epoll_;
    int listener_ = -1;
};

// Listens on loopback and announces it, as bench/run and `start` expect. Port 0: any free one.
inline int listen_on(const char* name, uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    socklen_t size = sizeof address;
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 4096) != 0) {
        throw std::system_error(errno, std::generic_category(), "listen");
    }
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%s on http://127.0.0.1:%d\n", name, ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

inline void allow_all_descriptors() {
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// The number after --port, which is taken out of the words; 0 without it.
inline uint16_t take_port(std::vector<std::string>& words) {
    if (words.size() < 2 || words[0] != "--port") return 0;
    const auto port = static_cast<uint16_t>(std::stoul(words[1]));
    words.erase(words.begin(), words.begin() + 2);
    return port;
}

}  // namespace bench
