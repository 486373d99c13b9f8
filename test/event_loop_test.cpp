#include "net/event_loop.h"

#include <doctest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "manual_clock.h"
#include "net/signals.h"

using net::Doomed;
using net::EventLoop;
using net::Fd;
using net::Milliseconds;
using net::Task;
using net::Timer;
using net::Watcher;
using test::ManualClock;

namespace {

struct Pair {
    Pair() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        ours = Fd(ends[0]);
        theirs = Fd(ends[1]);
    }
    void send(std::string_view bytes) const {
        REQUIRE(::send(theirs.value(), bytes.data(), bytes.size(), 0) ==
                static_cast<ssize_t>(bytes.size()));
    }

    Fd ours, theirs;
};

struct Fixture {
    void turn() { loop.run_once(net::TimePoint{}); }  // never sleeps
    void pass(Milliseconds duration) {
        ManualClock::pass(duration);
        turn();
    }

    ManualClock clock;
    EventLoop loop{ManualClock::now};
};

// Remembers what it was told, and reads everything when pumped.
struct Reader final : Watcher, Task, Doomed {
    explicit Reader(EventLoop& event_loop) : loop(event_loop) {}
    ~Reader() {
        if (gone) *gone = true;
    }

    void mark(uint32_t events) override {
        marks.push_back(events);
        loop.ready().post(*this);
    }
    void pump() override {
        ++pumps;
        char bytes[256];
        ssize_t count;
        while ((count = ::recv(pair.ours.value(), bytes, sizeof bytes, 0)) > 0) {
            received.append(bytes, static_cast<size_t>(count));
        }
        if (victim) loop.doom(*victim);
        victim = nullptr;
    }
    void reap() override { owner->reset(); }

    EventLoop& loop;
    Pair pair;
    std::vector<uint32_t> marks;
    std::string received;
    int pumps = 0;
    Reader* victim = nullptr;
    std::unique_ptr<Reader>* owner = nullptr;
    bool* gone = nullptr;
};

}  // namespace

TEST_CASE("EventLoop marks and pumps a watcher once for what came together") {
    Fixture on;
    Reader reader(on.loop);
    REQUIRE(on.loop.watch(reader.pair.ours.value(), reader));
    on.turn();
    REQUIRE(reader.marks.size() == 1);
    CHECK((reader.marks[0] & EPOLLOUT) != 0);
    CHECK((reader.marks[0] & EPOLLIN) == 0);
    reader.pair.send("ab");
    reader.pair.send("cd");
    on.turn();
    CHECK(reader.received == "abcd");
    CHECK(reader.pumps == 2);
    on.turn();
    CHECK(reader.pumps == 2);
}

TEST_CASE("EventLoop tells of a half-close and of an end") {
    Fixture on;
    Reader reader(on.loop);
    REQUIRE(on.loop.watch(reader.pair.ours.value(), reader));
    on.turn();
    ::shutdown(reader.pair.theirs.value(), SHUT_WR);
    on.turn();
    CHECK((reader.marks.back() & EPOLLRDHUP) != 0);
    CHECK((reader.marks.back() & EPOLLHUP) == 0);
    reader.pair.theirs.reset();
    on.turn();
    CHECK((reader.marks.back() & EPOLLHUP) != 0);
}

TEST_CASE("EventLoop says when the kernel does not want to watch") {
    Fixture on;
    Reader reader(on.loop);
    CHECK_FALSE(on.loop.watch(-1, reader));
    CHECK(on.loop.watch(reader.pair.ours.value(), reader));
    CHECK_FALSE(on.loop.watch(reader.pair.ours.value(), reader));
}

TEST_CASE("EventLoop expires timers by its clock, and does not sleep over work") {
    struct Alarm final : Task {
        explicit Alarm(EventLoop& loop) : timer(loop.timers(), *this) {}
        void pump() override { count += timer.take_expired() ? 1 : 0; }
        Timer timer;
        int count = 0;
    };
    Fixture on;
    Alarm alarm(on.loop);
    alarm.timer.arm(Milliseconds(10));
    on.pass(Milliseconds(9));
    CHECK(alarm.count == 0);
    on.pass(Milliseconds(1));
    CHECK(alarm.count == 1);
    // With a task on the list it must not wait, however far the deadline is.
    on.loop.ready().post(alarm);
    on.loop.run_once(net::TimePoint::max());
    on.loop.ready().yield(alarm);
    on.loop.run_once(net::TimePoint::max());
    CHECK(alarm.count == 1);
}

