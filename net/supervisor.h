#pragma once

#include <cstddef>

#include "net/fd.h"

namespace net {

// Supervisor waits on the main thread until all workers have ended. The first SIGTERM or SIGINT
// asks them to, the second ends the program at once.
class Supervisor {
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
    Supervisor();

    // Returns when worker_done() was called `workers` times.
    void wait(size_t workers, Target& target);

    // From any thread.
    void worker_done();

private:
    Fd signals_;
    Fd done_;
};

}  // namespace net
