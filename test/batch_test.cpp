#include "net/batch.h"

#include <doctest.h>

#include <vector>

namespace {

struct Desk;

struct Letter {
    Desk* desk = nullptr;
    int number = 0;
    bool is_answered = false;
};

struct Desk {
    net::ReadyList ready;
    net::Batch<Letter> batch{ready, [](const Letter& letter) { letter.desk->read(letter); }};
    std::vector<int> done;

    void add(int number, bool is_answered = false) { batch.add({this, number, is_answered}); }
    void read(const Letter& letter) {
        done.push_back(letter.number);
        if (letter.is_answered) add(letter.number + 100);
    }
};

class Witness final : public net::Task {
public:
    using Task::set_urgent;

    explicit Witness(Desk& desk) : desk_(desk) {}
    void pump() override { desk_.done.push_back(-1); }

private:
    Desk& desk_;
};

}  // namespace

TEST_CASE("Batch does its steps in the order of adding, once each") {
    Desk desk;
    CHECK(desk.batch.is_empty());
    desk.add(1);
    desk.add(2);
    desk.add(3);
    CHECK_FALSE(desk.batch.is_empty());
    CHECK(desk.done.empty());
    desk.batch.flush();
    CHECK(desk.done == std::vector<int>{1, 2, 3});
    CHECK(desk.batch.is_empty());
    desk.batch.flush();
    CHECK(desk.done.size() == 3);
}

TEST_CASE("Batch has its turn before those who are posted after the first adding") {
    Desk desk;
    Witness witness(desk);
    desk.add(1);
    desk.ready.post(witness);
    desk.add(2);
    desk.ready.pump_all();
    CHECK(desk.done == std::vector<int>{1, 2, -1});
    CHECK(desk.ready.empty());
    desk.add(3);
    CHECK_FALSE(desk.ready.empty());
    desk.ready.pump_all();
    CHECK(desk.done.back() == 3);
}

TEST_CASE("Batch has its turn before an urgent task that is posted after the first adding") {
    Desk desk;
    Witness witness(desk);
    witness.set_urgent(true);
    desk.add(1);
    desk.ready.post(witness);
    desk.ready.pump_all();
    CHECK(desk.done == std::vector<int>{1, -1});
}

TEST_CASE("Batch is full of seven, all of which may add to it again") {
    Desk desk;
    for (int i = 0; i < 7; ++i) {
        CHECK_FALSE(desk.batch.is_full());
        desk.add(i, true);
    }
    CHECK(desk.batch.is_full());
    desk.batch.flush();
    CHECK(desk.done == std::vector<int>{0, 1, 2, 3, 4, 5, 6});
    CHECK(desk.batch.is_full());
    desk.ready.pump_all();
    CHECK(desk.done.size() == 14);
    CHECK(desk.done.back() == 106);
    CHECK(desk.ready.empty());
}