TEST_CASE("EventLoop's time stands still within an iteration") {
    struct Watch final : Task {
        explicit Watch(EventLoop& event_loop) : loop(event_loop) {}
        void pump() override {
            ManualClock::pass(Milliseconds(5));
            seen.push_back(loop.timers().now());
        }
        EventLoop& loop;
        std::vector<net::TimePoint> seen;
    };
    Fixture on;
    Watch a(on.loop), b(on.loop);
    on.loop.ready().post(a);
    on.loop.ready().post(b);
    on.turn();
    CHECK(a.seen == b.seen);
    CHECK(a.seen[0] == ManualClock::beginning);
}

TEST_CASE("EventLoop destroys at the end of the iteration what was doomed in it") {
    Fixture on;
    bool is_gone = false;
    auto victim = std::make_unique<Reader>(on.loop);
    victim->owner = &victim;
    victim->gone = &is_gone;
    REQUIRE(on.loop.watch(victim->pair.ours.value(), *victim));
    Reader killer(on.loop);
    REQUIRE(on.loop.watch(killer.pair.ours.value(), killer));
    on.turn();

    // Both have an event in the same batch; whichever comes first, the victim is still there.
    killer.victim = victim.get();
    killer.pair.send("x");
    victim->pair.send("y");
    on.turn();
    CHECK(is_gone);
    CHECK(victim == nullptr);
    on.turn();
}

TEST_CASE("What is doomed while the loop reaps goes in the same iteration") {
    struct Chain final : Doomed {
        explicit Chain(EventLoop& event_loop) : loop(event_loop) {}
        void reap() override {
            ++reaped;
            if (next) loop.doom(*next);
        }
        EventLoop& loop;
        Chain* next = nullptr;
        int reaped = 0;
    };
    Fixture on;
    std::vector<Chain> chain(40, Chain(on.loop));
    for (size_t i = 0; i + 1 < chain.size(); ++i) chain[i].next = &chain[i + 1];
    on.loop.doom(chain[0]);
    on.turn();
    for (const Chain& link : chain) CHECK(link.reaped == 1);
}

TEST_CASE("EventLoop pumps what was woken in the same iteration, and later what goes on") {
    struct Link final : Task {
        explicit Link(EventLoop& event_loop) : loop(event_loop) {}
        void pump() override {
            ++pumps;
            if (next) loop.ready().post(*next);
            loop.ready().yield(*this);
        }
        EventLoop& loop;
        Link* next = nullptr;
        int pumps = 0;
    };
    struct Busy final : Task {
        explicit Busy(EventLoop& event_loop) : loop(event_loop) {}
        void pump() override {
            ++pumps;
            loop.ready().post(*this);
        }
        EventLoop& loop;
        int pumps = 0;
    };
    Fixture on;
    Link first(on.loop), second(on.loop), third(on.loop);
    first.next = &second;
    second.next = &third;
    on.loop.ready().post(first);
    on.turn();
    for (const Link* link : {&first, &second, &third}) CHECK(link->pumps == 1);
    on.turn();
    for (const Link* link : {&first, &second, &third}) CHECK(link->pumps == 2);
    // One that always has something to do does not keep the loop from its events.
    Busy busy(on.loop);
    on.loop.ready().post(busy);
    on.turn();
    CHECK(busy.pumps < 10);
}

TEST_CASE("EventLoop runs until it is stopped, and finishes that iteration") {
    struct Stopper final : Task {
        explicit Stopper(EventLoop& event_loop) : loop(event_loop) {}
        void pump() override {
            if (++pumps == 3) loop.stop();
            loop.ready().yield(*this);
        }
        EventLoop& loop;
        int pumps = 0;
    };
    Fixture on;
    Stopper stopper(on.loop);
    on.loop.ready().post(stopper);
    on.loop.run();
    CHECK(stopper.pumps == 3);
}

TEST_CASE("StopFlag reaches a loop from another thread") {
    struct Target final : net::StopFlag::Target {
        explicit Target(EventLoop& event_loop) : loop(event_loop) {}
        void stop_requested() override {
            ++requests;
            loop.stop();
        }
        EventLoop& loop;
        int requests = 0;
    };
    EventLoop loop;
    Target target(loop);
    net::StopFlag flag(loop, target);
    std::thread other([&] { flag.raise(); });
    loop.run();
    other.join();
    CHECK(target.requests == 1);
}

TEST_CASE("Fd closes what it owns, once") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    Fd reader(ends[0]);
    {
        Fd writer(ends[1]);
        Fd moved(std::move(writer));
        CHECK_FALSE(writer.is_open());  // NOLINT(bugprone-use-after-move): that is the question
        CHECK(moved.value() == ends[1]);
        Fd assigned;
        assigned = std::move(moved);
        CHECK(assigned.is_open());
    }
    char byte;
    CHECK(::read(reader.value(), &byte, 1) == 0);  // nobody holds the writing end
    reader.reset();
    CHECK_FALSE(reader.is_open());
}
