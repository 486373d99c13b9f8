#pragma once

#include <cstddef>
#include <cstdint>

#include "net/event_loop.h"
#include "net/fd.h"

namespace net {

// Supervisor ends a server on its main thread, which is a worker itself: then a server of one
// worker has one thread, and starts and runs the faster for it. The first SIGTERM or SIGINT asks
// the workers to end, the second ends the program at once.
class Supervisor final : private Watcher {
public:
    // Who asks the workers. Called on the main thread, once.
    class Target {
    public:
        virtual void stop_workers() = 0;

    protected:
        ~Target() = default;
    };

    // To be made before any thread: they inherit that the signals are blocked. Throws
    // std::system_error.
    explicit Supervisor(Target& target);

    // Minds the signals while the loop runs, on the main thread; both must outlive its run. Throws
    // std::system_error.
    void attend(EventLoop& loop);

    // Minds them after that. Returns when worker_done() was called `workers` times.
    void wait(size_t workers);

    // From any thread.
    void worker_done();

private:
    void mark(uint32_t events) override;
    void take_signals();

    Target& target_;
    Fd signals_;
    Fd done_;
    bool is_stopping_ = false;
};

}  // namespace net
