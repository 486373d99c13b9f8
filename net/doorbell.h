#pragma once

#include <memory>

#include "net/task.h"

namespace net {

class EventLoop;

// Doorbell posts a task of one event loop from any other thread. Several rings before the loop
// looks are one.
class Doorbell {
public:
    // Both must outlive the doorbell. Throws std::system_error.
    Doorbell(EventLoop& loop, Task& task);
    ~Doorbell();

    // From any thread. What was written before is seen by the task if a lock or an atomic guards
    // it. Never blocks.
    void ring() const;

private:
    class Watch;

    std::unique_ptr<Watch> watch_;
};

}  // namespace net
