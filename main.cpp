#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "core/account_thread.h"
#include "core/amazon_q_backend.h"
#include "core/commands.h"
#include "core/echo_backend.h"
#include "core/options.h"
#include "core/router.h"
#include "net/http_client.h"
#include "net/process.h"
#include "net/random.h"
#include "net/server.h"
#include "net/signals.h"
#include "net/supervisor.h"
#include "net/upstream_setup.h"

namespace {

using core::Options;

net::UpstreamSetup upstream_setup(const Options& options) {
    return net::UpstreamSetup::make(options.amazon_q.needs_tls(), options.amazon_q.ca_file);
}

// How Amazon Q is reached, by all workers.
struct AmazonQ {
    explicit AmazonQ(const Options& options)
        : upstreams(upstream_setup(options)),
          account(options.amazon_q, upstreams, options.log_level, options.log_format) {}

    const net::UpstreamSetup upstreams;
    core::AccountThread account;
};

// What all workers share, read-only once they run.
struct Shared {
    const Options& options;
    const core::ApiKeys keys;
    const int64_t started;    // Unix seconds
    AmazonQ* const amazon_q;  // null: the backend is echo
    std::vector<const core::WorkerCounters*> counters;
};

// A worker's way to Amazon Q.
struct AmazonQPart {
    AmazonQPart(const Shared& shared, net::EventLoop& loop, net::Log& log)
        : view(shared.amazon_q->account.account(), loop),
          client(loop, shared.amazon_q->upstreams.limits, shared.amazon_q->upstreams.proxies,
                 shared.amazon_q->upstreams.tls.get()),
          services{shared.options.amazon_q, view, client, loop.timers(), log},
          backend(services, view, shared.options.model_name, shared.started) {}

    core::AccountView view;
    net::PooledHttpClient client;
    core::AmazonQServices services;
    core::AmazonQBackend backend;
};

// One event loop and all that lives on it, in the order of who needs whom.
class Worker final : public net::StopFlag::Target {
public:
    Worker(const Shared& shared, net::Fd socket, const net::Limits& limits)
        : options_(shared.options),
          log_(loop_.timers(), shared.options.log_level, shared.options.log_format),
          services_{loop_.timers(), shared.options.core, counters_.core, log_},
          router_({shared.keys, make_backend(shared), services_, counters_.core, shared.counters}),
          server_(loop_, router_, std::move(socket), limits, counters_.net, log_, shed_answer()),
          stop_(loop_, *this) {}

    net::EventLoop& loop() { return loop_; }
    void run() { loop_.run(); }
    void stop() { stop_.raise(); }  // from any thread
    bool was_cut() const { return server_.was_cut(); }
    const core::WorkerCounters& counters() const { return counters_; }

private:
    core::Backend& make_backend(const Shared& shared) {
        if (shared.amazon_q) return amazon_q_.emplace(shared, loop_, log_).backend;
        const std::string& name = shared.options.model_name;
        return echo_.emplace(loop_.timers(), shared.options.echo, name.empty() ? "echo" : name,
                             shared.started);
    }

    static net::Server::ShedAnswer shed_answer() {
        core::Answer answer = core::shed_answer();
        return {std::move(answer.fields), std::move(answer.body)};
    }

    void stop_requested() override {
        router_.drain();
        server_.drain(options_.core.drain_timeout);
    }

    const Options& options_;
    core::WorkerCounters counters_;
    net::EventLoop loop_;
    net::Log log_;
    std::optional<AmazonQPart> amazon_q_;
    std::optional<core::EchoBackend> echo_;
    core::ChatServices services_;
    core::Router router_;
    net::Server server_;
    net::StopFlag stop_;
};

class Workers final : public net::Supervisor::Target {
public:
    void stop_workers() override {
        for (const auto& worker : all) worker->stop();
    }

    std::vector<std::unique_ptr<Worker>> all;
};

// The other workers' threads, stopped and joined however it ends.
struct Threads {
    explicit Threads(Workers& all_workers) : workers(all_workers) {}
    ~Threads() {
        workers.stop_workers();
        for (std::thread& thread : running) thread.join();
    }

