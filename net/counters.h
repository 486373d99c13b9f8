#pragma once

#include <atomic>
#include <cstdint>

namespace net {

// Counter is written by one thread and read by any. Values may lag, they never tear.
class Counter {
public:
    void add(uint64_t amount = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    void subtract(uint64_t amount = 1) { add(~amount + 1); }
    uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<uint64_t> value_{0};
};

// What one worker counts of its client connections, since start unless said otherwise.
struct Counters {
    Counter connections_open;  // now
    Counter connections_accepted;
    Counter connections_shed;
    Counter accept_errors;
    Counter bytes_received;
    Counter bytes_sent;
    Counter requests_refused;  // malformed or over a limit, before there was a request
    Counter requests_cut;      // the client left before its request was whole
    Counter clients_gone;      // the client left in the middle of an exchange
    Counter head_timeouts;
    Counter body_timeouts;
    Counter idle_timeouts;
    Counter write_stalls;
};

}  // namespace net
