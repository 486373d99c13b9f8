#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "core/echo_backend.h"
#include "core/options.h"
#include "core/router.h"
#include "net/server.h"
#include "net/signals.h"

namespace {

using core::Options;

// What all workers share, read-only once they run.
struct Shared {
    const Options& options;
    const core::ApiKeys keys;
    const int64_t started;  // Unix seconds
    std::vector<const core::WorkerCounters*> counters;
};

// One event loop and all that lives on it, in the order of who needs whom.
class Worker final : public net::StopFlag::Target {
public:
    Worker(const Shared& shared, net::Fd socket, const net::Limits& limits)
        : options_(shared.options),
          log_(loop_.timers(), shared.options.log_level, shared.options.log_format),
          backend_(loop_.timers(), shared.options.echo, model_name(shared.options), shared.started),
          services_{loop_.timers(), shared.options.core, counters_.core, log_},
          router_({shared.keys, backend_, services_, counters_.core, shared.counters}),
          server_(loop_, router_, std::move(socket), limits, counters_.net, log_,
                  core::shed_response()),
          stop_(loop_, *this) {}

    void run() { loop_.run(); }
    void stop() { stop_.raise(); }  // from any thread
    bool was_cut() const { return server_.was_cut(); }
    const core::WorkerCounters& counters() const { return counters_; }

private:
    static std::string model_name(const Options& options) {
        return options.model_name.empty() ? "echo" : options.model_name;
    }

    void stop_requested() override {
        router_.drain();
        server_.drain(options_.core.drain_timeout);
    }

    const Options& options_;
    core::WorkerCounters counters_;
    net::EventLoop loop_;
    net::Log log_;
    core::EchoBackend backend_;
    core::ChatServices services_;
    core::Router router_;
    net::Server server_;
    net::StopFlag stop_;
};

uint32_t core_count() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
    return static_cast<uint32_t>(std::max(1, CPU_COUNT(&cores)));
}

// Raises the descriptor limit as far as it goes and returns how many connections it allows.
uint32_t connections_allowed() {
    constexpr rlim_t reserved = 64;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024 - reserved;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t allowed = limit.rlim_cur > 2 * reserved ? limit.rlim_cur - reserved : reserved;
    return static_cast<uint32_t>(std::min<rlim_t>(allowed, 1'000'000));
}

void announce(const Options& options, const net::Endpoint& endpoint) {
    if (!endpoint.is_loopback() && options.api_keys.empty()) {
        std::fprintf(stderr,
                     "warning: %s is reachable from other machines and no API key is set: anyone "
                     "there can use this server and its account (see --api-key)\n",
                     endpoint.text().c_str());
    }
    std::printf("listening on http://%s (backend %s)\n", endpoint.text().c_str(),
                options.backend.c_str());
    std::fflush(stdout);
}

// Waits until all workers are done. The first signal stops them, the second ends the program.
void supervise(int signals, int done, std::vector<std::unique_ptr<Worker>>& workers) {
    bool is_stopping = false;
    for (eventfd_t finished = 0; finished < workers.size();) {
        pollfd events[] = {{signals, POLLIN, 0}, {done, POLLIN, 0}};
        if (::poll(events, 2, -1) < 0) continue;
        if (events[0].revents & POLLIN) {
            if (is_stopping) ::_exit(1);
            signalfd_siginfo ignored;
            if (::read(signals, &ignored, sizeof ignored) < 0) continue;
            is_stopping = true;
            for (const auto& worker : workers) worker->stop();
        }
        eventfd_t count = 0;
        if ((events[1].revents & POLLIN) && ::eventfd_read(done, &count) == 0) finished += count;
    }
}

// Large blocks go back to the system when they are freed. By default glibc stops doing so after it
// has seen a few, and one large request would be paid for ever after.
void give_memory_back() {
    constexpr int large_bytes = 256 * 1024;
    ::mallopt(M_MMAP_THRESHOLD, large_bytes);
    ::mallopt(M_TRIM_THRESHOLD, 2 * large_bytes);
}

int serve(const Options& options) {
    give_memory_back();
    const net::Fd signals = net::take_signals();
    const net::Fd done(::eventfd(0, EFD_CLOEXEC));
    const uint32_t count = options.workers == 0 ? core_count() : options.workers;
    const uint32_t allowed = connections_allowed();
    const uint32_t wanted = options.connections_max == 0 ? allowed : options.connections_max;
    net::Limits limits = options.net;
    limits.connections_max = std::max(1u, std::min(wanted, allowed) / count);

    const net::Endpoint endpoint = net::probe(net::Endpoint::of(options.host, options.port));
    Shared shared{options, core::ApiKeys(options.api_keys), ::time(nullptr), {}};
    shared.counters.reserve(count);
    std::vector<std::unique_ptr<Worker>> workers;
    for (uint32_t i = 0; i < count; ++i) {
        net::Fd socket = net::listen_on(endpoint, limits.listen_backlog);
        workers.push_back(std::make_unique<Worker>(shared, std::move(socket), limits));
    }
    for (const auto& worker : workers) shared.counters.push_back(&worker->counters());
    announce(options, endpoint);

    std::vector<std::thread> threads;
    for (const auto& worker : workers) {
        threads.emplace_back([&] {
            worker->run();
            ::eventfd_write(done.value(), 1);
        });
    }
    supervise(signals.value(), done.value(), workers);
    for (std::thread& thread : threads) thread.join();
    return std::any_of(workers.begin(), workers.end(),
                       [](const auto& worker) { return worker->was_cut(); })
               ? 1
               : 0;
}

}  // namespace

int main(int argc, char** argv) try {
    const Options options = Options::read(argc, argv);
    switch (options.command) {
        case Options::Command::help:
            std::fputs(core::help_text().c_str(), stdout);
            return 0;
        case Options::Command::version:
            std::puts(core::version_text);
            return 0;
        case Options::Command::serve:
            return serve(options);
    }
} catch (const core::UsageError& error) {
    std::fprintf(stderr, "amazon-q-server: %s\n", error.what());
    return 2;
} catch (const std::exception& error) {
    std::fprintf(stderr, "amazon-q-server: %s\n", error.what());
    return 1;
}
