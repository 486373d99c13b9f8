#include "net/task.h"

#include <doctest.h>

#include <deque>
#include <memory>
#include <vector>

using net::ReadyList;
using net::Task;

namespace {

// Notes that it was pumped, then does what the test wants.
struct Note final : Task {
    Note(std::vector<int>& pumped_list, int own_name) : pumped(pumped_list), name(own_name) {}

    using Task::set_urgent;

    void pump() override {
        pumped.push_back(name);
        if (posts) ready->post(*posts);
        if (destroys) destroys->reset();
    }

    std::vector<int>& pumped;
    int name;
    ReadyList* ready = nullptr;
    Task* posts = nullptr;
    std::unique_ptr<Note>* destroys = nullptr;
};

}  // namespace

TEST_CASE("ReadyList pumps each task once, in the order of posting") {
    ReadyList ready;
    std::vector<int> pumped;
    Note a(pumped, 1), b(pumped, 2), c(pumped, 3);
    CHECK(ready.empty());
    for (Note* note : {&b, &a, &c, &b, &a}) ready.post(*note);
    CHECK_FALSE(ready.empty());
    ready.pump_all();
    CHECK(pumped == std::vector{2, 1, 3});
    CHECK(ready.empty());
    ready.pump_all();
    CHECK(pumped.size() == 3);
}

TEST_CASE("What a task posts waits for the next round, also the task itself") {
    ReadyList ready;
    std::vector<int> pumped;
    Note a(pumped, 1), b(pumped, 2);
    a.ready = &ready;
    a.posts = &a;
    ready.post(a);
    ready.post(b);
    ready.pump_all();
    CHECK(pumped == std::vector{1, 2});
    ready.pump_all();
    CHECK(pumped == std::vector{1, 2, 1});
    a.posts = &b;
    ready.pump_all();
    CHECK(pumped == std::vector{1, 2, 1, 1});
    ready.pump_all();
    CHECK(pumped == std::vector{1, 2, 1, 1, 2});
    CHECK(ready.empty());
}

TEST_CASE("A task may post one that is still to come in this round, at no cost") {
    ReadyList ready;
    std::vector<int> pumped;
    Note a(pumped, 1), b(pumped, 2);
    a.ready = &ready;
    a.posts = &b;
    ready.post(a);
    ready.post(b);
    ready.pump_all();
    CHECK(pumped == std::vector{1, 2});
    CHECK(ready.empty());
}

TEST_CASE("A task leaves the list when it is destroyed, whoever destroys it") {
    ReadyList ready;
    std::vector<int> pumped;
    auto victim = std::make_unique<Note>(pumped, 2);
    Note killer(pumped, 1), last(pumped, 3);
    killer.destroys = &victim;
    ready.post(killer);
    ready.post(*victim);
    ready.post(last);
    ready.pump_all();
    CHECK(pumped == std::vector{1, 3});

    auto suicide = std::make_unique<Note>(pumped, 4);
    suicide->ready = &ready;
    suicide->posts = suicide.get();
    suicide->destroys = &suicide;
    ready.post(*suicide);
    ready.pump_all();
    CHECK(ready.empty());
}

TEST_CASE("A list may go before the tasks on it") {
    std::vector<int> pumped;
    Note a(pumped, 1), b(pumped, 2);
    {
        ReadyList ready;
        ready.post(a);
        ready.post(b);
    }
    CHECK(pumped.empty());
}

TEST_CASE("Wakeup posts its task") {
    ReadyList ready;
    std::vector<int> pumped;
    Note a(pumped, 1);
    const net::Wakeup wakeup(ready, a);
    wakeup.wake();
    wakeup.wake();
    CHECK(&wakeup.task() == &a);
    ready.pump_all();
    CHECK(pumped == std::vector{1});
}

TEST_CASE("Who yields is pumped after whoever was posted, in the order of yielding") {
    ReadyList ready;
    std::vector<int> pumped;
    Note a(pumped, 1), b(pumped, 2), c(pumped, 3), d(pumped, 4);
    ready.yield(a);
    ready.yield(b);
    ready.post(c);
    ready.post(d);
    ready.post(a);  // is on the list already, and stays where it is
    CHECK_FALSE(ready.empty());
    ready.pump_all();
    CHECK(pumped == std::vector{3, 4, 1, 2});
    CHECK(ready.empty());
}

