#include "net/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "net/fd.h"

namespace net {
namespace {

using Clock = std::chrono::steady_clock;

// What the program is started with: only standard output leads to us, and the signals that this
// program blocks or ignores are as usual.
class Spawn {
public:
    explicit Spawn(int output) {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
        ::posix_spawn_file_actions_addopen(&files_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        sigset_t none, usual;
        ::sigemptyset(&none);
        ::sigemptyset(&usual);
        ::sigaddset(&usual, SIGPIPE);
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &usual);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;
    ~Spawn() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&files_);
    }

    // 0: it could not be started.
    pid_t start(std::span<const std::string> arguments) const {
        std::vector<char*> pointers;
        for (const std::string& argument : arguments) {
            pointers.push_back(const_cast<char*>(argument.c_str()));  // posix_spawn's type
        }
        pointers.push_back(nullptr);
        pid_t child = 0;
        const int error =
            ::posix_spawnp(&child, pointers[0], &files_, &attributes_, pointers.data(), environ);
        return error == 0 ? child : 0;
    }

private:
    posix_spawn_file_actions_t files_;
    posix_spawnattr_t attributes_;
};

// True when all of it was read in time.
bool read_until(int fd, Clock::time_point deadline, size_t bytes_max, std::string& text) {
    char piece[4096];
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd poll_for{fd, POLLIN, 0};
        const int timeout = static_cast<int>(std::max<int64_t>(left.count(), 0));
        const int ready = ::poll(&poll_for, 1, timeout);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        const ssize_t got = ::read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got == 0;
        text.append(piece, static_cast<size_t>(got));
        if (text.size() > bytes_max) return false;
    }
}

}  // namespace

CommandOutput run_command(std::span<const std::string> arguments, std::chrono::milliseconds limit,
                          size_t bytes_max) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    const Fd input(ends[0]);
    Fd output(ends[1]);
    const pid_t child = Spawn(output.value()).start(arguments);
    output.reset();
    if (child == 0) return {};
    CommandOutput result;
    result.is_whole = read_until(input.value(), Clock::now() + limit, bytes_max, result.text);
    // All that it was to write has been read, or the time is up.
    ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return result;
}

}  // namespace net
