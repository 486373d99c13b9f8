#include "net/process.h"

#include <doctest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "net/event_loop.h"

namespace {

// The size of the kernel's table of descriptors.
uint32_t table_size() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("FDSize:")) return static_cast<uint32_t>(std::stoul(line.substr(7)));
    }
    return 0;
}

// From now on this process runs on a kernel without epoll_pwait2.
bool forget_epoll_pwait2() {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter = {4, program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

struct Bell final : net::Task {
    void pump() override { rung = timer->take_expired(); }

    net::Timer* timer = nullptr;
    bool rung = false;
};

// Whether a timer of 20 ms runs out in time: 0 when it does.
int run_timer() {
    net::EventLoop loop;
    Bell bell;
    net::Timer timer(loop.timers(), bell);
    bell.timer = &timer;
    const auto begun = std::chrono::steady_clock::now();
    timer.arm(net::Milliseconds(20));
    for (int turns = 0; !bell.rung && turns < 10; ++turns) {
        loop.run_once(begun + net::Milliseconds(2000));
    }
    const auto took = std::chrono::steady_clock::now() - begun;
    return bell.rung && took >= net::Milliseconds(20) && took < net::Milliseconds(1000) ? 0 : 1;
}

TEST_CASE("process: the table of descriptors has room for the connections before they come") {
    const uint32_t connections = table_size() + 1;
    net::raise_descriptor_limit(1);
    net::reserve_descriptors(connections);
    CHECK(table_size() >= connections);
}

TEST_CASE("process: timers run on a kernel that knows only milliseconds") {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(forget_epoll_pwait2() ? run_timer() : 2);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