TEST_CASE("Who is urgent is pumped before whoever else was posted, and so is whom that wakes") {
    ReadyList ready;
    std::vector<int> pumped;
    Note a(pumped, 1), b(pumped, 2), c(pumped, 3), d(pumped, 4), follower(pumped, 5);
    c.set_urgent(true);
    d.set_urgent(true);
    c.ready = &ready;
    c.posts = &follower;
    ready.yield(b);
    for (Note* note : {&a, &d, &c}) ready.post(*note);
    SUBCASE("in the order of posting") {
        ready.pump_all(16, 2);
        CHECK(pumped == std::vector{4, 3, 5, 1, 2});
    }
    SUBCASE("also where a round wakes both kinds") {
        follower.set_urgent(true);
        a.ready = &ready;
        d.ready = &ready;
        Note late(pumped, 6);
        d.posts = &late;
        ready.pump_all(16, 2);
        CHECK(pumped == std::vector{4, 3, 5, 6, 1, 2});
    }
    SUBCASE("but not twice before the others have had their turn") {
        c.posts = &c;
        ready.pump_woken(1);
        CHECK(pumped == std::vector{4, 3, 1});
        c.posts = nullptr;
    }
    SUBCASE("which counts from its next posting on") {
        c.set_urgent(false);
        a.set_urgent(true);
        ready.pump_woken(1);
        CHECK(pumped == std::vector{4, 3, 1});
        for (Note* note : {&c, &a}) ready.post(*note);
        ready.pump_woken(1);
        CHECK(pumped == std::vector{4, 3, 1, 1, 5, 3});
    }
    ready.pump_all();
    CHECK(ready.empty());
}

TEST_CASE("Of those that have yielded as many are pumped as there are turns for, in turn") {
    struct Going final : Task {
        Going(ReadyList& list, std::vector<int>& all, int own) : ready(list), pumped(all), id(own) {
            ready.yield(*this);
        }
        void pump() override {
            pumped.push_back(id);
            ready.yield(*this);
        }
        ReadyList& ready;
        std::vector<int>& pumped;
        int id;
    };
    ReadyList ready;
    std::vector<int> pumped;
    Note woken(pumped, 9);
    {
        Going a(ready, pumped, 1), b(ready, pumped, 2), c(ready, pumped, 3);
        ready.pump_all(2);
        CHECK(pumped == std::vector{1, 2});
        ready.post(woken);
        ready.pump_all(2);
        CHECK(pumped == std::vector{1, 2, 9, 3, 1});
        ready.pump_all(16);  // nobody twice
        CHECK(pumped == std::vector{1, 2, 9, 3, 1, 2, 3, 1});
        ready.pump_all(0);
        CHECK(pumped.size() == 8);
    }
    CHECK(ready.empty());
}

TEST_CASE("Whom a group of seven has woken is pumped before the next group") {
    ReadyList ready;
    std::vector<int> pumped;
    Note follower(pumped, 100), second(pumped, 200);
    follower.ready = &ready;
    follower.posts = &second;
    std::deque<Note> notes;
    for (int i = 0; i < 9; ++i) ready.post(notes.emplace_back(pumped, i));
    notes[2].ready = &ready;
    notes[2].posts = &follower;
    SUBCASE("and whom those wake, as many rounds as asked for") {
        ready.pump_woken(3);
        CHECK(pumped == std::vector{0, 1, 2, 3, 4, 5, 6, 100, 200, 7, 8});
    }
    SUBCASE("else after all") {
        ready.pump_woken(2);
        CHECK(pumped == std::vector{0, 1, 2, 3, 4, 5, 6, 100, 7, 8, 200});
    }
    SUBCASE("or waits for the next call") {
        ready.pump_woken(1);
        CHECK(pumped == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8});
        ready.pump_woken(1);
        CHECK(pumped.back() == 100);
    }
}