    Workers& workers;
    std::vector<std::thread> running;
};

// Starts the account's thread a moment after the workers: its first steps take .2 ms, and on a
// single core they would stand before the first answers.
class AccountStart final : public net::Task {
public:
    AccountStart(net::EventLoop& loop, core::AccountThread& account)
        : account_(account), timer_(loop.timers(), *this) {
        timer_.arm(net::Milliseconds(2));
    }
    void pump() override {
        if (timer_.take_expired()) account_.start();
    }

private:
    core::AccountThread& account_;
    net::Timer timer_;
};

// The first worker runs on this thread. Until the last one has stopped.
void run(Workers& workers, net::Supervisor& supervisor, AmazonQ* amazon_q) {
    Worker& first = *workers.all.front();
    supervisor.attend(first.loop());
    Threads threads(workers);
    for (const auto& worker : std::span(workers.all).subspan(1)) {
        threads.running.emplace_back([&supervisor, &worker] {
            worker->run();
            supervisor.worker_done();
        });
    }
    std::optional<AccountStart> account_start;
    if (amazon_q) account_start.emplace(first.loop(), amazon_q->account);
    first.run();
    supervisor.wait(threads.running.size());
}

void announce(const Options& options, const net::Endpoint& endpoint) {
    if (!endpoint.is_loopback() && options.api_keys.empty()) {
        std::fprintf(stderr,
                     "warning: %s is reachable from other machines and no API key is set: anyone "
                     "there can use this server and its account (see --api-key)\n",
                     endpoint.text().c_str());
    }
    const std::string line =
        "listening on http://" + endpoint.text() + " (backend " + options.backend + ")\n";
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
}

// Connections each worker may have: with upstreams half of the descriptors are for those.
uint32_t connections_each(const Options& options, uint32_t workers, bool has_upstreams) {
    const uint32_t allowed = net::raise_descriptor_limit(workers) / (has_upstreams ? 2 : 1);
    const uint32_t wanted = options.connections_max == 0 ? allowed : options.connections_max;
    return std::max(1u, std::min(wanted, allowed) / workers);
}

int serve(const Options& options) {
    net::give_memory_back();
    const bool has_upstreams = options.backend == "amazon-q";
    const uint32_t count = options.workers == 0 ? net::core_count() : options.workers;
    net::Limits limits = options.net;
    limits.connections_max = connections_each(options, count, has_upstreams);
    // A thread that is alone waits for nobody when the table grows.
    const bool is_alone = count == 1 && !has_upstreams;
    const uint32_t descriptors = limits.connections_max * count * (has_upstreams ? 2 : 1);
    if (!is_alone) net::reserve_descriptors(descriptors);

    net::Endpoint endpoint = net::Endpoint::of(options.host, options.port);
    std::vector<net::Fd> sockets = net::listen_on(endpoint, count, limits.listen_backlog);
    std::optional<AmazonQ> amazon_q;
    if (has_upstreams) amazon_q.emplace(options);
    Shared shared{options,
                  core::ApiKeys(options.api_keys),
                  ::time(nullptr),
                  amazon_q ? &*amazon_q : nullptr,
                  {}};
    Workers workers;
    for (net::Fd& socket : sockets) {
        workers.all.push_back(std::make_unique<Worker>(shared, std::move(socket), limits));
    }
    for (const auto& worker : workers.all) shared.counters.push_back(&worker->counters());
    net::Supervisor supervisor(workers);
    announce(options, endpoint);

    run(workers, supervisor, amazon_q ? &*amazon_q : nullptr);
    const bool was_cut = std::any_of(workers.all.begin(), workers.all.end(),
                                     [](const auto& worker) { return worker->was_cut(); });
    return was_cut ? 1 : 0;
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
        case Options::Command::login:
            return core::run_login(options.amazon_q, upstream_setup(options));
        case Options::Command::logout:
            return core::run_logout(options.amazon_q);
        case Options::Command::status:
            return core::run_status(options.amazon_q, upstream_setup(options));
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
