#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "net/counters.h"

namespace core {

// The routes, as they are counted.
enum class Route : uint8_t { chat, models, model, health, metrics, preflight, other };
constexpr size_t route_count = 7;

// Histogram counts durations in buckets of a fixed ladder.
class Histogram {
public:
    struct Bound {
        std::chrono::microseconds duration;
        std::string_view seconds;
    };
    static constexpr std::array<Bound, 14> bounds = {
        {{std::chrono::microseconds(1'000), "0.001"},
         {std::chrono::microseconds(2'500), "0.0025"},
         {std::chrono::microseconds(5'000), "0.005"},
         {std::chrono::microseconds(10'000), "0.01"},
         {std::chrono::microseconds(25'000), "0.025"},
         {std::chrono::microseconds(50'000), "0.05"},
         {std::chrono::microseconds(100'000), "0.1"},
         {std::chrono::microseconds(250'000), "0.25"},
         {std::chrono::microseconds(500'000), "0.5"},
         {std::chrono::microseconds(1'000'000), "1"},
         {std::chrono::microseconds(2'500'000), "2.5"},
         {std::chrono::microseconds(5'000'000), "5"},
         {std::chrono::microseconds(15'000'000), "15"},
         {std::chrono::microseconds(60'000'000), "60"}}};

    void observe(std::chrono::nanoseconds duration) {
        size_t i = 0;
        while (i < bounds.size() && duration > bounds[i].duration) ++i;
        buckets_[i].add();
        sum_nanoseconds_.add(static_cast<uint64_t>(duration.count()));
    }

    // How many were above bounds[i - 1] and at most bounds[i].
    uint64_t count(size_t i) const { return buckets_[i].value(); }
    uint64_t sum_nanoseconds() const { return sum_nanoseconds_.value(); }

private:
    std::array<net::Counter, bounds.size() + 1> buckets_;
    net::Counter sum_nanoseconds_;
};

// Metrics is what one worker counts of its requests, since start unless said otherwise. Written by
// the worker, read by any.
struct Metrics {
    // The statuses we send; any other is counted as the last.
    static constexpr std::array<uint16_t, 24> statuses = {200, 204, 400, 401, 402, 403, 404, 405,
                                                          408, 409, 413, 414, 415, 417, 422, 429,
                                                          431, 500, 501, 502, 503, 504, 505, 0};

    // What went wrong, beyond the status.
    enum class Kind : uint8_t { refused, bad_request, unauthorized, backend, mid_stream };
    static constexpr size_t kind_count = 5;

    void count_response(Route route, uint16_t status) {
        size_t i = 0;
        while (statuses[i] != status && statuses[i] != 0) ++i;
        responses[static_cast<size_t>(route)][i].add();
    }
    void count_error(Kind kind) { errors[static_cast<size_t>(kind)].add(); }

    std::array<std::array<net::Counter, statuses.size()>, route_count> responses;
    std::array<net::Counter, kind_count> errors;
    net::Counter streams_open;  // now
    net::Counter streams;
    net::Counter frames;
    net::Counter prompt_tokens;
    net::Counter completion_tokens;
    Histogram first_token;
    Histogram duration;
};

// All that one worker counts.
struct WorkerCounters {
    net::Counters net;
    Metrics core;
};

// Appends the sum of all workers in Prometheus' text format, version 0.0.4.
void write_metrics(std::span<const WorkerCounters* const> workers, std::string_view backend,
                   std::string& out);

}  // namespace core
