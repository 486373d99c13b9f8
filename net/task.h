#pragma once

namespace net {

// ReadyLink is a place on a ReadyList. It leaves the list when it is destroyed.
class ReadyLink {
public:
    ReadyLink() = default;
    ReadyLink(const ReadyLink&) = delete;
    ReadyLink& operator=(const ReadyLink&) = delete;

protected:
    ~ReadyLink() { unlink(); }

private:
    friend class ReadyList;

    void unlink() {
        if (!next_) return;
        previous_->next_ = next_;
        next_->previous_ = previous_;
        next_ = previous_ = nullptr;
    }

    ReadyLink* next_ = nullptr;
    ReadyLink* previous_ = nullptr;
};

// Task is something that moves data when it is pumped. Events, timers and other tasks only post
// it; the event loop pumps it later, from one place, so that no task is ever below itself on the
// stack. The list does not own it.
class Task : public ReadyLink {
public:
    virtual void pump() = 0;

protected:
    ~Task() = default;
};

// ReadyList holds the tasks whose pump() will run in this or the next iteration, in the order in
// which they were posted.
class ReadyList {
public:
    ReadyList() { head_.next_ = head_.previous_ = &head_; }

    // Idempotent: ten posts in an iteration cost one pump.
    void post(Task& task) { append(task); }

    bool empty() const { return head_.next_ == &head_; }

    // Pumps each task that is on the list now; what they post waits for the next call.
    void pump_all() {
        append(end_of_round_);
        while (head_.next_ != &end_of_round_) {
            Task& task = static_cast<Task&>(*head_.next_);
            task.unlink();
            task.pump();
        }
        end_of_round_.unlink();
    }

private:
    class Anchor final : public ReadyLink {};

    void append(ReadyLink& link) {
        if (link.next_) return;
        link.previous_ = head_.previous_;
        link.next_ = &head_;
        head_.previous_->next_ = &link;
        head_.previous_ = &link;
    }

    Anchor head_;
    Anchor end_of_round_;
};

// Wakeup posts one task. A value; it must not be used after the task or the list is gone, which
// holds for the things a connection owns: they go before the connection does.
class Wakeup {
public:
    Wakeup(ReadyList& ready, Task& task) : ready_(&ready), task_(&task) {}
    void wake() const { ready_->post(*task_); }
    Task& task() const { return *task_; }

private:
    ReadyList* ready_;
    Task* task_;
};

}  // namespace net
