#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <string>

#include "net/fd.h"

namespace test {

// CapturedStderr turns standard error into a pipe for as long as it lives.
class CapturedStderr {
public:
    CapturedStderr() : saved_(::dup(STDERR_FILENO)) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return;
        reader_ = net::Fd(ends[0]);
        const net::Fd writer(ends[1]);
        // The other side must be an ordinary blocking pipe, as a log's usually is.
        ::fcntl(writer.value(), F_SETFL, 0);
        ::dup2(writer.value(), STDERR_FILENO);
    }
    ~CapturedStderr() { ::dup2(saved_.value(), STDERR_FILENO); }
    CapturedStderr(const CapturedStderr&) = delete;
    CapturedStderr& operator=(const CapturedStderr&) = delete;

    // What was written since the last call.
    std::string take() {
        std::string text;
        char bytes[4096];
        for (ssize_t count; (count = ::read(reader_.value(), bytes, sizeof bytes)) > 0;) {
            text.append(bytes, static_cast<size_t>(count));
        }
        return text;
    }

    // Fills the pipe, so that the next write would block; returns with how many bytes.
    size_t fill() {
        size_t bytes = 0;
        const std::string page(512, '#');
        while (can_take()) {
            const ssize_t count = ::write(STDERR_FILENO, page.data(), page.size());
            if (count <= 0) break;
            bytes += static_cast<size_t>(count);
        }
        return bytes;
    }

private:
    static bool can_take() {
        pollfd poll_for{STDERR_FILENO, POLLOUT, 0};
        return ::poll(&poll_for, 1, 0) == 1;
    }

    net::Fd saved_;
    net::Fd reader_;
};

}  // namespace test
