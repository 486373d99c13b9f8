#include "net/doorbell.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

#include "net/event_loop.h"

namespace net {

// The watch is edge-triggered: every write to the eventfd is reported once, though nobody reads it.
class Doorbell::Watch final : public Watcher {
public:
    Watch(EventLoop& loop, Task& task)
        : loop_(loop), task_(task), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!event_.is_open() || !loop.watch(event_.value(), *this)) {
            throw std::system_error(errno, std::generic_category(), "eventfd");
        }
    }

    void mark(uint32_t events) override {
        if (events & EPOLLIN) loop_.ready().post(task_);
    }

    void ring() const { ::eventfd_write(event_.value(), 1); }

private:
    EventLoop& loop_;
    Task& task_;
    Fd event_;
};

Doorbell::Doorbell(EventLoop& loop, Task& task) : watch_(std::make_unique<Watch>(loop, task)) {}

Doorbell::~Doorbell() = default;

void Doorbell::ring() const {
    watch_->ring();
}

}  // namespace net
