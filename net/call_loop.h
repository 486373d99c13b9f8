#pragma once

#include <memory>

#include "net/http_call.h"
#include "net/task.h"
#include "net/timer_wheel.h"

namespace net {

class EventLoop;
struct UpstreamSetup;

// CallLoop is an event loop with an HTTP client, for what happens beside the workers: one thread,
// whose tasks make calls. They must be gone before it.
class CallLoop {
public:
    // The setup must outlive it. Throws std::system_error.
    explicit CallLoop(const UpstreamSetup& setup);
    ~CallLoop();

    EventLoop& loop();
    ReadyList& ready();
    TimerWheel& timers();
    HttpClient& client();

    // Until stop(), which is for this thread.
    void run();
    void stop();

    // The same for a program of one thread, which SIGINT and SIGTERM end early; false: they did.
    bool run_until_signal();

private:
    class Inside;

    std::unique_ptr<Inside> inside_;
};

}  // namespace net
