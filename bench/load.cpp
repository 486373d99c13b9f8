// An open-loop load of chat requests that verifies every byte it receives and measures from the
// moment a request was due, so a slow server cannot hide by slowing the load down.
// Prints one `name value` per line; exits 1 when an answer was wrong or missing.

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
#include <ctime>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include "bench/histogram.h"
#include "bench/load_options.h"
#include "bench/process.h"
#include "bench/response_check.h"

namespace {

using bench::LoadOptions;
using bench::ResponseCheck;

int64_t now_ns() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

double seconds(int64_t ns) {
    return static_cast<double>(ns) / 1e9;
}

struct Stream {
    int fd = -1;
    bool is_open = false;
    bool is_first_seen = false;  // of the whole stream, over all its requests
    size_t requests = 0;         // begun
    size_t written = 0;          // bytes of the current request
    int64_t due_ns = 0;          // when the current request should begin
    int64_t sent_ns = 0;
    int64_t begun_ns = 0;  // the first request
    int64_t last_ns = 0;   // the last frame
    uint64_t frames = 0;
    ResponseCheck check;
};

struct Snapshot {
    int64_t at_ns = 0;
    int64_t cpu_ns = 0;
    int64_t memory_kib = 0;
    uint64_t frames = 0;
};

// All streams of a run; they are addressed by index, which epoll carries.
class Load {
public:
    explicit Load(LoadOptions options)
        : options_(std::move(options)),
          request_(bench::request_text(options_)),
          epoll_(epoll_create1(EPOLL_CLOEXEC)),
          streams_(options_.streams) {
        expected_.is_stream = !options_.plain;
        expected_.tokens = options_.plain ? 0 : bench::echo_number(options_.echo, "tokens");
        if (options_.check_text) expected_.text = options_.message;
        // The echo repeats its message with a space between.
        if (options_.check_text && expected_.tokens > 0) expected_.text += ' ';
        delay_ns_ = static_cast<int64_t>(bench::echo_number(options_.echo, "delay")) * 1'000'000;
        interval_ns_ =
            static_cast<int64_t>(bench::echo_number(options_.echo, "interval")) * 1'000'000;
    }
    ~Load() { close(epoll_); }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // True when every answer was right.
    bool run() {
        begin_ = window_begin_ = snapshot();
        const int64_t deadline = begin_.at_ns + static_cast<int64_t>(options_.seconds * 1e9);
        std::array<epoll_event, 128> events;
        for (int64_t now = begin_.at_ns; now < deadline && ended_ < streams_.size();
             now = now_ns()) {
            const int64_t next = open_due(now);
            const int64_t wait = std::max<int64_t>(0, std::min(next, deadline) - now);
            const timespec timeout = {wait / 1'000'000'000, wait % 1'000'000'000};
            const int count = epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
            for (int i = 0; i < count; ++i) handle(events[static_cast<size_t>(i)]);
        }
        if (window_end_.at_ns == 0) window_end_ = snapshot();
        for (Stream& stream : streams_) abandon(stream);
        report();
        return failures_.empty();
    }

private:
    Snapshot snapshot() const {
        Snapshot result;
        result.at_ns = now_ns();
        result.frames = frames_;
        if (options_.pid != 0) {
            result.cpu_ns = bench::cpu_ns(options_.pid);
            result.memory_kib = bench::memory_kib(options_.pid, "Private_Dirty:");
        }
        return result;
    }

    // Opens what is due and tells when the next one is. The schedule is fixed: late is late.
    int64_t open_due(int64_t now) {
        while (opened_ < streams_.size()) {
            const double offset =
                options_.rate > 0 ? static_cast<double>(opened_) * 1e9 / options_.rate : 0;
            const int64_t due = begin_.at_ns + static_cast<int64_t>(offset);
            if (due > now) return due;
            open(streams_[opened_], due);
            ++opened_;
        }
        return INT64_MAX;
    }

