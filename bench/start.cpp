// The time from starting a server to its first answer, and what it occupies when it has come to
// rest. The command must print `http://127.0.0.1:PORT`, as the server and the floor do with
// --port 0.
//
//   start COUNT COMMAND ARGUMENTS...       prints medians: start_ms, rss_kib

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "bench/process.h"

namespace {

// A child whose standard output we read; killed and reaped at the end.
class Child {
public:
    explicit Child(char** command) {
        std::array<int, 2> ends;
        if (pipe(ends.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_addclose(&actions, ends[0]);
        posix_spawn_file_actions_addclose(&actions, ends[1]);
        const int error = posix_spawnp(&pid_, command[0], &actions, nullptr, command, environ);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        output_ = ends[0];
        if (error != 0) throw std::system_error(error, std::generic_category(), command[0]);
    }
    ~Child() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        close(output_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    int pid() const { return pid_; }

    uint16_t announced_port() const {
        const std::string_view before = "http://127.0.0.1:";
        std::string text;
        std::array<char, 512> bytes;
        for (;;) {
            const size_t at = text.find(before);
            if (at != std::string::npos && text.find('\n', at) != std::string::npos) {
                return static_cast<uint16_t>(std::stoul(text.substr(at + before.size(), 5)));
            }
            const ssize_t got = read(output_, bytes.data(), bytes.size());
            if (got <= 0) throw std::runtime_error("the server announced no port");
            text.append(bytes.data(), static_cast<size_t>(got));
        }
    }

private:
    pid_t pid_ = -1;
    int output_ = -1;
};

void expect_answer(uint16_t port) {
    const std::string_view request = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    std::array<char, 512> bytes;
    ssize_t got = -1;
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
        got = recv(fd, bytes.data(), bytes.size(), 0);
    }
    close(fd);
    if (got < 12 || !std::string_view(bytes.data(), 12).ends_with("200")) {
        throw std::runtime_error("the server did not answer 200 to GET /health");
    }
}

// What a server puts off until after its first answers is done by then.
constexpr std::chrono::milliseconds until_rest(50);

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    const int count = argc > 2 ? std::atoi(argv[1]) : 0;
    if (count <= 0) {
        std::fputs("usage: start COUNT COMMAND ARGUMENTS...\n", stderr);
        return 2;
    }
    alarm(60);
    std::vector<double> start_ms;
    std::vector<double> rss_kib;
    try {
        for (int i = 0; i < count; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            const Child child(argv + 2);
            expect_answer(child.announced_port());
            const std::chrono::duration<double, std::milli> took =
                std::chrono::steady_clock::now() - begin;
            start_ms.push_back(took.count());
            std::this_thread::sleep_for(until_rest);
            rss_kib.push_back(static_cast<double>(bench::memory_kib(child.pid(), "Rss:")));
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    std::printf("start_ms %.3f\nrss_kib %.0f\n", median(start_ms), median(rss_kib));
}
