#include "net/counters.h"

#include <doctest.h>

#include <thread>

#include "net/hex.h"
#include "net/random.h"

using net::Counter;

TEST_CASE("Counter adds and subtracts") {
    Counter counter;
    CHECK(counter.value() == 0);
    counter.add();
    counter.add(41);
    CHECK(counter.value() == 42);
    counter.subtract();
    counter.subtract(40);
    CHECK(counter.value() == 1);
    counter.subtract();
    CHECK(counter.value() == 0);
}

TEST_CASE("Counter may be read while another thread writes it") {
    Counter counter;
    std::thread writer([&] {
        for (int i = 0; i < 100'000; ++i) counter.add();
    });
    uint64_t last = 0;
    while (last < 100'000) {
        const uint64_t value = counter.value();
        REQUIRE(value >= last);
        last = value;
    }
    writer.join();
}

TEST_CASE("scatter gives different ids to different counters") {
    CHECK(net::scatter(1) != net::scatter(2));
    // A change of the lowest bit changes about half of all bits.
    int changed = 0;
    for (uint64_t i = 0; i < 64; ++i) {
        changed += __builtin_popcountll(net::scatter(2 * i) ^ net::scatter(2 * i + 1));
    }
    CHECK(changed > 64 * 24);
    CHECK(changed < 64 * 40);
}

TEST_CASE("write_hex writes sixteen digits") {
    char text[16];
    net::write_hex(0x0123456789ABCDEF, text);
    CHECK(std::string_view(text, 16) == "0123456789abcdef");
    net::write_hex(0, text);
    CHECK(std::string_view(text, 16) == "0000000000000000");
}

TEST_CASE("random_seed does not repeat itself") {
    CHECK(net::random_seed() != net::random_seed());
}
