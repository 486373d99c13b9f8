// The floor: the least an epoll server can cost on this kernel. It looks for the end of a request
// and sends bytes prepared at start; it parses and formats nothing. What the real server costs
// above it is the price of HTTP, JSON and the conversation. Not a server for anybody's use: a
// request whose head does not arrive in one piece is cut off.
//
//   floor [--port P] json BYTES                             one answer of BYTES, head included
//   floor [--port P] stream FRAMES BYTES FRAMES_PER_SEND    a stream, all frames ready at once
//   floor [--port P] paced FRAMES BYTES INTERVAL_MS         a stream, one frame per interval

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
#include <vector>

namespace {

constexpr size_t descriptors_max = 20000;
constexpr size_t receive_bytes = 64 * 1024;

// The whole response, and where each `send` of it ends.
struct Answer {
    std::string bytes;
    std::vector<size_t> ends;
};

std::string frame_of(size_t bytes) {
    const std::string before =
        "data: {\"id\":\"chatcmpl-0000000000000000\",\"object\":\"chat.completion.chunk\","
        "\"created\":1700000000,\"model\":\"amazon-q\",\"choices\":[{\"index\":0,\"delta\":"
        "{\"content\":\"";
    const std::string after =
        "\"},\"finish_reason\":null}],\"system_fingerprint\":null,\"service_tier\":null}\n\n";
    const size_t fixed = before.size() + after.size();
    return before + std::string(bytes > fixed ? bytes - fixed : 1, 'x') + after;
}

Answer json_answer(size_t bytes) {
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    const size_t fixed = head.size() + std::strlen("000\r\n\r\n{\"content\":\"\"}");
    const std::string body =
        "{\"content\":\"" + std::string(bytes > fixed ? bytes - fixed : 0, 'x') + "\"}";
    std::string answer = head + std::to_string(body.size()) + "\r\n\r\n" + body;
    const size_t end = answer.size();
    return {std::move(answer), {end}};
}

// One chunk per send, as the server does it.
Answer stream_answer(size_t frames, size_t frame_bytes, size_t frames_per_send) {
    Answer answer;
    answer.bytes =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
        "Cache-Control: no-cache\r\nConnection: keep-alive\r\nAccess-Control-Allow-Origin: *\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    const std::string frame = frame_of(frame_bytes);
    for (size_t done = 0; done < frames;) {
        const size_t count = std::min(frames_per_send, frames - done);
        done += count;
        std::string chunk;
        for (size_t i = 0; i < count; ++i) chunk += frame;
        if (done == frames) chunk += "data: [DONE]\n\n";
        std::array<char, 24> size;
        std::snprintf(size.data(), size.size(), "%06zx\r\n", chunk.size());
        answer.bytes.append(size.data()).append(chunk).append("\r\n");
        if (done == frames) answer.bytes += "0\r\n\r\n";
        answer.ends.push_back(answer.bytes.size());
    }
    return answer;
}

struct Connection {
    size_t missing = 0;  // bytes of the request's body still to come
    uint32_t sent = 0;   // bytes of the answer the kernel has taken
    uint32_t piece = 0;  // index into Answer::ends
    int next = -1;       // neighbours in the slot
    int previous = -1;
    int32_t slot = -1;
    bool answering = false;
};

class Floor {
public:
    // interval_ms 0: everything is ready at once.
    Floor(Answer answer, size_t interval_ms)
        : answer_(std::move(answer)),
          slots_(interval_ms, -1),
          epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        connections_.reserve(descriptors_max);  // untouched pages cost nothing
    }
    ~Floor() { close(epoll_); }
    Floor(const Floor&) = delete;
    Floor& operator=(const Floor&) = delete;

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
                send_pieces(fd);
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
        }
        connection.missing -= std::min(connection.missing, bytes.size());
        if (connection.missing > 0) return;
        connection.sent = 0;
        connection.piece = 0;
        connection.answering = true;
        if (!slots_.empty()) link(fd, static_cast<int32_t>(last_tick_ms_ % slots_.size()));
        send_pieces(fd);
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
        do {
            const size_t end = answer_.ends[connection.piece];
            const ssize_t sent = send(fd, answer_.bytes.data() + connection.sent,
                                      end - connection.sent, MSG_NOSIGNAL);
            if (sent < 0) return;  // full: EPOLLOUT, or the next tick, goes on; broken: EPOLLERR
            connection.sent += static_cast<uint32_t>(sent);
            if (connection.sent < end) return;
            if (++connection.piece == answer_.ends.size()) return finish(fd);
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
    std::vector<int> slots_;  // by millisecond of the interval: the first stream due then, or -1
    std::vector<Connection> connections_;  // by descriptor
    std::array<char, receive_bytes> received_;
    uint64_t last_tick_ms_ = 0;
    int epoll_;
    int listener_ = -1;
};

int listen_on(uint16_t port) {
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
    std::printf("floor on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    uint16_t port = 0;
    if (words.size() >= 2 && words[0] == "--port") {
        port = static_cast<uint16_t>(std::stoul(words[1]));
        words.erase(words.begin(), words.begin() + 2);
    }
    std::vector<size_t> numbers;
    for (size_t i = 1; i < words.size(); ++i) numbers.push_back(std::stoul(words[i]));
    const bool json = words.size() == 2 && words[0] == "json";
    const bool stream = words.size() == 4 && words[0] == "stream";
    const bool paced = words.size() == 4 && words[0] == "paced";
    if ((!json && !stream && !paced) || std::count(numbers.begin(), numbers.end(), 0U) > 0) {
        std::fputs(
            "usage: floor [--port P] json BYTES | stream FRAMES BYTES FRAMES_PER_SEND"
            " | paced FRAMES BYTES INTERVAL_MS\n",
            stderr);
        return 2;
    }
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    Answer answer = json ? json_answer(numbers[0])
                         : stream_answer(numbers[0], numbers[1], paced ? 1 : numbers[2]);
    Floor floor(std::move(answer), paced ? numbers[2] : 0);
    floor.run(listen_on(port));
}