    void open(Stream& stream, int64_t due) {
        stream.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (stream.fd < 0) return fail(stream, "no descriptor left");
        stream.is_open = true;
        const int on = 1;
        setsockopt(stream.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(options_.port);
        stream.due_ns = stream.begun_ns = due;
        if (connect(stream.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
            errno != EINPROGRESS) {
            return fail(stream, "cannot connect");
        }
        control(stream, EPOLL_CTL_ADD, EPOLLOUT);
    }

    void control(const Stream& stream, int operation, uint32_t events) const {
        epoll_event event = {};
        event.events = events;
        event.data.u64 = static_cast<uint64_t>(&stream - streams_.data());
        epoll_ctl(epoll_, operation, stream.fd, &event);
    }

    void handle(const epoll_event& event) {
        Stream& stream = streams_[event.data.u64];
        if ((event.events & EPOLLOUT) != 0 && stream.requests == 0) begin_request(stream);
        if ((event.events & EPOLLOUT) != 0) write(stream);
        if (stream.is_open && (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) read(stream);
    }

    static void begin_request(Stream& stream) {
        ++stream.requests;
        stream.written = 0;
        stream.sent_ns = now_ns();
        stream.check.restart();
    }

    // Registered for EPOLLOUT on entry, and still so when the request did not fit.
    void write(Stream& stream) {
        const ssize_t sent = send(stream.fd, request_.data() + stream.written,
                                  request_.size() - stream.written, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN ? void() : fail(stream, "connection refused or reset");
        stream.written += static_cast<size_t>(sent);
        if (stream.written == request_.size()) control(stream, EPOLL_CTL_MOD, EPOLLIN);
    }

    void read(Stream& stream) {
        const ssize_t got = recv(stream.fd, received_.data(), received_.size(), 0);
        if (got < 0) return errno == EAGAIN ? void() : fail(stream, "connection reset");
        if (got == 0) return fail(stream, "closed in the middle of an answer");
        ++reads_;
        const uint32_t before = stream.check.frames();
        const auto state =
            stream.check.feed({received_.data(), static_cast<size_t>(got)}, expected_);
        if (stream.check.frames() > before) count_frames(stream, before);
        if (state == ResponseCheck::State::failed) return fail(stream, stream.check.reason());
        if (state == ResponseCheck::State::complete) complete(stream);
    }

    void count_frames(Stream& stream, uint32_t before) {
        const uint32_t after = stream.check.frames();
        const int64_t now = now_ns();
        for (uint32_t i = before; i < after; ++i) {
            if (i == 0) {
                first_token_.add(now - stream.due_ns);
            } else {
                gap_.add(i == before ? now - stream.last_ns : 0);
            }
            if (interval_ns_ > 0) {
                lateness_.add(now - (stream.sent_ns + delay_ns_ + interval_ns_ * i));
            }
        }
        stream.last_ns = now;
        stream.frames += after - before;
        frames_ += after - before;
        if (stream.is_first_seen) return;
        stream.is_first_seen = true;
        if (++started_ == streams_.size() && ended_ == 0) window_begin_ = snapshot();
    }

    void complete(Stream& stream) {
        ++answers_;
        wire_bytes_ += stream.check.wire_bytes();
        if (stream.check.frames() > 1) {
            frame_bytes_ += stream.check.frame_bytes();
            later_frames_ += stream.check.frames() - 1;
        }
        if (options_.repeat != 0 && stream.requests == options_.repeat) return end(stream);
        stream.due_ns = now_ns();
        begin_request(stream);
        const ssize_t sent = send(stream.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
        stream.written = sent > 0 ? static_cast<size_t>(sent) : 0;
        if (stream.written < request_.size()) control(stream, EPOLL_CTL_MOD, EPOLLOUT);
    }

    void end(Stream& stream) {
        // With repeats the window goes on until the end: streams of equal length end together.
        if (ended_ == 0 && options_.repeat == 1 && started_ == streams_.size()) {
            window_end_ = snapshot();
        }
        ++ended_;
        if (stream.is_open) close(stream.fd);
        stream.is_open = false;
    }

    void fail(Stream& stream, const char* reason) {
        ++failures_[reason];
        end(stream);
    }

    void abandon(Stream& stream) {
        const bool counts = !options_.cut && options_.repeat != 0;
        if (stream.is_open && counts) return fail(stream, "unfinished when the time was over");
        if (stream.begun_ns == 0) return fail(stream, "not begun when the time was over");
        if (stream.is_open) end(stream);
    }

    // Jain's index of the frame rates: 1 when all streams were equally fast, 1/n when one had all.
    double fairness() const {
        double sum = 0;
        double squares = 0;
        size_t count = 0;
        for (const Stream& stream : streams_) {
            if (stream.frames == 0) continue;
            const double rate =
                static_cast<double>(stream.frames) / seconds(stream.last_ns - stream.begun_ns);
            sum += rate;
            squares += rate * rate;
            ++count;
        }
        return count == 0 ? 0 : sum * sum / (squares * static_cast<double>(count));
    }

    template <typename Amount, typename Count>
    static double per(Amount amount, Count count) {
        return count == 0 ? 0 : static_cast<double>(amount) / static_cast<double>(count);
    }

    static void line(const char* name, double value) { std::printf("%s %.6g\n", name, value); }

    static void line_ms(const char* name, const bench::Histogram& of) {
        std::printf("%s_ms p50 %.3f p90 %.3f p99 %.3f max %.3f\n", name, of.quantile_ms(.5),
                    of.quantile_ms(.9), of.quantile_ms(.99), of.max_ms());
    }

    void report() const {
        uint64_t failed = 0;
        for (const auto& [reason, count] : failures_) {
            failed += count;
            std::printf("failed %llu %s\n", static_cast<unsigned long long>(count), reason.c_str());
        }
        const Snapshot& begin = window_begin_;
        const uint64_t frames = window_end_.frames - begin.frames;
        line("answers_ok", static_cast<double>(answers_));
        line("streams_failed", static_cast<double>(failed));
        line("frames", static_cast<double>(frames_));
        line("frames_per_second", 1e9 * per(frames, window_end_.at_ns - begin.at_ns));
        line("frames_per_read", per(frames_, reads_));
        line("fairness", fairness());
        line_ms("first_token", first_token_);
        line_ms("gap", gap_);
        if (interval_ns_ > 0) line_ms("lateness", lateness_);
        if (answers_ > 0) line("answer_bytes", per(wire_bytes_, answers_));
        if (later_frames_ > 0) line("frame_bytes", per(frame_bytes_, later_frames_));
        if (options_.pid == 0) return;
        line("cpu_us_per_frame", per(window_end_.cpu_ns - begin.cpu_ns, frames) / 1e3);
        line("kib_per_stream", per(begin.memory_kib - begin_.memory_kib, streams_.size()));
    }

    const LoadOptions options_;
    const std::string request_;
    bench::Expected expected_;
    int64_t delay_ns_ = 0;
    int64_t interval_ns_ = 0;
    int epoll_;
    std::vector<Stream> streams_;
    std::array<char, 64 * 1024> received_;

    size_t opened_ = 0;
    size_t started_ = 0;  // streams that had a frame
    size_t ended_ = 0;
    uint64_t answers_ = 0;
    uint64_t frames_ = 0;
    uint64_t reads_ = 0;
    uint64_t wire_bytes_ = 0;
    uint64_t frame_bytes_ = 0;
    uint64_t later_frames_ = 0;
    bench::Histogram first_token_;
    bench::Histogram gap_;
    bench::Histogram lateness_;
    std::map<std::string, uint64_t> failures_;
    Snapshot begin_;
    Snapshot window_begin_;  // every stream has had its first frame; else the begin of the run
    Snapshot window_end_;    // the first stream ended; else the end of the run
};

}  // namespace

int main(int argc, char** argv) {
    try {
        rlimit limit;
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        Load load(bench::parse_load_options(argc, argv));
        return load.run() ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
}
