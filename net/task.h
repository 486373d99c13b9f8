#pragma once

#include <limits>

namespace net {

// How many do the same one after the other, before others do what comes next. What a request needs
// lives from its first step to its last, and malloc has seven of a size at hand.
constexpr int group_max = 7;

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

    // Whether somebody waits for something to begin: a request for being read, a client for the
    // first byte of its answer. An upload is urgent to its end, and so is an answer in one piece.
    bool is_urgent() const { return is_urgent_; }

protected:
    ~Task() = default;

    // Counts from the next post() on.
    void set_urgent(bool is_urgent) { is_urgent_ = is_urgent; }

private:
    bool is_urgent_ = false;
};

// ReadyList holds the tasks whose pump() will run in this or the next iteration: first those that
// something happened to, the urgent ones before the others, each in the order in which it did;
// then those that merely have more to do. So neither a request nor the first byte of an answer
// waits for the streams that go on.
class ReadyList {
public:
    ReadyList() {
        clear(urgent_);
        clear(woken_);
        clear(yielded_);
    }

    // Something happened. Idempotent: ten posts in an iteration cost one pump.
    void post(Task& task) { append(task.is_urgent() ? urgent_ : woken_, task); }

    // The task has had its turn and wants another one.
    void yield(Task& task) { append(yielded_, task); }

    bool empty() const { return !has_woken() && is_empty(yielded_); }

    // Pumps each task that is on the list now, but of those that yielded only the first `turns`.
    // Who yields again waits for the next call, and so does what they post, but see pump_woken().
    void pump_all(int turns = std::numeric_limits<int>::max(), int rounds = 1) {
        Anchor going;
        clear(going);
        splice(yielded_, going);
        pump_woken(rounds);
        for (; turns > 0 && !is_empty(going); --turns) pump_first(going);
        splice(yielded_, going);  // behind those that still wait for this turn
        splice(going, yielded_);
        going.next_ = nullptr;
    }

    // The same for those only that something happened to, a group at a time: whom a group has
    // woken, and whom those wake, has its turn before the next group, in up to `rounds` rounds.
    void pump_woken(int rounds) {
        Anchor urgent, others;
        clear(urgent);
        clear(others);
        splice(urgent_, urgent);
        splice(woken_, others);
        pump_groups(urgent, rounds);
        pump_groups(others, rounds);
    }

private:
    class Anchor final : public ReadyLink {};

    static void clear(ReadyLink& list) { list.next_ = list.previous_ = &list; }
    static bool is_empty(const ReadyLink& list) { return list.next_ == &list; }

    static void append(ReadyLink& list, ReadyLink& link) {
        if (link.next_) return;
        link.previous_ = list.previous_;
        link.next_ = &list;
        list.previous_->next_ = &link;
        list.previous_ = &link;
    }

    bool has_woken() const { return !is_empty(urgent_) || !is_empty(woken_); }

    // The anchor is of no use after that.
    void pump_groups(Anchor& all, int rounds) {
        while (!is_empty(all)) {
            for (int i = 0; i < group_max && !is_empty(all); ++i) pump_first(all);
            for (int round = 1; round < rounds && has_woken(); ++round) pump_round();
        }
        all.next_ = nullptr;
    }

    void pump_round() {
        Anchor round;
        clear(round);
        splice(urgent_, round);
        splice(woken_, round);
        while (!is_empty(round)) pump_first(round);
        round.next_ = nullptr;
    }

    static void pump_first(ReadyLink& list) {
        Task& task = static_cast<Task&>(*list.next_);
        task.unlink();
        task.pump();
    }

    // Moves all of `from` behind `to`.
    static void splice(ReadyLink& from, ReadyLink& to) {
        if (is_empty(from)) return;
        from.next_->previous_ = to.previous_;
        from.previous_->next_ = &to;
        to.previous_->next_ = from.next_;
        to.previous_ = from.previous_;
        clear(from);
    }

    Anchor urgent_;
    Anchor woken_;
    Anchor yielded_;
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
